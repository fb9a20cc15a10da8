namespace MailTlsState.Services.Postfix.Editing;

/// <summary><c>name = value</c> as <c>split_nameval()</c> of Postfix reads it.</summary>
internal static class NameValue
{
    /// <summary>False where Postfix reports a missing name or a missing <c>=</c>.</summary>
    public static bool TrySplit(string text, out string name, out string value)
    {
        name = value = "";

        // Postfix goes on with a C string: what follows a NUL byte is not seen.
        var end = text.IndexOf('\0');
        var rest = LogicalLines.Trim(end < 0 ? text : text.AsSpan(0, end));
        var at = 0;
        while (at < rest.Length && rest[at] != '=' && !LogicalLines.IsSpace(rest[at]))
        {
            at++;
        }

        var tail = LogicalLines.Trim(rest[at..]);
        if (at == 0 || tail.Length == 0 || tail[0] != '=')
        {
            return false;
        }

        name = rest[..at].ToString();
        value = LogicalLines.Trim(tail[1..]).ToString();
        return true;
    }

    /// <summary>True when the two values differ in nothing but white space as Postfix's lists know it (CHARS_SPACE; a form feed parts no words).</summary>
    public static bool SameWords(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        a = LogicalLines.Trim(a);
        b = LogicalLines.Trim(b);
        for (; ; )
        {
            var x = NextWord(ref a);
            var y = NextWord(ref b);
            if (!x.SequenceEqual(y))
            {
                return false;
            }

            if (x.Length == 0)
            {
                return true;
            }
        }
    }

    /// <summary>Refuses what could not be read back as it was given.</summary>
    /// <exception cref="ArgumentException">Name or value cannot be written.</exception>
    public static void Check(string name, string? value)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0 || name[0] == '#' || name.Any(c => c is '=' or '\0' or > '\xff' || LogicalLines.IsSpace(c)))
        {
            throw new ArgumentException($"no parameter name: '{name}'", nameof(name));
        }

        if (value is not null && !TextLines.IsOneLine(value))
        {
            throw new ArgumentException($"the value of {name} is not one line of Latin-1 text", nameof(value));
        }
    }

    private static ReadOnlySpan<char> NextWord(ref ReadOnlySpan<char> text)
    {
        const string blanks = " \t\r\n";
        text = text.Trim(blanks);
        var at = 0;
        while (at < text.Length && !blanks.Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }

        var word = text[..at];
        text = text[at..];
        return word;
    }
}
