using CsCheck;
using MailTlsState.Services;
using MailTlsState.Services.Postfix.Editing;
using Xunit;

namespace MailTlsState.Tests.Services.Postfix.Editing;

public sealed class MainCfTests
{
    private const string Heading = "# managed";

    [Theory]
    [InlineData("a = 1\n", "a", "1")]
    [InlineData("a=1", "a", "1")]
    [InlineData("a\t =\t 1 \t\n", "a", "1")]
    [InlineData("a = 1\r\n", "a", "1")]
    [InlineData("a =\n", "a", "")]
    [InlineData("a = 1\n  2\n", "a", "1  2")]
    [InlineData("a = 1,\n# c\n\n \t\n # d\n\t2\n", "a", "1,\t2")]
    [InlineData("a\n = 1\n", "a", "1")]
    [InlineData("a = 1\na = 2\n", "a", "2")]
    [InlineData("a = b = c\n", "a", "b = c")]
    [InlineData("a = 1 # 2\n", "a", "1 # 2")]
    [InlineData("a = \xe9\xff\xa0\n", "a", "\xe9\xff\xa0")]
    [InlineData("  a = 1\nb = 2\n", "a", null)]
    [InlineData("  x = 1\n  y = 2\nb = 2\n", "b", "2")]
    [InlineData("#a = 1\n", "a", null)]
    [InlineData("a 1\nb = 2\n", "b", "2")]
    [InlineData("a = 1\0 2\n", "a", "1")]
    [InlineData("", "a", null)]
    public void A_setting_is_read_as_the_daemon_reads_it(string text, string name, string? value) =>
        Assert.Equal(value, MainCf.Parse(text).Get(name));

    [Fact]
    public void Entries_carry_the_number_of_their_first_line() =>
        Assert.Equal(
            [new MainCfEntry("a", "1  2", 2), new MainCfEntry("b", "3", 5)],
            MainCf.Parse("# x\na = 1\n\n  2\nb=3").Entries);

    [Theory]
    [InlineData("a=1\nb = 2\n", "a", "3", "a=3\nb = 2\n")]
    [InlineData("a   =  1\n", "a", "3", "a   =  3\n")]
    [InlineData("a = 1\r\nb = 2\r\n", "a", "3", "a = 3\r\nb = 2\r\n")]
    [InlineData("a = 1", "a", "3", "a = 3")]
    [InlineData("a =\nb = 1\n", "a", "3", "a = 3\nb = 1\n")]
    [InlineData("a=\n", "a", "3", "a=3\n")]
    [InlineData("a = 1\n", "a", "", "a =\n")]
    [InlineData("a = 1,\n# c\n  2\nb = 1\n", "a", "3", "a = 3\n# c\nb = 1\n")]
    [InlineData("a\n = 1\n", "a", "3", "a = 3\n")]
    [InlineData("a = 1\n# c\na = 2\n", "a", "3", "# c\na = 3\n")]
    [InlineData("a = 1\n 1\n# c\na = 2\n", "a", "2", "# c\na = 2\n")]
    [InlineData("a = x,  y\n", "a", "x, y", "a = x,  y\n")]
    [InlineData("a = x,\n  y\n", "a", "x, y", "a = x,\n  y\n")]
    [InlineData("b = 1", "a", "3", "b = 1\na = 3\n")]
    [InlineData("b = 1\r\n", "a", "3", "b = 1\r\na = 3\r\n")]
    [InlineData("b = 1\n\n# end\n", "a", "3", "b = 1\n\n# end\na = 3\n")]
    [InlineData("", "a", "3", "a = 3\n")]
    [InlineData("  orphan = 1\n", "a", "3", "  orphan = 1\na = 3\n")]
    public void Setting_touches_the_fewest_lines(string before, string name, string value, string after) =>
        Assert.Equal(after, MainCf.Parse(before).Set(name, value).ToString());

    [Fact]
    public void New_settings_come_in_one_block_below_their_heading()
    {
        var first = MainCf.Parse("x = 1\nb = 1\n").SetAll([("a", "1"), ("b", "2"), ("c", "3"), ("gone", null)], Heading);
        Assert.Equal("x = 1\nb = 2\n\n# managed\na = 1\nc = 3\n", first.ToString());

        var later = MainCf.Parse(first + "\n# mine\ny = 1\n").SetAll([("d", "4"), ("x", null)], Heading);
        Assert.Equal("b = 2\n\n# managed\na = 1\nc = 3\nd = 4\n\n# mine\ny = 1\n", later.ToString());
    }

    [Fact]
    public void A_line_that_continues_nothing_does_not_come_to_continue_a_new_setting()
    {
        var file = MainCf.Parse($"{Heading}\n\n  more\na = 1\n").SetAll([("b", "2")], Heading);
        Assert.Equal(("1", "2"), (file.Get("a"), file.Get("b")));
        Assert.Equal($"{Heading}\n\n  more\na = 1\nb = 2\n", file.ToString());
    }

    [Fact]
    public void A_form_feed_is_part_of_a_word() => Assert.Equal("a = b c\n", MainCf.Parse("a = b\n\f c\n").Set("a", "b c").ToString());

    [Fact]
    public void A_heading_inside_a_value_does_not_cut_the_value_in_two()
    {
        var file = MainCf.Parse("a = 1,\n# managed\n  2\nb = 1\n").SetAll([("c", "3")], Heading);
        Assert.Equal("1,  2", file.Get("a"));
        Assert.Equal("a = 1,\n# managed\n  2\nb = 1\nc = 3\n", file.ToString());
    }

    [Theory]
    [InlineData("", "1")]
    [InlineData("a b", "1")]
    [InlineData("a=b", "1")]
    [InlineData("#a", "1")]
    [InlineData("a", "1\n2")]
    [InlineData("a", "\u20ac")]
    public void What_could_not_be_read_back_is_refused(string name, string value) =>
        Assert.Throws<ArgumentException>(() => MainCf.Parse("").Set(name, value));

    [Fact]
    public void Any_text_comes_out_as_it_went_in() =>
        NastyText.Any.Sample(text => MainCf.Parse(text).ToString() == text);

    [Fact]
    public void What_is_set_can_be_got_and_every_other_setting_stays() =>
        Gen.Select(NastyText.Any, NastyText.Name, NastyText.Value).Sample((text, name, value) =>
        {
            var before = MainCf.Parse(text);
            var after = before.Set(name, value);
            Assert.True(NameValue.SameWords(value, after.Get(name)));
            Assert.Equal(
                before.Entries.Where(e => e.Name != name).Select(e => (e.Name, e.Value)),
                after.Entries.Where(e => e.Name != name).Select(e => (e.Name, e.Value)));
            Assert.Single(after.Entries, e => e.Name == name);
            Assert.Equal(after.ToString(), after.Set(name, value).ToString());
        });

    [Fact]
    public void Lines_outside_the_edited_setting_stay_byte_for_byte() =>
        Gen.Select(NastyText.Any, NastyText.Name, NastyText.Value).Sample((text, name, value) =>
        {
            var owned = LogicalLines.Parse(text).Entries
                .Where(l => !l.IsOrphan && NameValue.TrySplit(l.Text, out var n, out _) && n == name)
                .SelectMany(l => l.Physical).ToHashSet();
            var others = TextLines.Split(text).Where((_, i) => !owned.Contains(i)).Select(l => l.TrimEnd('\n', '\r')).ToList();
            var left = TextLines.Split(MainCf.Parse(text).Remove(name).ToString()).Select(l => l.TrimEnd('\n', '\r'));
            Assert.Equal(others, left);
            var set = TextLines.Split(MainCf.Parse(text).Set(name, value).ToString()).Select(l => l.TrimEnd('\n', '\r')).ToList();
            var at = 0;
            Assert.All(others, line =>
            {
                at = set.IndexOf(line, at) + 1;
                Assert.True(at > 0);
            });
        });

    [Fact]
    public void Removing_leaves_no_entry() =>
        Gen.Select(NastyText.Any, NastyText.Name).Sample((text, name) => MainCf.Parse(text).Remove(name).Get(name) is null);

    [Fact]
    public void Setting_all_twice_changes_nothing_more() =>
        Gen.Select(NastyText.Any, Gen.Select(NastyText.Name, NastyText.Value).Array[0, 5], Gen.Bool).Sample((text, settings, drop) =>
        {
            (string, string?)[] all = [.. settings.Select(s => (s.Item1, drop && s.Item2.Length == 0 ? null : s.Item2))];
            var once = MainCf.Parse(text).SetAll(all, Heading);
            Assert.Equal(once.ToString(), once.SetAll(all, Heading).ToString());
        });

    [Fact]
    public void A_hundred_thousand_lines_are_edited_in_well_under_a_second()
    {
        var text = string.Concat(Enumerable.Range(0, 50_000).Select(i => $"name{i} = value\n  more\n"));
        var clock = ThreadTime.Start();
        MainCf.Parse(text).SetAll(Enumerable.Range(0, 2000).Select(i => ($"name{i * 50}", (string?)"x")), Heading);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(2), $"{clock.Elapsed}");
    }
}
