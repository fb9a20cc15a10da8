using CsCheck;
using MailTlsState.Services;
using Xunit;

namespace MailTlsState.Tests.Services;

/// <summary>A change comes back out of a text by its diff, also where the text was edited elsewhere; where it is not certain, nothing is done.</summary>
public class ReversePatchTests
{
    private const string Before = "a\nb\nc\nd\ne\nf\ng\nh\n";
    private const string After = "a\nb\nc\nD\ne\nf\ng\nh\ni\n";

    [Fact]
    public void Taking_any_diff_back_gives_the_former_text_byte_for_byte()
    {
        var line = NastyText.Pick("a\n", "b\n", "c = 1\n", "\n", "# x\n", "\xe9\xff\n", "  -o y=1\r\n");
        Gen.Select(line.Array[0, 12], line.Array[0, 12], NastyText.Pick("", "last"), NastyText.Pick("", "last")).Sample(texts =>
        {
            var before = string.Concat(texts.Item1) + texts.Item3;
            var after = string.Concat(texts.Item2) + texts.Item4;
            var back = Find(before, after, after);
            Assert.Empty(back.Unmatched);
            Assert.Equal(before, ReversePatch.Apply(after, back.Replacements));
        });
    }

    [Fact]
    public void Lines_that_were_added_around_it_since_stay()
    {
        var line = NastyText.Pick("new\n", "# other\n");
        Gen.Select(line.Array[0, 3], line.Array[0, 3]).Sample(added =>
        {
            var (top, end) = (string.Concat(added.Item1), string.Concat(added.Item2));
            var back = Find(Before, After, top + After + end);
            Assert.Empty(back.Unmatched);
            Assert.Equal(top + Before + end, ReversePatch.Apply(top + After + end, back.Replacements));
        });
    }

    [Theory]
    [InlineData("a\nb\nc\nD\ne2\nf\ng\nh\ni\n", "a\nb\nc\nd\ne2\nf\ng\nh\n")]
    [InlineData("a\nb\nc\nD\nf\ng\nh\ni\n", "a\nb\nc\nd\nf\ng\nh\n")]
    public void An_edit_of_the_lines_around_it_does_no_harm(string edited, string expected)
    {
        var back = Find(Before, After, edited);
        Assert.Empty(back.Unmatched);
        Assert.Equal(expected, ReversePatch.Apply(edited, back.Replacements));
    }

    [Theory]
    [InlineData("a\nb\nc\nD2\ne\nf\ng\nh\ni\n", 4)]
    [InlineData("x\na\nb\nc\ne\nf\ng\nh\ni\n", 5)]
    public void A_line_of_its_own_that_was_edited_or_removed_is_named(string edited, int line)
    {
        var unmatched = Assert.Single(Find(Before, After, edited).Unmatched);
        Assert.Equal((line, false), (unmatched.Line, unmatched.Ambiguous));
    }

    [Fact]
    public void Two_places_that_fit_are_refused_unless_everything_around_decides()
    {
        // The lines around were edited, and the added line is there twice.
        Assert.True(Assert.Single(Find("a\nb\n", "a\nx\nb\n", "x\n1\nx\n2\n").Unmatched).Ambiguous);

        // Twice with all that is around: its place in the file says which.
        var back = Find("a\nb\na\nb\n", "a\nx\nb\na\nx\nb\n", "a\nx\nb\na\nx\nb\n");
        Assert.Equal("a\nb\na\nb\n", ReversePatch.Apply("a\nx\nb\na\nx\nb\n", back.Replacements));
    }

    [Fact]
    public void A_removed_line_comes_back_between_its_neighbours_and_nowhere_else()
    {
        var back = Find("a\nb\nc\n", "a\nc\n", "0\na\nc\n1\n");
        Assert.Equal("0\na\nb\nc\n1\n", ReversePatch.Apply("0\na\nc\n1\n", back.Replacements));
        Assert.Single(Find("a\nb\nc\n", "a\nc\n", "a\nelse\n").Unmatched);
    }

    [Fact]
    public void What_is_back_already_is_left_as_it_is()
    {
        var back = Find(Before, After, Before);
        Assert.Empty(back.Unmatched);
        Assert.Empty(back.Replacements);
        var half = Find(Before, After, "a\nb\nc\nd\ne\nf\ng\nh\ni\n");
        Assert.Empty(half.Unmatched);
        Assert.Equal(Before, ReversePatch.Apply("a\nb\nc\nd\ne\nf\ng\nh\ni\n", half.Replacements));
    }

    [Theory]
    [InlineData("@@ -1 +1 @@\n?what\n")]
    [InlineData("@@ -1\n a\n")]
    public void What_is_no_diff_is_refused(string text) => Assert.Throws<FormatException>(() => DiffRuns.Parse(text));

    private static Reversal Find(string before, string after, string now) => ReversePatch.Find(DiffRuns.Parse(UnifiedDiff.Create(before, after, "x", "x")), now);
}
