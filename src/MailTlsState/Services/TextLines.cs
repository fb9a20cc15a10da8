namespace MailTlsState.Services;

/// <summary>Lines of a configuration file that is edited byte for byte.</summary>
internal static class TextLines
{
    /// <summary>Lines with their line feeds; their concatenation is the text.</summary>
    public static string[] Split(string text)
    {
        var lines = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[at..end]);
            at = end;
        }

        return [.. lines];
    }

    /// <summary>The terminator of a line: none for a last line without one.</summary>
    public static string TerminatorOf(string line) =>
        line.EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : line.EndsWith('\n') ? "\n" : "";

    /// <summary>True for text without terminators and NUL in which each character is one byte.</summary>
    public static bool IsOneLine(string text) => !text.Any(c => c is '\n' or '\r' or '\0' or > '\xff');
}
