namespace MailTlsState.Services.Postfix.Editing;

/// <summary>Takes a logical line of master.cf apart, as <c>postconf_master.c</c> and <c>master_ent.c</c> do.</summary>
internal static class MasterLine
{
    private static readonly string[] Types = ["inet", "unix", "unix-dgram", "fifo", "pass"];

    /// <summary>The entry, or null for a line that the master refuses or drops.</summary>
    public static MasterService? Parse(LogicalLine line)
    {
        if (line.IsOrphan)
        {
            return null;
        }

        var end = line.Text.IndexOf('\0');
        var tokens = Split(end < 0 ? line.Text : line.Text[..end]);
        if (tokens.Count < MasterCf.FieldCount || !Types.Contains(tokens[1].Text))
        {
            return null;
        }

        var f = tokens;
        var fields = new MasterFields(f[0].Text, f[1].Text, f[2].Text, f[3].Text, f[4].Text, f[5].Text, f[6].Text, f[7].Text);
        return new MasterService(line, fields, tokens, ParseOverrides(tokens));
    }

    /// <summary>True when all these words are options that need no further word.</summary>
    public static bool AreComplete(IEnumerable<MasterToken> options)
    {
        var valueExpected = false;
        foreach (var token in options)
        {
            if (valueExpected)
            {
                valueExpected = false;
            }
            else if (!IsOption(token, out valueExpected))
            {
                return false;
            }
        }

        return !valueExpected;
    }

    private static List<ParsedOverride> ParseOverrides(List<MasterToken> tokens)
    {
        var found = new List<ParsedOverride>();
        for (var at = MasterCf.FieldCount; at < tokens.Count && IsOption(tokens[at], out var takesNext); at++)
        {
            var option = tokens[at];
            var o = option.Text.IndexOf('o', 1);
            if (o < 0)
            {
                continue;
            }

            string value;
            int start;
            int end;
            if (!takesNext)
            {
                (value, start, end) = (option.Text[(o + 1)..], option.Start + o + 1, option.End);
                if (value.StartsWith('{') && value.EndsWith('}'))
                {
                    value = value[1..^1];
                }
            }
            else if (++at < tokens.Count)
            {
                (value, start, end) = (tokens[at].Text, tokens[at].Start, tokens[at].End);
            }
            else
            {
                break;
            }

            if (NameValue.TrySplit(value, out var name, out var text))
            {
                found.Add(new ParsedOverride(name, text, option.Start + (o == 1 ? 0 : o), start, end));
            }
        }

        return found;
    }

    /// <summary>True for <c>-v</c>, <c>-o</c>, <c>-vo</c>, <c>-oname=value</c>; <paramref name="takesNext"/> when the value is the next word.</summary>
    private static bool IsOption(MasterToken token, out bool takesNext)
    {
        takesNext = false;
        if (token.Braced || !token.Text.StartsWith('-') || token.Text == "--")
        {
            return false;
        }

        var o = token.Text.IndexOf('o', 1);
        takesNext = o > 0 && o == token.Text.Length - 1;
        return true;
    }

    /// <summary>Words parted by blanks; within braces a blank parts nothing (<c>mystrtokq</c>).</summary>
    private static List<MasterToken> Split(string text)
    {
        var tokens = new List<MasterToken>();
        for (var at = 0; at < text.Length;)
        {
            if (IsBlank(text[at]))
            {
                at++;
                continue;
            }

            var start = at;
            for (var level = 0; at < text.Length && (level > 0 || !IsBlank(text[at])); at++)
            {
                level += text[at] == '{' ? 1 : text[at] == '}' && level > 0 ? -1 : 0;
            }

            tokens.Add(Token(text, start, at, tokens.Count));
        }

        return tokens;
    }

    private static MasterToken Token(string text, int start, int end, int index)
    {
        if (text[start] != '{' || index < MasterCf.FieldCount)
        {
            return new MasterToken(text[start..end], start, end, false);
        }

        var close = text[end - 1] == '}' ? end - 1 : end;
        return new MasterToken(LogicalLines.Trim(text.AsSpan(start + 1, Math.Max(0, close - start - 1))).ToString(), start, end, true);
    }

    private static bool IsBlank(char c) => c is ' ' or '\t' or '\r' or '\n';
}
