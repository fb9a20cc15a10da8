using System.Globalization;
using MailTlsState.Services.Dovecot.Editing;
using MailTlsState.Services.Postfix.Editing;
using Xunit;

namespace MailTlsState.Tests.Services;

/// <summary>The time to read a configuration grows with its size alone; 5 MB and 100,000 lines take well under a second.</summary>
public sealed class ParserTimeTests
{
    private const int Large = 100_000;
    private const string Root = "/etc/dovecot/dovecot.conf";

    /// <summary>By name: the lines, four of which make a group, and the reader.</summary>
    private static readonly Dictionary<string, (Func<int, string> Line, Func<string, int> Read)> Parsers = new()
    {
        ["main.cf"] = (
            i => i % 4 == 3 ? $"   continued, with ${{name{i - 1}}}, and some more" : $"a_parameter_of_main_cf_{i:D6} = value of parameter",
            text => MainCf.Parse(text).Entries.Count),
        ["master.cf"] = (
            i => (i % 4) switch
            {
                0 => $"127.0.0.1:{i:D6} inet  n       -       y       -       -  smtpd",
                1 => $"  -o smtpd_tls_security_level=encrypt{i:D6} -o another=x",
                2 => "# a line of comment between the options of a service",
                _ => "  -o { smtpd_client_restrictions = permit_mynetworks, x }",
            },
            text => MasterCf.Parse(text).Services.Sum(s => s.Overrides.Count)),
        ["dovecot.conf 2.3"] = (Dovecot, text => Tree(text, DovecotGrammar.V23)),
        ["dovecot.conf 2.4"] = (Dovecot, text => Tree(text, DovecotGrammar.V24)),
    };

    public static TheoryData<string> All => [.. Parsers.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void The_time_to_read_it_grows_with_its_size_alone(string file)
    {
        var (line, read) = Parsers[file];
        var small = Read(Large / 4, line, read);
        var large = Read(Large, line, read);
        TestContext.Current.TestOutputHelper?.WriteLine($"{file} of 5 MB and {Large} lines: {large.TotalMilliseconds:F0} ms; a quarter of it: {small.TotalMilliseconds:F0} ms");
        Assert.True(large < TimeSpan.FromSeconds(1), $"{large}");

        // Four times as long would be linear; caches and the collector make it more, and a search over all lines for each line would make it sixteen.
        Assert.True(large < (14 * small) + TimeSpan.FromMilliseconds(20), $"{small} and {large}");
    }

    /// <summary>The shortest of five: what other programs on the machine take is not the parser's.</summary>
    private static TimeSpan Read(int lines, Func<int, string> line, Func<string, int> read)
    {
        var text = string.Concat(Enumerable.Range(0, lines).Select(i => line(i) + "\n"));
        Assert.InRange(text.Length, lines * 45, lines * 60);
        return Enumerable.Range(0, 5).Min(_ =>
        {
            var clock = ThreadTime.Start();
            Assert.True(read(text) >= lines / 4);
            return clock.Elapsed;
        });
    }

    private static string Dovecot(int i) => (i % 4) switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"local_name mail-{i:D6}.customers.example.org {{   # no. {i}"),
        1 => "  ssl_min_protocol = TLSv1.2   # as the contract says....",
        2 => $"  login_greeting = \"the greeting of host {i:D6} # so\"",
        _ => "}   # ------------------------------------------------",
    };

    private static int Tree(string text, DovecotGrammar grammar)
    {
        var tree = DovecotTree.Build(Root, new Dictionary<string, string> { [Root] = text }, grammar);
        Assert.Equal("TLSv1.2", tree.Effective("ssl_min_protocol", new DovecotConnection("mail-000004.customers.example.org"))?.Value);
        return tree.Assignments.Count;
    }
}
