namespace MailTlsState.Services.Postfix.Editing;

/// <summary>
/// The lines of a Postfix configuration file and the logical lines that they form, as <c>readllines()</c> reads them
/// (Postfix 3.5 to 3.11, <c>util/readlline.c</c>): blank lines and lines whose first character is <c>#</c> vanish
/// wherever they stand, between continuation lines too; any other line that starts with white space continues the last one.
/// </summary>
internal sealed class LogicalLines
{
    private LogicalLines(string[] lines, List<LogicalLine> entries)
    {
        Lines = lines;
        Entries = entries;
    }

    /// <summary>Physical lines, each with its terminator; their concatenation is the text.</summary>
    public string[] Lines { get; }

    /// <summary>Logical lines in the order of the text, those that the daemon drops included.</summary>
    public IReadOnlyList<LogicalLine> Entries { get; }

    public static LogicalLines Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = TextLines.Split(text);
        var entries = new List<LogicalLine>();
        var physical = new List<int>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (IsSkipped(lines[i]))
            {
                continue;
            }

            if (physical.Count > 0 && !IsSpace(lines[i][0]))
            {
                entries.Add(LogicalLine.Join(lines, [.. physical]));
                physical.Clear();
            }

            physical.Add(i);
        }

        if (physical.Count > 0)
        {
            entries.Add(LogicalLine.Join(lines, [.. physical]));
        }

        return new LogicalLines(lines, entries);
    }

    /// <summary>ISSPACE of Postfix: ASCII white space, the carriage return too, but no Latin-1 no-break space.</summary>
    public static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text)
    {
        var start = 0;
        while (start < text.Length && IsSpace(text[start]))
        {
            start++;
        }

        var end = text.Length;
        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    private static bool IsSkipped(string line)
    {
        var rest = Trim(line);
        return rest.Length == 0 || rest[0] == '#';
    }
}

/// <summary>One logical line.</summary>
/// <param name="Physical">Indexes of the lines that hold its text; comments and blank lines between them are not in it.</param>
/// <param name="Starts">Where each of them begins in <paramref name="Text"/>.</param>
/// <param name="Text">The joined text without line feeds.</param>
internal sealed record LogicalLine(int[] Physical, int[] Starts, string Text)
{
    public int First => Physical[0];

    public int Last => Physical[^1];

    /// <summary>True when nothing stands before it that it could continue: the daemon warns and drops it.</summary>
    public bool IsOrphan => LogicalLines.IsSpace(Text[0]);

    public static LogicalLine Join(string[] lines, int[] physical)
    {
        var starts = new int[physical.Length];
        if (physical.Length == 1)
        {
            return new LogicalLine(physical, starts, Cut(lines[physical[0]]));
        }

        var text = new System.Text.StringBuilder();
        for (var i = 0; i < physical.Length; i++)
        {
            starts[i] = text.Length;
            text.Append(Cut(lines[physical[i]]));
        }

        return new LogicalLine(physical, starts, text.ToString());
    }

    /// <summary>The place of a position in <see cref="Text"/>: index into <see cref="Physical"/> and column.</summary>
    public (int Line, int Column) Locate(int position)
    {
        var line = Array.BinarySearch(Starts, position);
        line = line < 0 ? ~line - 1 : line;
        return (line, position - Starts[line]);
    }

    private static string Cut(string line) => line.EndsWith('\n') ? line[..^1] : line;
}
