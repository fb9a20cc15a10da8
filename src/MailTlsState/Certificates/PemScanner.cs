namespace MailTlsState.Certificates;

/// <summary>Where one PEM block stands in a text. All positions count characters from the text's start.</summary>
/// <param name="Label">For example <c>CERTIFICATE</c>.</param>
/// <param name="EndLabel">The END line's label, or null when the next block or the text's end comes first.</param>
/// <param name="Block">From the first dash of the BEGIN line through the last dash of the END line.</param>
/// <param name="Body">What stands between the two lines.</param>
/// <param name="Glued">True when the BEGIN or the END line shares its line with other text, which OpenSSL does not read.</param>
internal readonly record struct PemRange(string Label, string? EndLabel, Range Block, Range Body, bool Glued)
{
    /// <summary>True when the block ends with its own label.</summary>
    public bool Ended => EndLabel == Label;
}

/// <summary>
/// Finds PEM blocks (RFC 7468) more tolerantly than any daemon does, so that what is wrong with a file can be said.
/// Works on spans, so that a text with a private key can be scanned and then overwritten.
/// </summary>
internal static class PemScanner
{
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";

    /// <summary>UTF-8's byte order mark, each byte a character.</summary>
    internal const string Mark = "\u00EF\u00BB\u00BF";

    /// <summary>True for a text that begins with the mark.</summary>
    public static bool IsMarked(ReadOnlySpan<char> text) => text.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>Every block in the order of the text.</summary>
    public static List<PemRange> Scan(ReadOnlySpan<char> text)
    {
        var blocks = new List<PemRange>();
        var at = 0;
        while (FindBoundary(text, at, Begin) is { } begin)
        {
            var next = FindBoundary(text, begin.After, Begin);
            var limit = next?.Start ?? text.Length;
            var end = FindBoundary(text[..limit], begin.After, End);
            var bodyEnd = end?.Start ?? limit;
            var blockEnd = end?.After ?? limit;
            var glued = !StartsLine(text, begin.Start) || !EndsLine(text, begin.After)
                || (end is { } found && (!StartsLine(text, found.Start) || !EndsLine(text, found.After)));
            blocks.Add(new PemRange(begin.Label, end?.Label, begin.Start..blockEnd, begin.After..bodyEnd, glued));
            at = blockEnd;
        }

        return blocks;
    }

    private static (int Start, int After, string Label)? FindBoundary(ReadOnlySpan<char> text, int from, string marker)
    {
        while (true)
        {
            var found = text[from..].IndexOf(marker, StringComparison.Ordinal);
            if (found < 0)
            {
                return null;
            }

            var start = from + found;
            var label = start + marker.Length;
            var after = label;

            // With OpenSSL's own label "PKCS #7 SIGNED DATA".
            while (after < text.Length && (char.IsAsciiLetterUpper(text[after]) || char.IsAsciiDigit(text[after]) || text[after] is ' ' or '#'))
            {
                after++;
            }

            if (after > label && text[after..].StartsWith(Dashes, StringComparison.Ordinal))
            {
                return (start, after + Dashes.Length, text[label..after].ToString());
            }

            from = label;
        }
    }

    private static bool StartsLine(ReadOnlySpan<char> text, int at) => at == 0 || text[at - 1] is '\n' or '\r' || (at == Mark.Length && IsMarked(text));

    // OpenSSL drops blanks at a line's end before it compares the line.
    private static bool EndsLine(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }

        return at >= text.Length || text[at] is '\n' or '\r';
    }
}
