using MailTlsState.Services.Postfix;
using MailTlsState.Services.Postfix.Editing;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>The editors read what Postfix reads, before and after an edit.</summary>
public sealed class PostfixOracleTests
{
    private const string Heading = "# managed";
    private static readonly string[] Names = ["smtpd_banner", "relayhost", "mydestination", "virtual_alias_maps"];

    [Fact]
    public async Task Main_cf_is_read_and_edited_as_postconf_reads_it()
    {
        var random = new Random(20);
        var cases = new List<(string Before, string After, string Name, string Value)>();
        for (var i = 0; i < 150; i++)
        {
            var text = Some(random, 14, MainPieces);
            var name = Names[random.Next(Names.Length)];
            var value = new[] { "x", "", "x, y", "a = b", "#x" }[random.Next(5)];
            cases.Add((text, MainCf.Parse(text).SetAll([(name, value), (Names[random.Next(Names.Length)], null), (name, value)], Heading).ToString(), name, value));
        }

        var files = cases.SelectMany((c, i) => new[] { ($"{i}/main.cf", c.Before), ($"{i}e/main.cf", c.After) });
        var answers = await Oracle.AskAsync(files, $"for d in */; do d=${{d%/}}; [ $d = out ] || postconf -c /cases/$d -n {string.Join(' ', Names)} >out/$d 2>out/$d.err || touch out/$d.failed; done");
        var compared = 0;
        for (var i = 0; i < cases.Count; i++)
        {
            compared += Compare(cases[i].Before, $"{i}", answers);
            compared += Compare(cases[i].After, $"{i}e", answers);
        }

        Assert.True(compared > 200, $"only {compared} of the files were accepted by Postfix");
    }

    [Fact]
    public async Task Master_cf_is_read_and_edited_as_postconf_reads_it()
    {
        var random = new Random(21);
        var texts = new List<string>();
        for (var i = 0; i < 90; i++)
        {
            var text = "smtp inet n - y - - smtpd" + Some(random, 16, MasterPieces);
            texts.Add(text);
            var file = MasterCf.Parse(text);
            var service = file.Services[random.Next(file.Services.Count)];
            texts.Add(random.Next(3) switch
            {
                0 => file.SetOverride(service, "a", new[] { "x", "", "x, y", "{x}" }[random.Next(4)]).ToString(),
                1 => file.RemoveOverride(service, "a").ToString(),
                _ => file.AddService(new("[::]:submissions", "inet", "n", "-", "y", "-", "-", "smtpd"), [("a", ""), ("b", "x y")], service).ToString(),
            });
        }

        var files = texts.SelectMany((t, i) => new[] { ($"{i}/master.cf", t), ($"{i}/main.cf", "compatibility_level = 3.6\n") });
        var answers = await Oracle.AskAsync(
            files,
            "for d in */; do d=${d%/}; [ $d = out ] || { postconf -c /cases/$d -M >out/$d.M && postconf -c /cases/$d -P >out/$d.P; } 2>out/$d.err || touch out/$d.failed; done");
        var compared = 0;
        for (var i = 0; i < texts.Count; i++)
        {
            if (answers.ContainsKey($"{i}.failed"))
            {
                continue;
            }

            compared++;
            var context = $"{texts[i]}\n=====\n{answers[$"{i}.M"]}\n=====\n{answers[$"{i}.P"]}{answers[$"{i}.err"]}";
            var (read, told) = (MasterCf.Parse(texts[i]).Services, PostconfOutput.ParseServices(answers[$"{i}.M"]));
            Assert.True(told.Select(Shape).SequenceEqual(read.Select(Shape)), context);
            var overrides = read.GroupBy(s => s.Key).SelectMany(g => g.Last().Overrides.Select(o => (g.Last().Name, g.Last().Type, Parameter: o.Name)).Distinct()
                .Select(o => (o, Value: g.Last().Override(o.Parameter))));
            var printed = PostconfOutput.ParseOverrides(answers[$"{i}.P"]);
            Assert.True(overrides.All(o => printed.TryGetValue(o.o, out var value) && NameValue.SameWords(value, o.Value)), context);
        }

        Assert.True(compared > 120, $"only {compared} of the files were accepted by Postfix");
    }

    private static int Compare(string text, string key, IReadOnlyDictionary<string, string> answers)
    {
        if (answers.ContainsKey(key + ".failed"))
        {
            return 0;
        }

        var told = PostconfOutput.ParseSettings(answers[key]);
        var file = MainCf.Parse(text);
        foreach (var name in Names)
        {
            Assert.True(Spaces(file.Get(name)) == told.GetValueOrDefault(name), $"{name} is '{file.Get(name)}' here and '{told.GetValueOrDefault(name)}' for postconf in\n{text}\n=====\n{answers[key]}{answers[key + ".err"]}");
        }

        return 1;
    }

    /// <summary>postconf prints each run of these as one blank.</summary>
    private static string? Spaces(string? value) =>
        value is null ? null : string.Join(' ', value.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries));

    private static string Shape(MasterService service) =>
        service.Fields + string.Join('|', service.Overrides.Select(o => $"{o.Name}={o.Value}"));

    private static string Some(Random random, int most, string[] pieces) =>
        string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => pieces[random.Next(pieces.Length)]));

    private static readonly string[] MainPieces =
    [
        "smtpd_banner = a\n", "smtpd_banner=b c\r\n", "relayhost =\n", "relayhost\t=\tx \t\n", "mydestination = a,\n  b\n", "mydestination = a,\n# c\n\tb",
        "virtual_alias_maps = static:x", "\n", "\n", "\n\n", "\r\n", " \t\n", "# comment\n", "  # comment\n", "\n  more\n", "\n\tmore = x\n", "\v\n", "\f x\n",
        "smtpd_banner = \xe4\xff \xa0\n", Heading + "\n", "relayhost\n = y\n", "smtpd_banner = $x # no comment\n", "  orphan = x\n", "mydestination = { a b }\n",
    ];

    private static readonly string[] MasterPieces =
    [
        "\n  -o a=1", " -o a=1", "\n  -oa=1 2", "\n -v", " -vo a=2", "\n  -o { a = x y }", "\n  -o {a=x,\n# c\n   y}", "\n# comment", "\n  # -o a=9", "\n",
        "\n\n", "\r\n", "\n465 inet n - y - - smtpd", "\nsmtpd pass - - y - - smtpd\n  -o a=p", "\n127.0.0.1:10025 inet n - n - - smtpd -o a=5 -o a=6",
        "\nuucp unix - n n - - pipe\n  flags=Fqhu user=uucp argv=uux -o a=7", " -o b=", " -o\n  a=3", " -o{a=x y}", "\n\t-o b=$a,c", " x", "\n   #z", " {x y}",
    ];
}
