using System.Diagnostics;
using System.Text;
using CsCheck;
using MailTlsState.Services;
using Xunit;

namespace MailTlsState.Tests.Services;

public sealed class UnifiedDiffTests
{
    private static readonly Gen<string> Lines =
        NastyText.Pick("a\n", "b\n", "c\r\n", "\n", "d", "\xff\n", "-- x\n", "e\n", "f\n").Array[0, 30].Select(string.Concat);

    [Fact]
    public void Equal_texts_have_no_diff() => Assert.Equal("", UnifiedDiff.Create("a\n", "a\n", "x", "x"));

    [Fact]
    public void A_changed_line_is_shown_with_its_context() =>
        Assert.Equal(
            "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n",
            UnifiedDiff.Create("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", "a/f", "b/f"));

    [Theory]
    [InlineData("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n")]
    [InlineData("a\n", "", "@@ -1 +0,0 @@\n-a\n")]
    [InlineData("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n")]
    [InlineData("a\nb", "c\nb", "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n")]
    [InlineData("a\r\n", "a\n", "@@ -1 +1 @@\n-a\r\n+a\n")]
    public void Empty_files_and_missing_final_newlines_are_marked(string old, string now, string hunks) =>
        Assert.Equal("--- x\n+++ y\n" + hunks, UnifiedDiff.Create(old, now, "x", "y"));

    [Fact]
    public void Far_changes_get_hunks_of_their_own_and_near_ones_share_one()
    {
        static string Text(params int[] changed) => string.Concat(Enumerable.Range(1, 20).Select(i => changed.Contains(i) ? $"x{i}\n" : $"{i}\n"));
        Assert.Equal(1, Hunks(Text(), Text(3, 10)));
        Assert.Equal(2, Hunks(Text(), Text(3, 11)));
    }

    [Fact]
    public void Patch_makes_the_new_text_out_of_the_old_one()
    {
        var folder = Directory.CreateTempSubdirectory("mailtls-diff");
        try
        {
            Gen.Select(Lines, Lines, Gen.Int[0, 3]).Sample(
                (old, now, context) =>
                {
                    var diff = UnifiedDiff.Create(old, now, "file", "file", context);
                    Assert.Equal(now, Apply(old, diff));
                    Assert.Equal(Differing(old, now), diff.Split('\n').Skip(2).Count(l => l.Length > 0 && l[0] is '-' or '+'));
                },
                iter: 3000);
            Gen.Select(Lines, Lines).Sample((old, now) => Assert.Equal(now, Patch(folder.FullName, old, now)), iter: 15, threads: 1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_hundred_thousand_lines_are_compared_in_seconds_whatever_they_hold()
    {
        var random = new Random(1);
        string Text(int kinds) => string.Concat(Enumerable.Range(0, 100_000).Select(_ => $"{random.Next(kinds)}\n"));
        foreach (var (old, now) in new[] { (Text(2), Text(2)), (Text(50_000), Text(50_000)), (Text(1_000_000), Text(1_000_000)) })
        {
            var clock = ThreadTime.Start();
            Assert.Equal(now, Apply(old, UnifiedDiff.Create(old, now, "x", "y")));
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}");
        }
    }

    private static int Hunks(string old, string now) =>
        UnifiedDiff.Create(old, now, "x", "y").Split('\n').Count(l => l.StartsWith("@@", StringComparison.Ordinal));

    /// <summary>Applies a diff by its own numbers, strictly.</summary>
    private static string Apply(string old, string diff)
    {
        var source = Cut(old);
        var result = new StringBuilder();
        var at = 0;
        var lines = Cut(diff);
        for (var i = 2; i < lines.Count; i++)
        {
            if (lines[i].StartsWith("@@ -", StringComparison.Ordinal))
            {
                var range = lines[i].Split(' ')[1][1..].Split(',');
                var start = int.Parse(range[0], null) - (range is [_, "0"] ? 0 : 1);
                result.Append(string.Concat(source[at..start]));
                at = start;
                continue;
            }

            if (lines[i][0] == '\\')
            {
                continue;
            }

            var cut = i + 1 < lines.Count && lines[i + 1][0] == '\\';
            var text = cut ? lines[i][1..^1] : lines[i][1..];
            if (lines[i][0] is ' ' or '-')
            {
                Assert.Equal(source[at++], text);
            }

            if (lines[i][0] is ' ' or '+')
            {
                result.Append(text);
            }
        }

        return result.Append(string.Concat(source[at..])).ToString();
    }

    private static string Patch(string folder, string old, string now)
    {
        var file = Path.Combine(folder, "file");
        File.WriteAllText(file, old, Encoding.Latin1);
        File.WriteAllText(file + ".diff", UnifiedDiff.Create(old, now, "file", "file"), Encoding.Latin1);
        if (old == now)
        {
            return now;
        }

        var start = new ProcessStartInfo("patch") { WorkingDirectory = folder, RedirectStandardOutput = true };
        foreach (var argument in new[] { "--binary", "--no-backup-if-mismatch", "-s", "-i", "file.diff", "file" })
        {
            start.ArgumentList.Add(argument);
        }

        using var patch = Process.Start(start) ?? throw new InvalidOperationException("patch did not start");
        var output = patch.StandardOutput.ReadToEnd();
        patch.WaitForExit();
        Assert.True(patch.ExitCode == 0, output);
        return File.Exists(file) ? File.ReadAllText(file, Encoding.Latin1) : "";
    }

    /// <summary>The fewest lines that differ, by the quadratic textbook table.</summary>
    private static int Differing(string old, string now)
    {
        var (a, b) = (Cut(old), Cut(now));
        var table = new int[a.Count + 1, b.Count + 1];
        for (var i = a.Count - 1; i >= 0; i--)
        {
            for (var j = b.Count - 1; j >= 0; j--)
            {
                table[i, j] = a[i] == b[j] ? table[i + 1, j + 1] + 1 : Math.Max(table[i + 1, j], table[i, j + 1]);
            }
        }

        return a.Count + b.Count - 2 * table[0, 0];
    }

    private static List<string> Cut(string text)
    {
        var lines = text.Split('\n').Select(l => l + "\n").ToList();
        lines[^1] = lines[^1][..^1];
        if (lines[^1].Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        return lines;
    }
}
