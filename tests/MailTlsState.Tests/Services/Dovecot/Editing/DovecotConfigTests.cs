using CsCheck;
using MailTlsState.Services.Dovecot.Editing;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot.Editing;

public sealed class DovecotConfigTests
{
    [Theory]
    [InlineData("a = b\n", "b", DovecotValueKind.Text)]
    [InlineData("a=b", "b", DovecotValueKind.Text)]
    [InlineData("\t a =  b c \t\r\n", "b c", DovecotValueKind.Text)]
    [InlineData("a = b\r", "b", DovecotValueKind.Text)]
    [InlineData("a = b # c\n", "b", DovecotValueKind.Text)]
    [InlineData("a = b#c\n", "b", DovecotValueKind.Text)]
    [InlineData("a = \"b # c\" # d\n", "b # c", DovecotValueKind.Text)]
    [InlineData("a = 'b \\' c'\n", "b ' c", DovecotValueKind.Text)]
    [InlineData("a = it's # b\n", "it's # b", DovecotValueKind.Text)]
    [InlineData("a = \"b\n", "\"b", DovecotValueKind.Text)]
    [InlineData("a = \"b\" c\n", "\"b\" c", DovecotValueKind.Text)]
    [InlineData("a = b \\\n  c\\\n\td\n", "b c d", DovecotValueKind.Text)]
    [InlineData("a \\\n= b\n", "b", DovecotValueKind.Text)]
    [InlineData("a = <  /b # c\n", "</b", DovecotValueKind.File)]
    [InlineData("a = $b c\n", "$b c", DovecotValueKind.Expression)]
    [InlineData("a = \"$b\"\n", "$b", DovecotValueKind.Text)]
    [InlineData("a =\n", "", DovecotValueKind.Text)]
    [InlineData("a = \xe4\xa0\n", "\xe4\xa0", DovecotValueKind.Text)]
    [InlineData("\"a\" = b\n", "b", DovecotValueKind.Text)]
    public void A_value_is_read_as_dovecot_reads_it(string text, string value, DovecotValueKind kind)
    {
        var setting = Assert.IsType<DovecotSetting>(Assert.Single(Parse(text).Nodes));
        Assert.Equal(("a", value, kind), (setting.Name, setting.Value, setting.Kind));
    }

    [Theory]
    [InlineData("a = b \\\n# c\nd = e\n")]
    [InlineData("a = b \\\n\nd = e\n")]
    public void A_continued_line_is_lost_when_a_comment_or_blank_line_follows(string text) =>
        Assert.Equal("d", Assert.Single(Parse(text).Nodes.OfType<DovecotSetting>()).Name);

    [Fact]
    public void Blocks_hold_their_statements_and_know_their_lines()
    {
        var nodes = Parse("service imap-login {\n  # c\n  inet_listener \"imaps\" {\n    port = 0\n  }\n}\nlocal_name \"a b\" {\n!include x\n").Nodes;
        var service = Assert.IsType<DovecotBlock>(nodes[0]);
        Assert.Equal(("service imap-login", 1, 6, true), (service.Header.ToString(), service.Line, service.EndLine, service.Closed));
        var listener = Assert.IsType<DovecotBlock>(service.Children[1]);
        Assert.Equal(new DovecotHeader("inet_listener", "imaps"), listener.Header);
        Assert.Equal(4, Assert.Single(listener.Children).Line);
        var name = Assert.IsType<DovecotBlock>(nodes[1]);
        Assert.Equal(("a b", false), (name.Header.Argument, name.Closed));
        Assert.Equal(new DovecotInclude("x", false, 8, 8), Assert.Single(name.Children));
    }

    [Theory]
    [InlineData("a{\n", "expecting '{'")]
    [InlineData("a b c {\n", "expecting '{'")]
    [InlineData("a += b\n", "expecting '{'")]
    [InlineData("a { b = c }\n", "garbage after '{'")]
    [InlineData("}\n", "unexpected '}'")]
    public void What_dovecot_refuses_is_a_fault(string text, string problem) =>
        Assert.Equal(problem, Assert.IsType<DovecotFault>(Assert.Single(Parse(text).Nodes)).Problem);

    [Fact]
    public void Includes_are_made_absolute() =>
        Assert.Equal(
            ["/etc/dovecot/conf.d/*.conf", "/x"],
            Parse("!include conf.d/*.conf\na b {\n  !include_try /x # c\n}\n").Includes.Select(i => i.Pattern));

    [Theory]
    [InlineData("a = 1\nb = 2\n", 1, "b = 2\n")]
    [InlineData("a = 1 \\\n 2\nb = 2\n", 1, "b = 2\n")]
    [InlineData("local_name x {\n  a = 1\n  b = 2\n}\n", 2, "local_name x {\n  b = 2\n}\n")]
    [InlineData("x = 1\nlocal_name x {\n\n  a = 1\n}\ny = 1\n", 4, "x = 1\ny = 1\n")]
    [InlineData("local_name x {\n  # mine\n  a = 1\n}\n", 3, "local_name x {\n  # mine\n}\n")]
    [InlineData("local 10.0.0.1 {\nlocal_name x {\na = 1\n}\n}\n", 3, "")]
    [InlineData("service x {\n  a = 1\n}\n", 2, "service x {\n}\n")]
    [InlineData("local_name x {\n  a = 1\n", 2, "local_name x {\n")]
    public void Removing_a_setting_takes_whole_lines_and_an_empty_filter(string before, int line, string after) =>
        Assert.Equal(after, Parse(before).RemoveSettings(line).ToString());

    [Fact]
    public void Several_settings_are_removed_by_their_old_lines() =>
        Assert.Equal("b = 2\n", Parse("a = 1\nb = 2\nprotocol imap {\n  a = 1\n  c = 1\n}\na = 3").RemoveSettings(1, 4, 5, 7).ToString());

    [Fact]
    public void Removing_what_is_no_setting_is_refused() => Assert.Throws<ArgumentException>(() => Parse("# a\n").RemoveSettings(1));

    [Theory]
    [InlineData("a = 1 # why\n", "b = 2 # why\n")]
    [InlineData("\ta = \"1 # 2\" \t# why\r\n", "\tb = 2 \t# why\r\n")]
    [InlineData("a = 1 \\\n 2\nc = 1", "b = 2\nc = 1")]
    [InlineData("c = 1\na = 1", "c = 1\nb = 2")]
    public void A_setting_is_written_anew_where_it_stands(string before, string after)
    {
        var config = Parse(before);
        var line = config.Statements.OfType<DovecotSetting>().Single(s => s.Name == "a").Line;
        Assert.Equal(after, config.Edit(new Dictionary<int, string?> { [line] = "b = 2" }).ToString());
    }

    [Fact]
    public void Blocks_deeper_than_a_stack_are_read_and_edited()
    {
        var deep = string.Concat(Enumerable.Repeat("local_name x {\n", 200_000)) + "a = 1\n" + string.Concat(Enumerable.Repeat("}\n", 200_000));
        Assert.Equal("", Parse(deep).RemoveSettings(200_001).ToString());
    }

    [Theory]
    [InlineData("a = 1", "a = 1\nx = 1\n")]
    [InlineData("a = 1\r\n", "a = 1\r\nx = 1\r\n")]
    [InlineData("a = 1 \\\n", "a = 1 \\\n\nx = 1\n")]
    [InlineData("", "x = 1\n")]
    public void A_line_is_appended_at_the_end(string before, string after) =>
        Assert.Equal(after, Parse(before).AppendLine("x = 1").ToString());

    [Fact]
    public void Any_text_comes_out_as_it_went_in() => NastyText.Any.Sample(text => Parse(text).ToString() == text);

    [Fact]
    public void Removing_settings_leaves_all_others() =>
        Gen.Select(NastyText.Any, NastyText.Any).Sample((left, right) =>
        {
            var text = $"{left}\n\na = 1\nlocal_name x {{\nb = 2\n}}\n{right}";
            var before = Settings(text);
            var gone = Parse(text).Statements.OfType<DovecotSetting>().Where(s => s.Name == "a").Select(s => s.Line).ToList();
            var after = Settings(Parse(text).RemoveSettings(gone).ToString());
            Assert.Equal(before.Where(s => s.Name != "a"), after);
        });

    [Fact]
    public void A_hundred_thousand_lines_are_edited_in_well_under_a_second()
    {
        var text = string.Concat(Enumerable.Range(0, 25_000).Select(i => $"local_name m{i} {{\n  ssl_cert = </x\n# c\n}}\n"));
        var clock = ThreadTime.Start();
        Parse(text).RemoveSettings(Enumerable.Range(0, 25_000).Select(i => i * 4 + 2));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"{clock.Elapsed}");
    }

    private static DovecotConfig Parse(string text) => DovecotConfig.Parse("/etc/dovecot/dovecot.conf", text);

    private static List<(string Name, string Value)> Settings(string text) =>
        [.. Parse(text).Statements.OfType<DovecotSetting>().Select(s => (s.Name, s.Value))];
}
