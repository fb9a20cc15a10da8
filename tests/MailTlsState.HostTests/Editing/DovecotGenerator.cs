using System.Net;
using System.Text;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>Makes legal configurations of one main file and the files that it includes.</summary>
internal sealed class DovecotGenerator(DovecotGrammar grammar, Random random)
{
    /// <summary>Path of the main file in a case's own folder.</summary>
    public const string Main = "/main.conf";

    private const string Base23 = "protocols = imap\nssl = yes\nssl_key = </k\n";
    private const string Base24 = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\nprotocols = imap\ngroup @g one {\n  ssl_min_protocol = TLSv1.1\n  ssl_server_cert_file = /g\n}\n";

    /// <summary>What 2.3 says where no file says anything.</summary>
    public static readonly Dictionary<string, string> Defaults23 = new() { ["ssl_cert"] = "", ["login_greeting"] = "Dovecot (Debian) ready." };

    /// <summary>Connections as doveconf's filters and as the tree's question; the names are those of 2.4.</summary>
    public static readonly (string[] Filters, DovecotConnection Connection)[] Connections =
    [
        ([], new DovecotConnection()),
        (["protocol=imap"], new DovecotConnection(Protocol: "imap")),
        (["local_name=z.x.y", "protocol=pop3"], new DovecotConnection("z.x.y", Protocol: "pop3")),
        (["local_name=m.x.y"], new DovecotConnection("m.x.y")),
        (["local=10.1.2.3", "local_name=m.x.y", "remote=192.0.2.7", "protocol=imap"], new DovecotConnection("m.x.y", IPAddress.Parse("10.1.2.3"), IPAddress.Parse("192.0.2.7"), "imap")),
        (["local=10.1.2.3", "remote=192.0.2.7"], new DovecotConnection(null, IPAddress.Parse("10.1.2.3"), IPAddress.Parse("192.0.2.7"))),
    ];

    private static readonly string[] Settings23 =
    [
        "ssl_cert = </a\n", "ssl_cert=<  /b # c\r\n", "\tssl_cert = \\\n  </c\n", "ssl_cert = \\\n# lost\n", "ssl_cert = </d#e\n", "ssl_cert = \"</q\"\n",
        "login_greeting = it's # b\n", "login_greeting = \"a # b\" # c\n", "login_greeting = 'a \\' b'\n", "login_greeting = a \\ \n\t b\\\n c\n",
        "login_greeting =\n", "login_greeting = $x y\n", "login_greeting = \xe4\xff\n", "login_greeting = \"a\n", "# ssl_cert = </z\n", "  \n", "\r\n",
        "service imap-login {\n  inet_listener imaps {\n    port = 1993\n  }\n}\n",
    ];

    private static readonly string[] Settings24 =
    [
        "ssl_server_cert_file = /a\n", "ssl_server_cert_file=/b # c\r\n", "\tssl_server_cert_file = \\\n  /c\n", "ssl_server_cert_file = \\\n# lost\n",
        "ssl_server {\n  cert_file = /d\n}\n", "ssl_server {\n  ssl_server_cert_file = \"/e\"\n  ssl_min_protocol = TLSv1.3\n}\n", "ssl_server/cert_file = /f\n",
        "ssl_min_protocol = TLSv1.1\n", "login_greeting = \xe4\xff\n", "namespace inbox {\n  separator = /\n}\n", "\f ssl_min_protocol = \v TLSv1.3\n", "login_greeting = it's # b\n", "login_greeting = \"a # b\" # c\n", "login_greeting = \"a \\\" b\"\n",
        "login_greeting = a \\ \n\t b\\\n c\n", "login_greeting = $SET:ssl_min_protocol y\n", "login_greeting = \"a\n", "# ssl_min_protocol = x\n", "  \n", "\r\n",
        "service imap-login {\n  inet_listener imaps {\n    inet_listener_port = 1993\n  }\n}\n", "@g = one\n",
    ];

    private static readonly string[][] Filters =
    [
        ["local 10.0.0.0/8", "local 10.1.2.3"],
        ["local_name m.x.y", "local_name *.x.y", "local_name \"a.b m.x.y\"", "local_name M.X.Y"],
        ["remote 192.0.2.0/24"],
        ["protocol imap", "protocol !imap"],
    ];

    private readonly Dictionary<string, int> _used = [];
    private int _turn;

    /// <summary>The files of one case.</summary>
    /// <param name="nested">False for blocks that are neither in one another nor opened twice.</param>
    public Dictionary<string, string> Next(bool nested)
    {
        var opened = nested ? null : new HashSet<string>();
        string[] includes = ["!include inc/*.conf\n", "!include_try inc/{B,a}.conf\n", "!include_try none/*\n"];

        // By turns what chance brings too seldom: each way to include, a service, and a block for a wildcard, before or after all else.
        var turn = _turn++;
        var service = turn % 3 == 0 ? Array.Find(grammar == DovecotGrammar.V23 ? Settings23 : Settings24, s => s.StartsWith("service", StringComparison.Ordinal))! : "";
        Count(includes[turn % includes.Length]);
        var wildcard = turn % 2 == 0 ? Block(Filters[1][1], 1, opened, includes) : "";
        var main = Content(0, opened, includes);
        return new Dictionary<string, string>
        {
            [Main] = (grammar == DovecotGrammar.V23 ? Base23 : Base24) + service + (turn % 4 < 2 ? includes[turn % includes.Length] + wildcard + main : main + "\n" + wildcard + includes[turn % includes.Length]),
            ["/inc/a.conf"] = Content(nested ? 3 : Filters.Length, opened),
            ["/inc/B.conf"] = Content(nested ? 3 : Filters.Length, opened).TrimEnd('\n'),
            ["/inc/.h.conf"] = "ssl_cert = </hidden\n",
        };
    }

    /// <summary>Every construct was there often enough.</summary>
    public void AssertCoverage(int least)
    {
        string[] all =
        [
            .. grammar == DovecotGrammar.V23 ? Settings23 : Settings24, .. Filters.SelectMany(f => f).Where(Allowed), "!include inc/*.conf\n", "!include_try inc/{B,a}.conf\n", "!include_try none/*\n",
        ];
        Assert.All(all, construct => Assert.True(_used.GetValueOrDefault(construct) >= Math.Max(1, least), $"{_used.GetValueOrDefault(construct)} times: {construct}"));
    }

    /// <summary>2.4: blocks and name to value, as doveconf -n shows what is set.</summary>
    public static Dictionary<string, string> Flatten(DoveconfOutput output)
    {
        var values = new Dictionary<string, string>();
        void Add(IReadOnlyList<DovecotNode> nodes, string path)
        {
            foreach (var node in nodes)
            {
                if (node is DovecotBlock block && block.Header.IsTransparent)
                {
                    Add(block.Children, $"{path}{(path.Length == 0 ? "" : " ")}{block.Header}");
                }
                else if (node is DovecotSetting setting && setting.Name is not ("protocols" or "dovecot_config_version" or "dovecot_storage_version"))
                {
                    var server = path.EndsWith("ssl_server", StringComparison.Ordinal) && !setting.Name.StartsWith("ssl_", StringComparison.Ordinal);
                    values[server ? $"{path[..^"ssl_server".Length].TrimEnd()} ssl_server_{setting.Name}" : $"{path} {setting.Name}"] = setting.Value;
                }
            }
        }

        Add(output.Nodes, "");
        return values;
    }

    /// <summary>2.4: the same of our own reader; in one block the last line counts.</summary>
    public static Dictionary<string, string> Flatten(DovecotTree tree)
    {
        var values = new Dictionary<string, string>();
        foreach (var assignment in tree.Assignments.Where(a => a.IsGlobal && a.Name is not ("protocols" or "dovecot_config_version" or "dovecot_storage_version")))
        {
            values[$"{string.Join(' ', assignment.Path.Select(h => h.Kind == "local_name" ? h with { Argument = h.Argument.ToLowerInvariant() } : h))} {assignment.Name}"] = assignment.Value;
        }

        foreach (var use in tree.GroupUses)
        {
            values[$"{string.Join(' ', use.Path.Select(h => h.Kind == "local_name" ? h with { Argument = h.Argument.ToLowerInvariant() } : h))} {use.Name}"] = use.Value;
        }

        return values;
    }

    // 2.4 takes one name a block, and no block that another one in the same file names already where they must not be opened twice.
    private bool Allowed(string filter) => grammar == DovecotGrammar.V23 || !filter.Contains('"', StringComparison.Ordinal);

    private string Pick(string[] from, HashSet<string>? opened)
    {
        var choice = from.Where(f => Allowed(f) && opened?.Contains(f.ToLowerInvariant()) != true).ToArray();
        return choice.Length == 0 ? "" : choice[random.Next(choice.Length)];
    }

    /// <summary>Settings and filter blocks; Dovecot allows local, local_name, remote, protocol inside one another in this order only.</summary>
    private string Content(int level, HashSet<string>? opened, params string[] more)
    {
        var settings = grammar == DovecotGrammar.V23 ? Settings23 : Settings24;
        var text = new StringBuilder();
        for (var n = random.Next(level == 0 ? 9 : 4); n > 0; n--)
        {
            var next = random.Next(level, 6);
            if (next < Filters.Length && Pick(Filters[next], opened) is { Length: > 0 } filter)
            {
                text.Append(Block(filter, next, opened, more));
            }
            else
            {
                var piece = more.Length > 0 && random.Next(6) == 0 ? more[random.Next(more.Length)] : settings[random.Next(settings.Length)];

                // A service or group may not stand in a connection's block.
                if (grammar == DovecotGrammar.V24 && level > 0 && piece.StartsWith("service", StringComparison.Ordinal))
                {
                    continue;
                }

                Count(piece);
                text.Append(piece);
            }
        }

        return text.ToString();
    }

    private string Block(string filter, int level, HashSet<string>? opened, string[] more)
    {
        opened?.Add(filter.ToLowerInvariant());
        Count(filter);
        var inner = opened is null ? Content(level + 1, null, level < 3 ? more : []) : Content(Filters.Length, opened, more);
        return $"{filter} {{\n{inner}\n}}\n";
    }

    private void Count(string construct) => _used[construct] = _used.GetValueOrDefault(construct) + 1;
}
