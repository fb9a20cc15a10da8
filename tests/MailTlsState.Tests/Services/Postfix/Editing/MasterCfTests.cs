using CsCheck;
using MailTlsState.Services.Postfix.Editing;
using Xunit;

namespace MailTlsState.Tests.Services.Postfix.Editing;

public sealed class MasterCfTests
{
    private const string Smtp = "smtp      inet  n       -       y       -       -       smtpd";

    private static readonly MasterFields Submission = new("submission", "inet", "n", "-", "y", "-", "-", "smtpd");

    [Theory]
    [InlineData(Smtp + "\n  -o a=1\n", "1")]
    [InlineData(Smtp + " -o a=1", "1")]
    [InlineData(Smtp + "\n  -oa=1\n", "1")]
    [InlineData(Smtp + "\n  -o\n  a=1\n", "1")]
    [InlineData(Smtp + " -vo a=1\n", "1")]
    [InlineData(Smtp + " -v -v -o a=1\n", "1")]
    [InlineData(Smtp + "\n  -o { a = 1 2 }\n", "1 2")]
    [InlineData(Smtp + "\n  -o { a = 1,\n# c\n    2 }\n", "1,    2")]
    [InlineData(Smtp + "\n  -o {a={1}}\n", "{1}")]
    [InlineData(Smtp + "\n  -o{a=1 2}\n", "1 2")]
    [InlineData(Smtp + "\n# -o a=0\n\n  -o a=1\n", "1")]
    [InlineData(Smtp + "\n  -o a=1 -o a=2\n", "2")]
    [InlineData(Smtp + "\n  -o a=\n", "")]
    [InlineData(Smtp + "\r\n  -o a=1\r\n", "1")]
    [InlineData(Smtp + "\n  -o a=permit_sasl_authenticated,reject\n", "permit_sasl_authenticated,reject")]
    [InlineData(Smtp + "\n  x -o a=1\n", null)]
    [InlineData(Smtp + "\n  -- -o a=1\n", null)]
    [InlineData(Smtp + "\n#  -o a=1\n", null)]
    [InlineData(Smtp + "\n  -o b=1 -o\n", null)]
    public void An_override_is_read_as_the_daemon_reads_it(string text, string? value) =>
        Assert.Equal(value, Assert.Single(MasterCf.Parse(text).Services).Override("a"));

    [Fact]
    public void Fields_lines_and_overrides_are_known()
    {
        var service = MasterCf.Parse("# x\n" + Smtp + "\n  -o a=1\n#  -o c=3\n  -o b=2\n").Find("smtp", "inet");
        Assert.NotNull(service);
        Assert.Equal(new MasterFields("smtp", "inet", "n", "-", "y", "-", "-", "smtpd"), service.Fields);
        Assert.Equal((2, 5, 25, null), (service.Line, service.LastLine, service.Port, service.Address));
        Assert.Equal([new MasterOverride("a", "1", 3), new MasterOverride("b", "2", 5)], service.Overrides);
    }

    [Theory]
    [InlineData("smtp", null, 25)]
    [InlineData("25", null, 25)]
    [InlineData("submission", null, 587)]
    [InlineData("587", null, 587)]
    [InlineData("0.0.0.0:587", "0.0.0.0", 587)]
    [InlineData("[::]:465", "::", 465)]
    [InlineData("[ipv6:::1]:465", "::1", 465)]
    [InlineData("127.0.0.1:10025", "127.0.0.1", 10025)]
    [InlineData("localhost:submissions", "localhost", 465)]
    [InlineData("smtps", null, 465)]
    [InlineData(":smtps", null, 465)]
    [InlineData("unheard-of", null, null)]
    public void A_service_name_is_resolved_to_address_and_port(string name, string? address, int? port) =>
        Assert.Equal((address, port), ServiceEndpoint.Parse(name));

    [Fact]
    public void Postscreen_and_the_smtpd_behind_it_are_seen_as_two_services()
    {
        var file = MasterCf.Parse("smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n  -o a=1\nsmtp unix - - y - - smtp\n");
        Assert.Equal("postscreen", Assert.Single(file.OnPort(25)).Command);
        Assert.Equal("1", file.Find("smtpd", "pass")?.Override("a"));
        Assert.Null(file.Find("smtpd", "pass")?.Port);
    }

    [Theory]
    [InlineData(Smtp + "\n  -o a=1\n  -o b=2\n", "3", Smtp + "\n  -o a=3\n  -o b=2\n")]
    [InlineData(Smtp + "\n  -o a=1 -o b=2\n", "3", Smtp + "\n  -o a=3 -o b=2\n")]
    [InlineData(Smtp + "\n  -o a=1\n  -o a=2\n", "3", Smtp + "\n  -o a=3\n")]
    [InlineData(Smtp + "\n  -o a=1\n", "1", Smtp + "\n  -o a=1\n")]
    [InlineData(Smtp + "\n  -o a=1\n", "x y", Smtp + "\n  -o { a = x y }\n")]
    [InlineData(Smtp + "\n  -oa=1\n", "x y", Smtp + "\n  -o { a = x y }\n")]
    [InlineData(Smtp + "\n  -o { a = x\n   y }\n  -o b=2\n", "3", Smtp + "\n  -o a=3\n  -o b=2\n")]
    [InlineData(Smtp + "\n  -o a=1", "", Smtp + "\n  -o a=")]
    [InlineData(Smtp, "3", Smtp + "\n  -o a=3\n")]
    [InlineData(Smtp + "\r\n", "3", Smtp + "\r\n  -o a=3\r\n")]
    [InlineData(Smtp + "\n    -o b=2\n# c\nx\n", "3", Smtp + "\n    -o b=2\n    -o a=3\n# c\nx\n")]
    [InlineData(Smtp + " -v\n  -o b=2\n#  -o c=3\n", "3", Smtp + " -v\n  -o b=2\n  -o a=3\n#  -o c=3\n")]
    [InlineData(Smtp + "\n  -o b=2 x y\n", "3", Smtp + "\n  -o b=2 -o a=3 x y\n")]
    [InlineData(Smtp + "\n  x y\n", "3", Smtp + "\n  -o a=3\n  x y\n")]
    public void Setting_an_override_touches_the_fewest_lines(string before, string value, string after)
    {
        var file = MasterCf.Parse(before);
        Assert.Equal(after, file.SetOverride(file.Services[0], "a", value).ToString());
    }

    [Theory]
    [InlineData(Smtp + "\n  -o a=1\n  -o b=2\n", Smtp + "\n  -o b=2\n")]
    [InlineData(Smtp + "\n  -o a=1 -o b=2\n", Smtp + "\n  -o b=2\n")]
    [InlineData(Smtp + "\n  -o b=2 -o a=1\n", Smtp + "\n  -o b=2\n")]
    [InlineData(Smtp + " -o a=1\n", Smtp + "\n")]
    [InlineData(Smtp + " -vo a=1\n", Smtp + " -v\n")]
    [InlineData(Smtp + "\n  -o\n  a=1\n  -o b=2\n", Smtp + "\n  -o b=2\n")]
    [InlineData(Smtp + "\n  -o a=1\n# c\n  -o a=2", Smtp + "\n# c\n")]
    [InlineData(Smtp + "\n  -o b=2 -o a=1 x\n", Smtp + "\n  -o b=2 x\n")]
    [InlineData(Smtp + "\n  -o a=1 #x\n", Smtp + " #x\n")]
    [InlineData(Smtp + "\n  -o b=2\n", Smtp + "\n  -o b=2\n")]
    public void Removing_an_override_takes_nothing_else(string before, string after)
    {
        var file = MasterCf.Parse(before);
        Assert.Equal(after, file.RemoveOverride(file.Services[0], "a").ToString());
    }

    [Fact]
    public void A_service_is_added_below_its_neighbour_and_above_the_samples()
    {
        var file = MasterCf.Parse(Smtp + "\n  -o x=1\n# samples\n#submission inet n - y - - smtpd\n");
        var after = file.AddService(Submission, [("a", "1"), ("b", ""), ("c", "x, y")], file.Services[0]);
        Assert.Equal(
            Smtp + "\n  -o x=1\nsubmission inet n       -       y       -       -       smtpd\n  -o a=1\n  -o b=\n  -o { c = x, y }\n" +
            "# samples\n#submission inet n - y - - smtpd\n",
            after.ToString());
        Assert.Equal(
            Smtp + "\n" + Smtp.Replace("smtp ", "2525 ", StringComparison.Ordinal) + "\n",
            MasterCf.Parse(Smtp).AddService(Submission with { Name = "2525" }, [], null).ToString());
    }

    [Fact]
    public void Disabling_a_service_comments_out_its_lines()
    {
        var file = MasterCf.Parse(Smtp + "\n# c\n  -o a=1\npickup unix n - y 60 1 pickup\n");
        Assert.Equal($"#{Smtp}\n# c\n#  -o a=1\npickup unix n - y 60 1 pickup\n", file.DisableService(file.Services[0]).ToString());
    }

    [Fact]
    public void What_could_not_be_read_back_is_refused()
    {
        var file = MasterCf.Parse(Smtp);
        Assert.Throws<ArgumentException>(() => file.SetOverride(file.Services[0], "a", "x } y"));
        Assert.Throws<ArgumentException>(() => file.SetOverride(file.Services[0], "a b", "x"));
        Assert.Throws<ArgumentException>(() => file.AddService(Submission with { Name = "a b" }, [], null));
        Assert.Throws<ArgumentException>(() => MasterCf.Parse(Smtp).SetOverride(file.Services[0], "a", "x"));
    }

    [Fact]
    public void Any_text_comes_out_as_it_went_in() =>
        NastyText.Any.Sample(text => MasterCf.Parse(text).ToString() == text);

    [Fact]
    public void Edits_of_one_service_leave_all_others_and_its_other_overrides() =>
        Gen.Select(Entries, Gen.Int[0, 9], NastyText.Value.Where(v => !v.Contains('{') && !v.Contains('}')), Gen.Int[0, 2]).Sample((text, pick, value, edit) =>
        {
            var before = MasterCf.Parse(text);
            if (before.Services.Count == 0)
            {
                return;
            }

            var at = pick % before.Services.Count;
            var service = before.Services[at];
            var after = edit switch
            {
                0 => before.SetOverride(service, "a", value),
                1 => before.RemoveOverride(service, "a"),
                _ => before.AddService(Submission, [("a", value)], service),
            };
            var rest = after.Services.ToList();
            if (edit == 2)
            {
                Assert.Equal(value, rest[at + 1].Override("a"), Words);
                rest.RemoveAt(at + 1);
            }
            else
            {
                Assert.Equal(edit == 0 ? value : null, rest[at].Override("a"), Words);
                Assert.Equal(after.ToString(), (edit == 0 ? after.SetOverride(rest[at], "a", value) : after.RemoveOverride(rest[at], "a")).ToString());
            }

            Assert.Equal(before.Services.Select(s => Shape(s, edit == 2)), rest.Select(s => Shape(s, edit == 2)));
        });

    private static readonly Gen<string> Entries = NastyText.Pick(
        "smtp inet n - y - - smtpd", "465 inet n - y - - smtpd", "a unix - - n - - pipe", " -v", " -o a=1", " -oa=2", " -o b=2", "\n  -o { a = x y }",
        "\n  -o { b = x\n  y }", "\n  -o a=3", "\n\t-o b=", "\n", "\r\n", "\n# c", "\n  # d", " x", "\n  #y", "\n  y", "\n\n", " -vo a=4", " #z", " -o", "\n  -o").Array[0, 20]
        .Select(string.Concat);

    private static bool Words(string? a, string? b) => a is null ? b is null : b is not null && NameValue.SameWords(a, b);

    private static string Shape(MasterService service, bool all) => string.Join(
        '|',
        [service.Fields.ToString(), .. service.Overrides.Where(o => all || o.Name != "a").Select(o => $"{o.Name}={o.Value}"), .. Plain(service)]);

    private static IEnumerable<string> Plain(MasterService service) =>
        service.Arguments.Where(a => !a.Contains('=') && !a.StartsWith("-o", StringComparison.Ordinal) && a != "-vo" && a != "-v");
}
