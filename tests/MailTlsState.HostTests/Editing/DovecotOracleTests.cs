using System.Globalization;
using System.Text;
using MailTlsState.HostTests.Lab;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>The tree says of every connection what <c>doveconf</c> of each version says of it, before and after an edit.</summary>
public sealed class DovecotOracleTests
{
    /// <summary>2.3.13 and 2.3.19.</summary>
    public static TheoryData<string> Releases23 => ["bullseye", "bookworm"];

    /// <summary>2.4.1, and 2.4.5 under --long.</summary>
    public static TheoryData<string> Releases24 => LabEnvironment.Long ? ["trixie", "forky"] : ["trixie"];

    private static int Cases(int usual) => LabEnvironment.Long ? usual * 50 : usual;

    [Theory]
    [MemberData(nameof(Releases23))]
    public Task Dovecot_2_3_says_what_the_tree_says_conflicts_included(string release) => DebianReleases.RunAsync(release, async () =>
    {
        var generator = new DovecotGenerator(DovecotGrammar.V23, new Random(22));
        var cases = Enumerable.Range(0, Cases(40)).Select(_ => generator.Next(nested: true)).ToList();
        var edits = cases.Select(c => Without(c, "login_greeting", DovecotGrammar.V23)).ToList();
        var script = new StringBuilder();
        for (var i = 0; i < cases.Count; i++)
        {
            for (var q = 0; q < DovecotGenerator.Connections.Length; q++)
            {
                var filter = string.Concat(DovecotGenerator.Connections[q].Filters.Select(f => $" -f {f.Replace("local_name=", "lname=", StringComparison.Ordinal)}"));
                script.Append(CultureInfo.InvariantCulture, $"doveconf -c {i}/main.conf{filter} ssl_cert login_greeting >out/{i}.{q} 2>out/{i}.{q}.err || touch out/{i}.{q}.failed\n");
            }

            script.Append(CultureInfo.InvariantCulture, $"doveconf -c {i}e/main.conf ssl_cert login_greeting >out/{i}e 2>out/{i}e.err\n");
        }

        var answers = await Oracle.AskAsync(Files(cases, "").Concat(Files(edits, "e")), script.ToString(), release);
        var (compared, conflicts, services) = (0, 0, 0);
        for (var i = 0; i < cases.Count; i++)
        {
            var tree = Tree(cases[i], DovecotGrammar.V23);
            for (var q = 0; q < DovecotGenerator.Connections.Length; q++)
            {
                var connection = DovecotGenerator.Connections[q].Connection;
                var context = $"{connection}\n{Show(cases[i])}\n=====\n{answers[$"{i}.{q}"]}{answers[$"{i}.{q}.err"]}";

                // Two blocks that each hold a service contradict each other in its name, which is no setting that anybody asks for.
                if (answers[$"{i}.{q}.err"].Contains("Conflict in setting name ", StringComparison.Ordinal))
                {
                    services++;
                    continue;
                }

                var conflict = DovecotGenerator.Defaults23.Keys.Any(name => tree.Conflict(name, connection) is not null);
                Assert.True(conflict == answers.ContainsKey($"{i}.{q}.failed"), context);
                if (conflict)
                {
                    conflicts++;
                    continue;
                }

                var told = DoveconfOutput.Parse(answers[$"{i}.{q}"]);
                foreach (var (name, value) in DovecotGenerator.Defaults23)
                {
                    compared++;
                    var here = tree.Effective(name, connection)?.Value ?? value;
                    Assert.True(here == told.Find(name)?.Value, $"{name} is '{here}' here\n{context}");
                }
            }

            // The lines that went were decisive, and what else the files say stayed.
            var edited = DoveconfOutput.Parse(answers[$"{i}e"]);
            Assert.True(DovecotGenerator.Defaults23["login_greeting"] == edited.Find("login_greeting")?.Value, Show(edits[i]) + answers[$"{i}e.err"]);
            Assert.Equal(tree.Effective("ssl_cert")?.Value ?? "", edited.Find("ssl_cert")?.Value);
        }

        Assert.True(compared > 5 * cases.Count && conflicts > 3 && services <= cases.Count / 10, $"{compared} values and {conflicts} conflicts were compared, {services} connections were left out");
        generator.AssertCoverage(cases.Count / 20);
        Constructs.AssertIn([.. cases.SelectMany(c => c.Values)], Constructs.Dovecot(DovecotGrammar.V23), cases.Count / 10);
        Console.WriteLine($"oracle: {cases.Count} configurations, {compared} values and {conflicts} conflicts compared with doveconf on {release}, 0 disagreements");
    });

    [Theory]
    [MemberData(nameof(Releases24))]
    public Task Dovecot_2_4_says_what_the_tree_says_in_every_block(string release) => DebianReleases.RunAsync(release, async () =>
    {
        var generator = new DovecotGenerator(DovecotGrammar.V24, new Random(24));
        var cases = Enumerable.Range(0, Cases(40)).Select(i => generator.Next(nested: i % 2 == 0)).ToList();
        var edits = cases.Select(c => Without(c, "login_greeting", DovecotGrammar.V24)).ToList();

        // 2.4.5 gives the certificate under its own name, 2.4.1 in the block alone.
        var certificate = release == "forky" ? "ssl_server ssl_server_cert_file" : "ssl_server";
        var script = new StringBuilder();
        for (var i = 0; i < cases.Count; i++)
        {
            script.Append(CultureInfo.InvariantCulture, $"doveconf -c {i}/main.conf -n >out/{i} 2>out/{i}.err\n");
            if (i % 2 == 0)
            {
                script.Append(CultureInfo.InvariantCulture, $"doveconf -c {i}e/main.conf -n >out/{i}e 2>out/{i}e.err\n");
                continue;
            }

            // doveconf puts what stands in nested blocks after all others, which the daemon does not: so it is asked where none are.
            foreach (var q in Asked(i))
            {
                var filter = string.Concat(DovecotGenerator.Connections[q].Filters.Select(f => $" -f {f}"));
                script.Append(CultureInfo.InvariantCulture, $"doveconf -c {i}/main.conf{filter} {certificate} ssl_min_protocol login_greeting >out/{i}.{q} 2>out/{i}.{q}.err\n");
            }
        }

        var answers = await Oracle.AskAsync(Files(cases, "").Concat(Files(edits, "e")), script.ToString(), release);
        var (compared, left) = (0, 0);
        for (var i = 0; i < cases.Count; i++)
        {
            var tree = Tree(cases[i], DovecotGrammar.V24);
            var context = $"{Show(cases[i])}\n=====\n{answers[$"{i}"]}{answers[$"{i}.err"]}";
            var told = DovecotGenerator.Flatten(DoveconfOutput.Parse(answers[$"{i}"]));
            Assert.Contains("dovecot_storage_version = 2.4.0", answers[$"{i}"], StringComparison.Ordinal);
            compared += told.Count;
            AssertSame(DovecotGenerator.Flatten(tree), told, context);
            if (i % 2 == 0)
            {
                AssertSame(
                    DovecotGenerator.Flatten(tree).Where(s => !s.Key.EndsWith(" login_greeting", StringComparison.Ordinal)).ToDictionary(),
                    DovecotGenerator.Flatten(DoveconfOutput.Parse(answers[$"{i}e"])),
                    $"after an edit\n{Show(edits[i])}\n=====\n{answers[$"{i}e"]}{answers[$"{i}e.err"]}");
                continue;
            }

            // Which of several blocks that include one group decides is not modelled (DovecotTree.Effective).
            var severalUses = tree.GroupUses.GroupBy(u => (u.Name, u.Value)).Any(g => g.Count() > 1);
            left += severalUses ? 1 : 0;
            foreach (var q in severalUses ? [] : Asked(i))
            {
                var output = DoveconfOutput.Parse(answers[$"{i}.{q}"]);
                var server = DovecotGenerator.Flatten(output);
                var connection = DovecotGenerator.Connections[q].Connection;
                string? Value(string name) => tree.Effective(name, connection)?.Value;
                var where = $"{connection}\n{Show(cases[i])}\n=====\n{answers[$"{i}.{q}"]}{answers[$"{i}.{q}.err"]}";
                Assert.True((Value("ssl_server_cert_file") ?? "") == server.GetValueOrDefault(" ssl_server_cert_file", ""), where);
                Assert.True((Value("ssl_min_protocol") ?? "TLSv1.2") == server.GetValueOrDefault("ssl_server ssl_min_protocol", server.GetValueOrDefault(" ssl_min_protocol", "")), where);
                Assert.True(Value("login_greeting") is not { } greeting || greeting == output.Find("login_greeting")?.Value, where);
                compared += 3;
            }
        }

        Assert.True(compared > 5 * cases.Count && left < cases.Count / 3, $"{compared} values were compared, {left} configurations were left out");
        generator.AssertCoverage(cases.Count / 20);
        Constructs.AssertIn([.. cases.SelectMany(c => c.Values)], Constructs.Dovecot(DovecotGrammar.V24), cases.Count / 10);
        Console.WriteLine($"oracle: {cases.Count} configurations, {compared} values compared with doveconf on {release}, 0 disagreements");
    });

    [Fact]
    public async Task The_stock_configuration_is_read_whole_and_local_conf_has_the_last_word()
    {
        await using var host = await ThrowawayHost.StartAsync(new ThrowawayHostOptions { WithBinary = false });
        await host.WriteFileAsync("/etc/dovecot/conf.d/99-zz.conf", "ssl_cert = </99\n");
        var files = await FilesAsync(host);
        Assert.Equal("</99", (await host.RunAsync("doveconf -h ssl_cert")).Expect(0).Output.Trim());
        Assert.Equal(("</99", "/etc/dovecot/conf.d/99-zz.conf"), Decisive(files));

        await host.WriteFileAsync("/etc/dovecot/local.conf", "ssl_cert = </local\n");
        files = await FilesAsync(host);
        Assert.Equal("</local", (await host.RunAsync("doveconf -h ssl_cert")).Expect(0).Output.Trim());
        Assert.Equal(("</local", "/etc/dovecot/local.conf"), Decisive(files));

        var tree = DovecotTree.Build("/etc/dovecot/dovecot.conf", files);
        var told = DoveconfOutput.Parse((await host.RunAsync("doveconf -n")).Expect(0).Output);
        Assert.Empty(tree.Problems);
        Assert.StartsWith("2.3.", told.Version, StringComparison.Ordinal);
        Assert.Equal(DovecotValueKind.Hidden, told.Find("ssl_key")?.Kind);
        Assert.All(told.Nodes.OfType<DovecotSetting>().Where(s => s.Kind == DovecotValueKind.Text && !s.Name.StartsWith("protocols", StringComparison.Ordinal)), s =>
            Assert.Equal(s.Value, tree.Effective(s.Name)?.Value));
        Assert.DoesNotContain(told.Nodes, n => n is DovecotFault);
    }

    private static int[] Asked(int i) => [i % DovecotGenerator.Connections.Length, (i + 1) % DovecotGenerator.Connections.Length];

    private static void AssertSame(Dictionary<string, string> here, Dictionary<string, string> told, string context)
    {
        var different = here.Keys.Union(told.Keys).Where(k => here.GetValueOrDefault(k) != told.GetValueOrDefault(k)).ToList();
        Assert.True(different.Count == 0, string.Join('\n', [.. different.Select(k => $"{k}: '{here.GetValueOrDefault(k)}' here, '{told.GetValueOrDefault(k)}' there"), context]));
    }

    private static DovecotTree Tree(Dictionary<string, string> files, DovecotGrammar grammar)
    {
        var tree = DovecotTree.Build(DovecotGenerator.Main, files, grammar);
        Assert.True(tree.Problems.Count == 0, string.Join("\n-----\n", [.. tree.Problems.Select(p => p.ToString()), .. files.Values]));
        return tree;
    }

    /// <summary>The files with every setting of a name taken out.</summary>
    private static Dictionary<string, string> Without(Dictionary<string, string> files, string name, DovecotGrammar grammar) => files.ToDictionary(f => f.Key, f =>
    {
        var config = DovecotConfig.Parse(f.Key, f.Value, grammar);
        return config.RemoveSettings(config.Statements.OfType<DovecotSetting>().Where(s => s.Name == name).Select(s => s.Line)).ToString();
    });

    private static IEnumerable<(string, string)> Files(IReadOnlyList<Dictionary<string, string>> cases, string suffix) =>
        cases.SelectMany((files, i) => files.Select(f => ($"{i}{suffix}/{f.Key[1..]}", f.Value)));

    private static string Show(Dictionary<string, string> files) => string.Join("\n-----\n", files.Values);

    private static (string?, string?) Decisive(IReadOnlyDictionary<string, string> files)
    {
        var effective = DovecotTree.Build("/etc/dovecot/dovecot.conf", files).Effective("ssl_cert");
        return (effective?.Value, effective?.File);
    }

    private static async Task<IReadOnlyDictionary<string, string>> FilesAsync(ThrowawayHost host) => (await DovecotIncludes.CollectAsync(
        "/etc/dovecot/dovecot.conf",
        async path => await host.RunAsync($"cat {path}") is { ExitCode: 0 } read ? read.Output : null,
        async path => (await host.RunAsync($"ls -A {path} 2>/dev/null")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).ToDictionary(f => f.Path, f => f.Text);
}
