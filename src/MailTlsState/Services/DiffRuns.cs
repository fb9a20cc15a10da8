using System.Globalization;

namespace MailTlsState.Services;

/// <summary>One run of differing lines of a unified diff. Every line carries its own terminator.</summary>
/// <param name="NewStart">Index, from 0, of the first added line in the text after the change (where it would be, when none was added).</param>
/// <param name="Removed">Lines of the text before.</param>
/// <param name="Added">Lines of the text after.</param>
/// <param name="Before">Lines that precede it in the text after, as far as the diff shows them.</param>
/// <param name="After">Lines that follow it in the text after.</param>
public sealed record DiffRun(int NewStart, IReadOnlyList<string> Removed, IReadOnlyList<string> Added, IReadOnlyList<string> Before, IReadOnlyList<string> After)
{
    /// <summary>Lines that precede it in the text before the change.</summary>
    public IReadOnlyList<string> OldBefore { get; init; } = Before;

    /// <summary>Lines that follow it in the text before the change.</summary>
    public IReadOnlyList<string> OldAfter { get; init; } = After;
}

/// <summary>Reads what <see cref="UnifiedDiff"/> wrote.</summary>
public static class DiffRuns
{
    private const string NoNewline = "\\ No newline";

    /// <summary>The runs in their order.</summary>
    /// <exception cref="FormatException">It is no unified diff.</exception>
    public static IReadOnlyList<DiffRun> Parse(string diff)
    {
        ArgumentNullException.ThrowIfNull(diff);
        var runs = new List<DiffRun>();
        List<(char Mark, string Text)>? hunk = null;
        var start = 0;
        foreach (var line in TextLines.Split(diff))
        {
            if (line.StartsWith("@@ -", StringComparison.Ordinal))
            {
                Flush();
                (hunk, start) = ([], NewStart(line));
            }
            else if (hunk is null)
            {
                // The two lines with the labels.
            }
            else if (line.StartsWith(NoNewline, StringComparison.Ordinal) && hunk.Count > 0)
            {
                hunk[^1] = (hunk[^1].Mark, hunk[^1].Text.TrimEnd('\n'));
            }
            else
            {
                hunk.Add(line[0] is ' ' or '-' or '+' ? (line[0], line[1..]) : throw new FormatException($"a line of the diff begins with {line[0]}"));
            }
        }

        Flush();
        return runs;

        void Flush()
        {
            if (hunk is not null)
            {
                runs.AddRange(Split(hunk, start));
            }
        }
    }

    private static IEnumerable<DiffRun> Split(List<(char Mark, string Text)> hunk, int start)
    {
        // Indexes below count lines of the text after.
        var now = hunk.Where(l => l.Mark != '-').Select(l => l.Text).ToList();
        var old = hunk.Where(l => l.Mark != '+').Select(l => l.Text).ToList();
        var (at, oldAt) = (0, 0);
        for (var i = 0; i < hunk.Count;)
        {
            if (hunk[i].Mark == ' ')
            {
                (i, at, oldAt) = (i + 1, at + 1, oldAt + 1);
                continue;
            }

            var run = hunk.Skip(i).TakeWhile(l => l.Mark != ' ').ToList();
            var added = run.Where(l => l.Mark == '+').Select(l => l.Text).ToList();
            var removed = run.Where(l => l.Mark == '-').Select(l => l.Text).ToList();
            yield return new DiffRun(start + at, removed, added, now[..at], now[(at + added.Count)..])
            {
                OldBefore = old[..oldAt],
                OldAfter = old[(oldAt + removed.Count)..],
            };
            (i, at, oldAt) = (i + run.Count, at + added.Count, oldAt + removed.Count);
        }
    }

    // "@@ -a,b +c,d @@": an empty range names the line before it.
    private static int NewStart(string header)
    {
        var range = header.Split(' ') is [_, _, ['+', .. var after], ..] ? after.Split(',') : throw new FormatException("a hunk's header is damaged");
        var line = int.Parse(range[0], NumberStyles.None, CultureInfo.InvariantCulture);
        return range is [_, "0"] ? line : line - 1;
    }
}
