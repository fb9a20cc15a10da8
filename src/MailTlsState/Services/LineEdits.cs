using System.Text;

namespace MailTlsState.Services;

/// <summary>Replaces, removes and inserts lines of a text in one pass; all other bytes stay.</summary>
internal sealed class LineEdits(IReadOnlyList<string> lines)
{
    private readonly Dictionary<int, string?> _replaced = [];
    private readonly Dictionary<int, List<string>> _inserted = [];

    /// <summary>The file's line terminator, taken from its first line.</summary>
    public string NewLine { get; } = lines.Count > 0 && lines[0].EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";

    public bool IsEmpty => _replaced.Count == 0 && _inserted.Count == 0;

    public void Remove(int line) => _replaced[line] = null;

    /// <summary>The line as it will be, terminator included, or null when it is removed.</summary>
    public string? Current(int line) => _replaced.TryGetValue(line, out var text) ? text : lines[line];

    /// <summary>Replaces a line; the text carries its own terminator.</summary>
    public void Replace(int line, string text) => _replaced[line] = text;

    /// <summary>Adds lines (without terminators) before the line with this index; the number of lines means the end.</summary>
    public void Insert(int before, params IEnumerable<string> added)
    {
        if (!_inserted.TryGetValue(before, out var list))
        {
            _inserted[before] = list = [];
        }

        list.AddRange(added);
    }

    public string Build()
    {
        var text = new StringBuilder();
        for (var i = 0; i <= lines.Count; i++)
        {
            if (_inserted.TryGetValue(i, out var added))
            {
                foreach (var line in added)
                {
                    EndLine(text);
                    text.Append(line).Append(NewLine);
                }
            }

            if (i < lines.Count && Current(i) is { Length: > 0 } kept)
            {
                EndLine(text);
                text.Append(kept);
            }
        }

        return text.ToString();
    }

    private void EndLine(StringBuilder text)
    {
        if (text.Length > 0 && text[^1] != '\n')
        {
            text.Append(NewLine);
        }
    }
}
