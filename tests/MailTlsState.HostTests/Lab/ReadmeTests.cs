using System.Text.RegularExpressions;
using MailTlsState.HostTests.Issuers;
using Xunit;

namespace MailTlsState.HostTests.Lab;

/// <summary>Every command that a README shows is run, in its order, on a stock host with the repository as the current folder.</summary>
public sealed class ReadmeTests
{
    /// <summary>What builds or makes hosts cannot run inside one: tests/run.sh runs these itself.</summary>
    private static readonly string[] RunByRunSh = ["examples/quickstart.sh", "tests/lab/build-binary.sh", "tests/run.sh"];

    /// <summary>What a public CA sends for the request, to somebody whose system has its root.</summary>
    private static readonly string Answer =
        $"{PublicCa.Make}\n{PublicCa.Trust}\nmailtls csr /srv/mailtls/examples/purchased/manifest.yaml >mail.csr\n{PublicCa.Sign("mail.csr", "/root/mail_mydomain_com.crt")}\ncp sub.pem /root/intermediate.crt";

    public static TheoryData<string> Readmes() =>
        ["README.md", .. Directory.EnumerateFiles(Path.Combine(LabEnvironment.Repository, "examples"), "README.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(LabEnvironment.Repository, path)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Examples() =>
        [.. Directory.EnumerateDirectories(Path.Combine(LabEnvironment.Repository, "examples")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Readmes))]
    public async Task Every_command_that_it_shows_works(string readme)
    {
        // The main README installs the binary itself, from where its build command leaves it.
        var installs = readme == "README.md";
        if (installs)
        {
            Assert.Equal(Path.Combine(LabEnvironment.Repository, "artifacts", "mailtls"), LabEnvironment.Binary);
        }

        await using var host = await ThrowawayHost.StartMailHostAsync(new ThrowawayHostOptions { WithBinary = !installs, RepositoryAt = "/srv/mailtls" });
        foreach (var block in Blocks(readme, "sh"))
        {
            if (block.StartsWith("mailtls import examples/purchased", StringComparison.Ordinal))
            {
                (await host.RunAsync(Answer)).Expect(0);
            }

            var lines = block.Split('\n').Where(line => !RunByRunSh.Contains(line.Trim()));
            (await host.RunAsync("set -e\ncd /srv/mailtls\n" + string.Join('\n', lines))).Expect(0);
        }
    }

    [Fact]
    public async Task The_manifest_that_it_shows_is_valid()
    {
        await using var host = await ThrowawayHost.StartAsync();
        await host.WriteFileAsync("/root/shown.yaml", Assert.Single(Blocks("README.md", "yaml")));
        (await host.RunAsync("mailtls validate /root/shown.yaml")).Expect(0);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_is_valid_and_names_its_schema(string example)
    {
        var manifest = Path.Combine(LabEnvironment.Repository, "examples", example, "manifest.yaml");
        Assert.Equal("# yaml-language-server: $schema=../../schemas/manifest.v1.schema.json", (await File.ReadAllLinesAsync(manifest))[0]);
        await using var host = await ThrowawayHost.StartAsync(new ThrowawayHostOptions { RepositoryAt = "/srv/mailtls" });
        (await host.RunAsync($"mailtls validate /srv/mailtls/examples/{example}/manifest.yaml")).Expect(0);
    }

    [Fact]
    public async Task What_a_host_cannot_run_is_run_by_the_test_command()
    {
        var script = await File.ReadAllTextAsync(Path.Combine(LabEnvironment.Repository, "tests", "run.sh"));
        Assert.All(RunByRunSh.Where(command => command != "tests/run.sh"), command => Assert.Contains($" {command}", script, StringComparison.Ordinal));
        Assert.Contains("tests/run.sh", await File.ReadAllTextAsync(Path.Combine(LabEnvironment.Repository, ".ci", "run")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Readmes))]
    public void Its_code_blocks_are_commands_or_manifests(string readme) =>
        Assert.All(Fences(readme), fence => Assert.Contains(fence.Language, new[] { "sh", "yaml" }));

    [Theory]
    [MemberData(nameof(Readmes))]
    public void Its_links_lead_somewhere(string readme)
    {
        var folder = Path.GetDirectoryName(Path.Combine(LabEnvironment.Repository, readme))!;
        var links = Regex.Matches(Text(readme), @"\]\((?<to>[^)#]+)\)").Select(match => match.Groups["to"].Value).Where(to => !to.StartsWith("https://", StringComparison.Ordinal));
        Assert.All(links, to => Assert.True(Path.Exists(Path.Combine(folder, to)), to));
    }

    private static IEnumerable<string> Blocks(string readme, string language) =>
        Fences(readme).Where(fence => fence.Language == language).Select(fence => fence.Body);

    private static IEnumerable<(string Language, string Body)> Fences(string readme) =>
        Regex.Matches(Text(readme), "^```(?<language>[^\n]*)\n(?<body>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)
            .Select(match => (match.Groups["language"].Value, match.Groups["body"].Value));

    private static string Text(string readme) => File.ReadAllText(Path.Combine(LabEnvironment.Repository, readme));
}
