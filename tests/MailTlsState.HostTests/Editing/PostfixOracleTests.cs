using MailTlsState.HostTests.Lab;
using MailTlsState.Services.Postfix;
using MailTlsState.Services.Postfix.Editing;
using Xunit;

namespace MailTlsState.HostTests.Editing;

/// <summary>The editors read what every release's Postfix reads, before and after an edit. Under --long there are twenty times as many files.</summary>
public sealed class PostfixOracleTests
{
    private const string Heading = "# managed";
    private static readonly string[] Names = ["smtpd_banner", "relayhost", "mydestination", "virtual_alias_maps"];
    private static readonly string[] Others = ["smtpd_tls_security_level", "mynetworks"];

    // Starting postconf takes longer than its work: in the normal run what it says of the file before an edit, and of listeners'
    // overrides beside the whole entries, is asked for every third case only.
    private static readonly int Every = LabEnvironment.Long ? 1 : 3;

    /// <summary>A script for /cases: <c>ask FOLDER OPTION NAME</c> writes what postconf says to out/NAME, and makes out/FOLDER.failed where it refuses the file.</summary>
    /// <param name="count">Cases; two shells go through their numbers.</param>
    /// <param name="command">Asks about case <c>$c</c>.</param>
    private static string InEach(int count, string command) =>
        "ask() { postconf -c \"/cases/$1\" \"$2\" >\"out/$3\" 2>>\"out/$1.err\" || : >\"out/$1.failed\"; }; "
        + $"each() {{ for c; do {command}; done; }}; each $(seq 0 2 {count - 1}) & each $(seq 1 2 {count - 1}); wait";

    private static bool IsAskedTwice(int i) => i % Every == 0;

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Main_cf_is_read_and_edited_as_postconf_reads_it_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        var random = new Random(Seed(20, release));
        var cases = new List<(string Before, string After, Dictionary<string, string?> Edits)>();
        var used = new List<HashSet<string>>();
        for (var i = 0; i < (LabEnvironment.Long ? 8000 : 400); i++)
        {
            var (text, pieces) = Some(random, 16, MainPieces);
            text = random.Next(8) == 0 ? text.TrimEnd('\n', '\r') : text;
            var edits = new Dictionary<string, string?>();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                edits[Names[random.Next(Names.Length)]] = new[] { "x", "", "x, y", "a = b", "#x", "${a?{b}:{c}}", "$my_own x", null }[random.Next(8)];
            }

            cases.Add((text, MainCf.Parse(text).SetAll(edits.Select(e => (e.Key, e.Value)), Heading).ToString(), edits));
            used.Add(pieces);
        }

        var files = cases.SelectMany((c, i) => new[] { ($"{i}/main.cf", c.Before), ($"{i}e/main.cf", c.After) });
        var answers = await Oracle.AskAsync(files, InEach(cases.Count, $"ask ${{c}}e -n ${{c}}e; [ $((c % {Every})) != 0 ] || ask $c -n $c"), release);
        var compared = 0;
        var reached = new HashSet<string>();
        var accepted = new List<string>();
        for (var i = 0; i < cases.Count; i++)
        {
            var before = MainCf.Parse(cases[i].Before);
            if (IsAskedTwice(i))
            {
                Assert.True(Told(cases[i].Before, $"{i}", answers) is not null, $"refused\n{cases[i].Before}");
                accepted.Add(cases[i].Before);
                compared++;
            }

            // What was set is what postconf says, and all else is as it was.
            var after = Told(cases[i].After, $"{i}e", answers);
            Assert.True(after is not null, $"refused after an edit\n{cases[i].Before}\n=====\n{cases[i].After}");
            reached.UnionWith(used[i]);
            accepted.Add(cases[i].After);
            compared++;
            var context = $"{cases[i].Before}\n=====\n{cases[i].After}\n=====\n{answers[$"{i}e"]}";
            Assert.All(cases[i].Edits, e => Assert.True(Spaces(e.Value) == after.GetValueOrDefault(e.Key), $"{e.Key} should be '{e.Value}'\n{context}"));
            Assert.All(
                Names.Concat(Others).Where(n => !cases[i].Edits.ContainsKey(n)),
                n => Assert.True(Spaces(before.Get(n)) == after.GetValueOrDefault(n), $"{n} was '{before.Get(n)}'\n{context}"));
        }

        Assert.Empty(MainPieces.Except(reached));
        Constructs.AssertIn(accepted, Constructs.Main, least: 5);
        Console.WriteLine($"oracle: {compared} files of main.cf compared with postconf on {release}, 0 disagreements");
    });

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Master_cf_is_read_and_edited_as_postconf_reads_it_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        var random = new Random(Seed(21, release));
        var texts = new List<string>();
        var used = new List<HashSet<string>>();
        for (var i = 0; i < (LabEnvironment.Long ? 5000 : 250); i++)
        {
            var (more, pieces) = Some(random, 16, MasterPieces);
            var text = "smtp inet n - y - - smtpd" + more;
            texts.Add(text);
            var file = MasterCf.Parse(text);
            var service = file.Services[random.Next(file.Services.Count)];
            texts.Add(random.Next(4) switch
            {
                0 => file.SetOverride(service, "a", new[] { "x", "", "x, y", "{x}" }[random.Next(4)]).ToString(),
                1 => file.RemoveOverride(service, "a").ToString(),
                2 => file.Rename(service, "renamed").ToString(),
                _ => file.AddService(new("[::]:submissions", "inet", "n", "-", "y", "-", "-", "smtpd"), [("a", ""), ("b", "x y")], service).ToString(),
            });
            used.Add(pieces);
            used.Add([]);
        }

        var files = texts.SelectMany((t, i) => new[] { ($"{i}/master.cf", t), ($"{i}/main.cf", "compatibility_level = 3.6\n") });
        var answers = await Oracle.AskAsync(files, InEach(texts.Count, $"ask $c -M $c.M; [ $((c % {Every})) != 0 ] || ask $c -P $c.P"), release);
        var compared = 0;
        var reached = new HashSet<string>();
        var accepted = new List<string>();
        for (var i = 0; i < texts.Count; i++)
        {
            compared++;
            reached.UnionWith(used[i]);
            accepted.Add(texts[i]);
            var context = $"{texts[i]}\n=====\n{answers[$"{i}.M"]}\n=====\n{answers.GetValueOrDefault($"{i}.P")}{answers[$"{i}.err"]}";
            Assert.False(answers.ContainsKey($"{i}.failed"), context);
            var (read, told) = (MasterCf.Parse(texts[i]).Services, PostconfOutput.ParseServices(answers[$"{i}.M"]));
            Assert.True(told.Select(Shape).SequenceEqual(read.Select(Shape)), context);
            if (!IsAskedTwice(i))
            {
                continue;
            }

            var overrides = read.GroupBy(s => s.Key).SelectMany(g => g.Last().Overrides.Select(o => (g.Last().Name, g.Last().Type, Parameter: o.Name)).Distinct()
                .Select(o => (o, Value: g.Last().Override(o.Parameter))));
            var printed = PostconfOutput.ParseOverrides(answers[$"{i}.P"]);
            Assert.True(overrides.All(o => printed.TryGetValue(o.o, out var value) && NameValue.SameWords(value, o.Value)), context);
        }

        Assert.Empty(MasterPieces.Except(reached));
        Constructs.AssertIn(accepted, Constructs.Master, least: 5);
        Console.WriteLine($"oracle: {compared} files of master.cf compared with postconf on {release}, 0 disagreements");
    });

    // Each release gets files of its own: a difference between two versions then shows in the numbers, too.
    private static int Seed(int of, string release) => of + (100 * DebianReleases.Stable.ToList().IndexOf(release));

    /// <summary>What postconf says, after a comparison with what the editor reads; null where Postfix refuses the file.</summary>
    private static IReadOnlyDictionary<string, string>? Told(string text, string key, IReadOnlyDictionary<string, string> answers)
    {
        if (answers.ContainsKey(key + ".failed"))
        {
            return null;
        }

        var told = PostconfOutput.ParseSettings(answers[key]);
        var file = MainCf.Parse(text);
        foreach (var name in Names.Concat(told.Keys).Distinct().Where(n => n != "config_directory"))
        {
            Assert.True(Spaces(file.Get(name)) == told.GetValueOrDefault(name), $"{name} is '{file.Get(name)}' here and '{told.GetValueOrDefault(name)}' for postconf in\n{text}\n=====\n{answers[key]}{answers[key + ".err"]}");
        }

        return told;
    }

    /// <summary>postconf prints each run of these as one blank.</summary>
    private static string? Spaces(string? value) =>
        value is null ? null : string.Join(' ', value.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries));

    private static string Shape(MasterService service) =>
        service.Fields + string.Join('|', service.Overrides.Select(o => $"{o.Name}={o.Value}"));

    private static (string Text, HashSet<string> Pieces) Some(Random random, int most, string[] pieces)
    {
        var some = Enumerable.Range(0, random.Next(most)).Select(_ => pieces[random.Next(pieces.Length)]).ToList();
        return (string.Concat(some), [.. some]);
    }

    private static readonly string[] MainPieces =
    [
        "smtpd_banner = a\n", "smtpd_banner=b c\r\n", "relayhost =\n", "relayhost\t=\tx \t\n", "mydestination = a,\n  b\n", "mydestination = a,\n# c\n\tb",
        "virtual_alias_maps = static:x", "\n", "\n\n", "\r\n", " \t\n", "# comment\n", "  # comment\n", "\n  more\n", "\n\tmore = x\n", "\v\n", "\f x\n",
        "smtpd_banner = \xe4\xff \xa0\n", Heading + "\n", "relayhost\n = y\n", "smtpd_banner = $x # no comment\n", "  orphan = x\n", "mydestination = { a b }\n",
        "my_own = 1\n", "smtpd_banner = $my_own\n", "relayhost = ${my_own?{x}:{y}}\n", "relayhost = ${my_own?x}\n", "relayhost = ${relay_domains:x}\n", "relayhost = $(my_own)\n",
        "mydestination = $relayhost,\n\n  # in between\n\n  b\n", "#relayhost = disabled\n", "smtpd_tls_security_level = may\n", "mynetworks = 127.0.0.0/8 [::1]/128\n",
    ];

    private static readonly string[] MasterPieces =
    [
        "\n  -o a=1", " -o a=1", "\n  -oa=1 2", "\n -v", " -vo a=2", "\n  -o { a = x y }", "\n  -o {a=x,\n# c\n   y}", "\n# comment", "\n  # -o a=9", "\n",
        "\n\n", "\r\n", "\n465 inet n - y - - smtpd", "\nsmtpd pass - - y - - smtpd\n  -o a=p", "\n127.0.0.1:10025 inet n - n - - smtpd -o a=5 -o a=6",
        "\nuucp unix - n n - - pipe\n  flags=Fqhu user=uucp argv=uux -o a=7", " -o b=", " -o\n  a=3", " -o{a=x y}", "\n\t-o b=$a,c", " x", "\n   #z", " {x y}",
        "\n#submission inet n - y - - smtpd\n#  -o a=8", "\n  -o b=${a?{x}:{y}}", "\n  -o b=${a?x}", "\n[::1]:submission inet n - y - - smtpd", "\n  -o b=\xe4\xff",
        "\nproxy:x unix - - n - - proxymap", "\npostlog unix-dgram n - n - 1 postlogd",
    ];
}
