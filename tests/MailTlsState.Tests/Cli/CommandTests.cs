using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MailTlsState.Cli;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Cli;

/// <summary>The command line in process: exit statuses and which stream says what.</summary>
public class CommandTests
{
    private const string Manifest = "/root/manifest.yaml";

    [Theory]
    [InlineData("nonsense")]
    [InlineData("plan")]
    [InlineData("plan", "/m.yaml", "--nonsense")]
    [InlineData("schema", "nonsense")]
    [InlineData("plan", "/m.yaml", "--format", "xml")]
    public async Task A_wrong_command_line_is_a_usage_error(params string[] arguments)
    {
        var run = await RunAsync(new InMemoryHost(), arguments);
        Assert.Equal(64, run.Status);
        Assert.Empty(run.Output);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_lists_every_error_at_once()
    {
        var host = new InMemoryHost().AddFile("/m.yaml", "apiVersion: mailtlsstate/v1\nhost: not a name\ncolour: red\npolicy:\n  base: nonsense\n");
        var run = await RunAsync(host, "validate", "/m.yaml");
        Assert.Equal(1, run.Status);
        Assert.Empty(run.Output);
        var lines = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 3, run.Error);
        Assert.All([2, 3, 5], line => Assert.Contains(lines, text => text.StartsWith($"/m.yaml:{line}:", StringComparison.Ordinal)));

        var json = await RunAsync(host, "validate", "/m.yaml", "--format", "json");
        Assert.Equal(1, json.Status);
        Assert.Equal(lines.Length, JsonDocument.Parse(json.Output).RootElement.GetArrayLength());
    }

    [Fact]
    public async Task Validate_accepts_a_good_manifest() => Assert.Equal(0, (await RunAsync(RecordedMachine.Start("stock"), "validate", Manifest)).Status);

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var run = await RunAsync(new InMemoryHost(), "plan", "/none.yaml");
        Assert.Equal(1, run.Status);
        Assert.Contains("MTS0901", run.Error, StringComparison.Ordinal);
        Assert.Contains("/none.yaml", run.Error, StringComparison.Ordinal);
        Assert.Contains("error MTS0902: a file without a name cannot be read: that is no path", (await RunAsync(new InMemoryHost(), "plan", "")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_code_can_be_explained()
    {
        foreach (var code in DiagnosticCatalogue.All)
        {
            var run = await RunAsync(new InMemoryHost(), "explain", code.Id.ToLowerInvariant());
            Assert.Equal(0, run.Status);
            Assert.StartsWith($"{code.Id}: {code.Title}\n", run.Output, StringComparison.Ordinal);
            Assert.All(run.Output.Split('\n')[1..], line => Assert.True(line.Length <= 100, line));
        }

        var unknown = await RunAsync(new InMemoryHost(), "explain", "MTS9999");
        Assert.Equal(1, unknown.Status);
        Assert.Contains("MTS0904", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policies_are_listed_explained_and_compared()
    {
        var list = await RunAsync(new InMemoryHost(), "policy");
        Assert.Equal(PolicyCatalogue.Names, list.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
        Assert.Equal(PolicyCatalogue.Names.Count, JsonDocument.Parse((await RunAsync(new InMemoryHost(), "policy", "--format", "json")).Output).RootElement.GetArrayLength());

        foreach (var policy in PolicyCatalogue.All)
        {
            var run = await RunAsync(new InMemoryHost(), "explain", "policy", policy.Name);
            Assert.StartsWith($"policy {policy.Name}\n", run.Output, StringComparison.Ordinal);
            Assert.All(run.Output.Split('\n'), line => Assert.True(line.Length <= 160, line));
            Assert.Equal(policy.Name, JsonDocument.Parse((await RunAsync(new InMemoryHost(), "explain", "policy", policy.Name, "--format", "json")).Output).RootElement.GetProperty("name").GetString());
        }

        var diff = await RunAsync(new InMemoryHost(), "policy", "diff", "intermediate", "modern");
        Assert.StartsWith("--- intermediate\n+++ modern\noldest version\n-  TLSv1.2\n+  TLSv1.3\nTLS 1.2 suites\n-  ECDHE-", diff.Output, StringComparison.Ordinal);
        Assert.Contains("key types\n-  rsa\n", diff.Output, StringComparison.Ordinal);
        Assert.Equal("intermediate and intermediate are the same.\n", (await RunAsync(new InMemoryHost(), "policy", "diff", "intermediate", "intermediate")).Output);
        var bsi = JsonDocument.Parse((await RunAsync(new InMemoryHost(), "explain", "policy", "bsi-tr-02102-2", "--format", "json")).Output).RootElement;
        Assert.Equal((3000, false, JsonValueKind.Null), (bsi.GetProperty("minimumRsaBits").GetInt32(), bsi.GetProperty("compression").GetBoolean(), bsi.GetProperty("sessionTickets").ValueKind));
        Assert.Equal("minimumProtocol", JsonDocument.Parse((await RunAsync(new InMemoryHost(), "policy", "diff", "intermediate", "modern", "--format", "json")).Output).RootElement.GetProperty("differences")[0].GetProperty("field").GetString());
        Assert.Equal(
            "error MTS0910: there is no policy called 'old'. hint: mailtls schema prints all settings, mailtls policy lists the policies\n",
            (await RunAsync(new InMemoryHost(), "policy", "diff", "intermediate", "old")).Error);
        Assert.Contains("hint: did you mean intermediate?", (await RunAsync(new InMemoryHost(), "explain", "policy", "intermediat")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_setting_can_be_explained()
    {
        foreach (var setting in ManifestSettings.All())
        {
            var run = await RunAsync(new InMemoryHost(), "explain", setting.Path);
            Assert.Equal(0, run.Status);
            Assert.StartsWith($"{setting.Path}: {setting.Title}\n", run.Output, StringComparison.Ordinal);
            Assert.Contains("  value    ", run.Output, StringComparison.Ordinal);
        }

        Assert.Contains("certificate.layout: Layout", (await RunAsync(new InMemoryHost(), "explain", "layout")).Output, StringComparison.Ordinal);
        var near = await RunAsync(new InMemoryHost(), "explain", "layot");
        Assert.Equal(1, near.Status);
        Assert.Contains("MTS0910", near.Error, StringComparison.Ordinal);
        Assert.Contains("did you mean layout?", near.Error, StringComparison.Ordinal);
        Assert.Equal("certificate.layout", JsonDocument.Parse((await RunAsync(new InMemoryHost(), "explain", "layout", "--format", "json")).Output).RootElement[0].GetProperty("path").GetString());
    }

    [Fact]
    public async Task A_saved_plan_carries_the_policy_file()
    {
        var host = RecordedMachine.Start("stock");
        var text = Encoding.UTF8.GetString(host.ReadBytes(Manifest)!);
        var own = PolicyCatalogue.Text("article").Replace("\nname: article\n", "\nname: mine\n", StringComparison.Ordinal);
        host.AddFile("/root/with-policy.yaml", Regex.Replace(text, "base: [a-z]+", "file: ./mine.yaml"));
        host.AddFile("/root/mine.yaml", own);
        Assert.Equal(0, (await RunAsync(host, "plan", "/root/with-policy.yaml", "-o", "/root/policy.plan")).Status);
        Assert.Equal(own, PlanFile.Read("policy.plan", Encoding.UTF8.GetString(host.ReadBytes("/root/policy.plan")!)).PolicyFile!.Text);

        // The file on the disk no longer counts; the one in the plan does, and its digest with it.
        host.AddFile("/root/mine.yaml", "rubbish");
        Assert.Contains("MTS0903", (await RunAsync(host, "apply", "/root/policy.plan")).Error, StringComparison.Ordinal);
        Assert.Contains("/root/mine.yaml:1:1: error MTS0122", (await RunAsync(host, "validate", "/root/with-policy.yaml")).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("manifest")]
    [InlineData("policy")]
    [InlineData("plan")]
    [InlineData("findings")]
    public async Task Each_schema_is_printed_as_published(string name)
    {
        var run = await RunAsync(new InMemoryHost(), "schema", name);
        Assert.Equal(0, run.Status);
        Assert.Equal(Schemas.Get(name), run.Output);
    }

    [Theory]
    [InlineData("stock", 2)]
    [InlineData("applied", 0)]
    public async Task A_detailed_exit_status_tells_whether_there_are_changes(string name, int status)
    {
        Assert.Equal(status, (await RunAsync(RecordedMachine.Start(name), "plan", Manifest, "--detailed-exitcode")).Status);
        Assert.Equal(0, (await RunAsync(RecordedMachine.Start(name), "plan", Manifest)).Status);
    }

    [Fact]
    public async Task A_plan_changes_nothing_but_the_file_that_it_is_saved_to()
    {
        var host = RecordedMachine.Start("stock");
        var before = StepTests.Snapshot(host);
        var saved = await RunAsync(host, "plan", Manifest, "-o", "/root/plan.json");
        Assert.Equal(0, saved.Status);
        Assert.Equal(0x180, host.Stat("/root/plan.json")!.Mode);
        Assert.Equal(["/root/plan.json"], host.Paths.Except(before.Select(line => line.Split(' ')[0])));

        var shown = await RunAsync(host, "show", "/root/plan.json", "--detailed-exitcode");
        Assert.Equal(2, shown.Status);
        Assert.Equal(saved.Output, shown.Output);
        Assert.Contains("MTS0908", (await RunAsync(host, "plan", Manifest, "-o", "/root/plan.json")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_for_another_host_says_nothing_of_this_ones_journal()
    {
        // Damaged, which is the least of what is told of a journal.
        var host = RecordedMachine.Start("stock").AddFile(Journal.PathIn(Journal.DefaultDirectory), "half a line");
        Assert.Equal(0, (await RunAsync(host, "observe", Manifest, "-o", "/root/observation.json")).Status);
        Assert.Contains("MTS0712", (await RunAsync(host, "plan", Manifest)).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("MTS0712", (await RunAsync(host, "plan", Manifest, "--observation", "/root/observation.json")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_plan_is_refused()
    {
        var run = await RunAsync(new InMemoryHost().AddFile("/p.json", "{\"format\": \"mailtlsstate/plan/v1\""), "show", "/p.json");
        Assert.Equal(1, run.Status);
        Assert.Contains("MTS0609", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_applied_without_approval()
    {
        var host = RecordedMachine.Start("stock");
        var before = StepTests.Snapshot(host);
        var absent = await RunAsync(host, "apply", Manifest);
        Assert.Equal(1, absent.Status);
        Assert.Contains("MTS0903", absent.Error, StringComparison.Ordinal);
        var refused = await CommandRun.OfAsync(host, "y\n", "apply", Manifest);
        Assert.Equal(1, refused.Status);
        Assert.Contains("MTS0903", refused.Error, StringComparison.Ordinal);
        Assert.Equal(before, StepTests.Snapshot(host));
    }

    [Fact]
    public async Task Apply_needs_root()
    {
        var host = RecordedMachine.Start("stock");
        host.Facts = host.Facts with { UserId = 1000 };
        Assert.Contains("MTS0710", (await RunAsync(host, "apply", Manifest, "--auto-approve")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_that_another_run_holds_has_its_own_exit_status()
    {
        var host = RecordedMachine.Start("stock");
        using var held = host.Lock("mailtls apply other.yaml");
        Assert.Equal(4, (await RunAsync(host, "apply", Manifest, "--auto-approve")).Status);
    }

    [Fact]
    public void A_palette_without_colour_changes_nothing()
    {
        Assert.Equal("x", new Palette(false).Good("x"));
        Assert.Equal("\e[32mx\e[0m", new Palette(true).Good("x"));
        Assert.Equal("\e[32m+x\e[0m", new Palette(true).DiffLine("+x"));
        Assert.Equal(" x", new Palette(true).DiffLine(" x"));
    }

    [Fact]
    public void Colour_follows_the_option_and_the_terminal()
    {
        Assert.Equal("\e[32mx\e[0m", Terminal.Console(ColorChoice.Always).Palette.Good("x"));
        Assert.Equal("x", Terminal.Console(ColorChoice.Never).Palette.Good("x"));
    }

    private static Task<CommandRun> RunAsync(InMemoryHost host, params string[] arguments) => CommandRun.OfAsync(host, null, arguments);
}
