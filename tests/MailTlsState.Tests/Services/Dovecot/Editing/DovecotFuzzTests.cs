using System.Globalization;
using System.Text;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot.Editing;

/// <summary>Damaged configurations: no exception, no hang, and what is not edited comes out as it went in.</summary>
public sealed class DovecotFuzzTests
{
    private const string Root = "/etc/dovecot/dovecot.conf";

    private static readonly string[] Pieces =
    [
        "ssl = required\n", "ssl_cert = </etc/x.pem # why\n", "ssl_server {\n  cert_file = /x\n}\n", "local_name a.b {\n", "local_name \"a b\" {\n", "local 10.0.0.0/8 {\n", "remote ::1/128 {\n",
        "protocol !imap {\n", "service imap-login {\n  inet_listener imaps {\n    port = 993\n  }\n}\n", "}\n", "!include *.conf\n", "!include_try {a,b{c,d}}[!x]?\n", "group @g n {\n", "@g = n\n",
        "a = $SET:b c\n", "a = \"x # y\\\" z\"\n", "a = 'it\\'s\n", "a = b \\\n", "# c\n", "\r\n", "x/y/z = 1\n", "namespace inbox {\n", "\"q\\\"k\" = v\n", "{\n", "=\n", "\\\n", "a {b\n", "!include\n",
    ];

    private static readonly char[] Nasty = ['\0', '\r', '\n', '"', '\'', '\\', '{', '}', '=', '<', '$', '#', '!', '/', ' ', '\t', '\v', '\f', '\xff', '\x80', '*', '[', '@', ':'];

    [Theory]
    [InlineData("2.3")]
    [InlineData("2.4")]
    public void Any_damage_is_read_without_an_exception_and_comes_out_as_it_went_in(string version)
    {
        var grammar = version == "2.3" ? DovecotGrammar.V23 : DovecotGrammar.V24;
        var rounds = Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1" ? 1_000_000 : 20_000;
        var random = new Random(5);
        var faults = 0;
        for (var round = 0; round < rounds; round++)
        {
            var text = Damaged(random);
            try
            {
                faults += Check(text, grammar, random);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"round {round}, {grammar}: {e}\n{text}"));
            }
        }

        Assert.InRange(faults, rounds / 10, rounds - 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"dovecot.conf {version}: {rounds} damaged files, {faults} with a problem that was named");
    }

    private static int Check(string text, DovecotGrammar grammar, Random random)
    {
        var config = DovecotConfig.Parse(Root, text, grammar);
        Assert.Equal(text, config.ToString());
        Assert.Equal(text, config.RemoveSettings().ToString());
        var lines = config.Statements.OfType<DovecotSetting>().Select(s => s.Line).Where(_ => random.Next(3) == 0).ToList();
        var kept = config.Statements.OfType<DovecotSetting>().Where(s => !lines.Contains(s.Line)).Select(s => (s.Name, s.Value));
        Assert.Equal(kept, DovecotConfig.Parse(Root, config.RemoveSettings(lines).ToString(), grammar).Statements.OfType<DovecotSetting>().Select(s => (s.Name, s.Value)));
        var tree = DovecotTree.Build(Root, new Dictionary<string, string> { [Root] = text, ["/etc/dovecot/a.conf"] = text[..(text.Length / 2)] }, grammar);
        var connection = new DovecotConnection("a.b", System.Net.IPAddress.Parse("10.1.1.1"), null, "imap");
        _ = tree.Effective("ssl", connection);
        _ = tree.Conflict("ssl", connection);
        _ = tree.Words("protocols");
        _ = DoveconfOutput.Parse(text);
        return tree.Problems.Count == 0 ? 0 : 1;
    }

    private static string Damaged(Random random)
    {
        var text = new StringBuilder();
        for (var n = random.Next(12); n >= 0; n--)
        {
            text.Append(Pieces[random.Next(Pieces.Length)]);
        }

        for (var n = random.Next(5); n > 0 && text.Length > 0; n--)
        {
            var at = random.Next(text.Length);
            switch (random.Next(3))
            {
                case 0: text.Insert(at, Nasty[random.Next(Nasty.Length)]); break;
                case 1: text[at] = Nasty[random.Next(Nasty.Length)]; break;
                default: text.Remove(at, Math.Min(random.Next(6), text.Length - at)); break;
            }
        }

        return text.ToString();
    }
}
