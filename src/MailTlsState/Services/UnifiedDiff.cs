using System.Globalization;
using System.Text;

namespace MailTlsState.Services;

/// <summary>Differences of two texts in the unified format of <c>diff -u</c> (POSIX.1-2008, XCU, diff), which <c>patch</c> applies.</summary>
public static class UnifiedDiff
{
    /// <summary>
    /// The differences, or an empty string when there are none. A line ends at a line feed and nowhere else; every other
    /// character is carried over as it is.
    /// </summary>
    /// <param name="oldText">Text before.</param>
    /// <param name="newText">Text after.</param>
    /// <param name="oldLabel">Shown behind <c>---</c>, for example a path.</param>
    /// <param name="newLabel">Shown behind <c>+++</c>.</param>
    /// <param name="context">Unchanged lines shown around a difference.</param>
    public static string Create(string oldText, string newText, string oldLabel, string newLabel, int context = 3)
    {
        ArgumentNullException.ThrowIfNull(oldText);
        ArgumentNullException.ThrowIfNull(newText);
        ArgumentOutOfRangeException.ThrowIfNegative(context);
        if (oldText == newText)
        {
            return "";
        }

        var old = TextLines.Split(oldText);
        var now = TextLines.Split(newText);
        var regions = LineDifference.Compute(old, now);
        var text = new StringBuilder();
        text.Append("--- ").Append(oldLabel).Append('\n').Append("+++ ").Append(newLabel).Append('\n');
        for (var i = 0; i < regions.Count;)
        {
            var last = i;
            while (last + 1 < regions.Count && regions[last + 1].OldStart - regions[last].OldEnd <= 2 * context)
            {
                last++;
            }

            AppendHunk(text, old, now, regions, i, last, context);
            i = last + 1;
        }

        return text.ToString();
    }

    private static void AppendHunk(
        StringBuilder text, string[] old, string[] now, List<LineRegion> regions, int first, int last, int context)
    {
        var before = Math.Min(context, regions[first].OldStart);
        var after = Math.Min(context, old.Length - regions[last].OldEnd);
        var oldStart = regions[first].OldStart - before;
        var newStart = regions[first].NewStart - before;
        var oldEnd = regions[last].OldEnd + after;
        text.Append("@@ -").Append(Range(oldStart, oldEnd - oldStart))
            .Append(" +").Append(Range(newStart, regions[last].NewEnd + after - newStart)).Append(" @@\n");
        var at = oldStart;
        for (var i = first; i <= last; i++)
        {
            Append(text, ' ', old, at, regions[i].OldStart);
            Append(text, '-', old, regions[i].OldStart, regions[i].OldEnd);
            Append(text, '+', now, regions[i].NewStart, regions[i].NewEnd);
            at = regions[i].OldEnd;
        }

        Append(text, ' ', old, at, oldEnd);
    }

    /// <summary>An empty range names the line before it, a range of one line leaves out its length.</summary>
    private static string Range(int start, int count) => count switch
    {
        0 => string.Create(CultureInfo.InvariantCulture, $"{start},0"),
        1 => string.Create(CultureInfo.InvariantCulture, $"{start + 1}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{start + 1},{count}"),
    };

    private static void Append(StringBuilder text, char mark, string[] lines, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            text.Append(mark).Append(lines[i]);
            if (!lines[i].EndsWith('\n'))
            {
                text.Append("\n\\ No newline at end of file\n");
            }
        }
    }
}
