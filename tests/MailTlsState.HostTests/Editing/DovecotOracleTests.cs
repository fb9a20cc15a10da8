using System.Net;
using System.Text;
using MailTlsState.HostTests.Lab;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>The tree says of every connection what <c>doveconf</c> says of it.</summary>
public sealed class DovecotOracleTests
{
    private const string Base = "protocols = imap\nssl = yes\nssl_key = </k\n";

    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["ssl_cert"] = "",
        ["login_greeting"] = "Dovecot (Debian) ready.",
    };

    private static readonly (string Filter, DovecotConnection Connection)[] Connections =
    [
        ("", new DovecotConnection()),
        ("-f protocol=imap", new DovecotConnection(Protocol: "imap")),
        ("-f protocol=pop3 -f lname=z.x.y", new DovecotConnection("z.x.y", Protocol: "pop3")),
        ("-f lname=m.x.y", new DovecotConnection("m.x.y")),
        ("-f lname=m.x.y -f local=10.1.2.3 -f remote=192.0.2.7 -f protocol=imap", new DovecotConnection("m.x.y", IPAddress.Parse("10.1.2.3"), IPAddress.Parse("192.0.2.7"), "imap")),
        ("-f local=10.1.2.3 -f remote=192.0.2.7", new DovecotConnection(null, IPAddress.Parse("10.1.2.3"), IPAddress.Parse("192.0.2.7"))),
    ];

    private static readonly string[] Settings =
    [
        "ssl_cert = </a\n", "ssl_cert=<  /b # c\r\n", "\tssl_cert = \\\n  </c\n", "ssl_cert = \\\n# lost\n", "ssl_cert = </d#e\n",
        "login_greeting = it's # b\n", "login_greeting = \"a # b\" # c\n", "login_greeting = 'a \\' b'\n", "login_greeting = a \\ \n\t b\\\n c\n",
        "login_greeting =\n", "login_greeting = $x y\n", "login_greeting = \xe4\xff\n", "login_greeting = \"a\n", "# ssl_cert = </z\n", "  \n", "\r\n",
        "service imap-login {\n  inet_listener imaps {\n    port = 1993\n  }\n}\n", "ssl_cert = \"</q\"\n",
    ];

    private static readonly string[][] Filters =
    [
        ["local 10.0.0.0/8", "local 10.1.2.3"],
        ["local_name m.x.y", "local_name *.x.y", "local_name \"a.b m.x.y\"", "local_name M.X.Y"],
        ["remote 192.0.2.0/24"],
        ["protocol imap", "protocol !imap"],
    ];

    [Fact]
    public async Task Effective_settings_and_conflicts_are_those_of_doveconf()
    {
        var random = new Random(22);
        var cases = Enumerable.Range(0, 60).Select(i => new Dictionary<string, string>
        {
            [$"/cases/{i}/main.conf"] = Base + Content(random, 0, "!include inc/*.conf\n", "!include_try inc/{B,a}.conf\n", "!include_try none/*\n"),
            [$"/cases/{i}/inc/a.conf"] = Content(random, 3),
            [$"/cases/{i}/inc/B.conf"] = Content(random, 3).TrimEnd('\n'),
            [$"/cases/{i}/inc/.h.conf"] = "ssl_cert = </hidden\n",
        }).ToList();
        var script = new StringBuilder();
        for (var i = 0; i < cases.Count; i++)
        {
            for (var q = 0; q < Connections.Length; q++)
            {
                script.Append($"doveconf -c {i}/main.conf {Connections[q].Filter} ssl_cert login_greeting >out/{i}.{q} 2>out/{i}.{q}.err || touch out/{i}.{q}.failed\n");
            }
        }

        var answers = await Oracle.AskAsync(cases.SelectMany(c => c).Select(f => (f.Key["/cases/".Length..], f.Value)), script.ToString());
        var (compared, conflicts) = (0, 0);
        for (var i = 0; i < cases.Count; i++)
        {
            var tree = DovecotTree.Build($"/cases/{i}/main.conf", cases[i]);
            Assert.True(tree.Problems.Count == 0, string.Join("\n-----\n", [.. tree.Problems.Select(p => p.ToString()), .. cases[i].Values]));
            for (var q = 0; q < Connections.Length; q++)
            {
                var context = $"{Connections[q]}\n{string.Join("\n-----\n", cases[i].Values)}\n=====\n{answers[$"{i}.{q}"]}{answers[$"{i}.{q}.err"]}";
                var conflict = Defaults.Keys.Any(name => tree.Conflict(name, Connections[q].Connection) is not null);
                Assert.True(conflict == answers.ContainsKey($"{i}.{q}.failed"), context);
                if (conflict)
                {
                    conflicts++;
                    continue;
                }

                var told = DoveconfOutput.Parse(answers[$"{i}.{q}"]);
                foreach (var (name, value) in Defaults)
                {
                    compared++;
                    var here = tree.Effective(name, Connections[q].Connection)?.Value ?? value;
                    Assert.True(here == told.Find(name)?.Value, $"{name} is '{here}' here\n{context}");
                }
            }
        }

        Assert.True(compared > 300 && conflicts > 20, $"{compared} values and {conflicts} conflicts were compared");
    }

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

    private static (string?, string?) Decisive(IReadOnlyDictionary<string, string> files)
    {
        var effective = DovecotTree.Build("/etc/dovecot/dovecot.conf", files).Effective("ssl_cert");
        return (effective?.Value, effective?.File);
    }

    private static async Task<IReadOnlyDictionary<string, string>> FilesAsync(ThrowawayHost host) => (await DovecotIncludes.CollectAsync(
        "/etc/dovecot/dovecot.conf",
        async path => await host.RunAsync($"cat {path}") is { ExitCode: 0 } read ? read.Output : null,
        async path => (await host.RunAsync($"ls -A {path} 2>/dev/null")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))).ToDictionary(f => f.Path, f => f.Text);

    /// <summary>Settings and filter blocks; Dovecot allows local, local_name, remote, protocol inside one another in this order only.</summary>
    private static string Content(Random random, int level, params string[] more)
    {
        var text = new StringBuilder();
        for (var n = random.Next(level == 0 ? 8 : 4); n > 0; n--)
        {
            var next = random.Next(level, 6);
            if (next < Filters.Length)
            {
                var filter = Filters[next][random.Next(Filters[next].Length)];
                text.Append(filter).Append(" {\n").Append(Content(random, next + 1, next < 3 ? more : [])).Append("\n}\n");
            }
            else if (more.Length > 0 && random.Next(6) == 0)
            {
                text.Append(more[random.Next(more.Length)]);
            }
            else
            {
                text.Append(Settings[random.Next(Settings.Length)]);
            }
        }

        return text.ToString();
    }
}
