using System.Text;

namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>
/// Reads statements as <c>config_parse_line()</c> of Dovecot 2.3 does (src/config/config-parser.c, release-2.3), with the
/// quoted names, <c>group</c> blocks and <c>&lt;&lt;MARKER</c> values of 2.4 besides.
/// </summary>
internal static class DovecotLines
{
    public static IEnumerable<DovecotNode> Read(IReadOnlyList<string> lines)
    {
        var carried = new StringBuilder();
        var first = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = StripComment(Content(lines[i]), out var comment);
            if (line.Length == 0)
            {
                // A blank or comment line ends a continued one, and what was continued is lost.
                carried.Clear();
                if (comment is not null)
                {
                    yield return new DovecotComment(comment, i + 1);
                }

                continue;
            }

            first = carried.Length == 0 ? i : first;
            if (line.EndsWith('\\'))
            {
                var part = line[..^1].TrimEnd(' ', '\t');
                carried.Append(part).Append(part.Length > 0 ? " " : "");
                continue;
            }

            var statement = carried.Append(line).ToString();
            carried.Clear();
            var node = Statement(statement, first + 1, i + 1);
            if (node is DovecotSetting { Kind: DovecotValueKind.File } file && EndOfDocument(lines, file.Value, i) is var end and > 0)
            {
                var text = string.Concat(lines.Skip(i + 1).Take(end - i - 1));
                node = file with { Value = text, Kind = DovecotValueKind.Text, EndLine = end + 1 };
                i = end;
            }

            yield return node;
        }
    }

    /// <summary>The line without its end; NUL ends it too, because Dovecot goes on with a C string.</summary>
    private static string Content(string line)
    {
        var text = line.AsSpan();
        text = text.EndsWith("\n") ? text[..^1] : text;
        text = text.EndsWith("\r") ? text[..^1] : text;
        var end = text.IndexOf('\0');
        return (end < 0 ? text : text[..end]).TrimStart(" \t").ToString();
    }

    /// <summary>Cuts a comment and trailing blanks off; <c>#</c> within quotes is none, and a quote that stays open hides all that follows.</summary>
    private static string StripComment(string line, out string? comment)
    {
        comment = null;
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] == '#')
            {
                comment = at == 0 ? line : null;
                return line[..at].TrimEnd(' ', '\t');
            }

            if (line[at] is '\'' or '"')
            {
                var quote = line[at];
                for (at++; at < line.Length && line[at] != quote; at++)
                {
                    at += line[at] == '\\' && at + 1 < line.Length ? 1 : 0;
                }
            }
        }

        return line.TrimEnd(' ', '\t');
    }

    private static DovecotNode Statement(string text, int line, int endLine)
    {
        var at = 0;
        string key;
        if (text.StartsWith('"'))
        {
            at = 1;
            while (at < text.Length && text[at] != '"')
            {
                at += text[at] == '\\' && at + 1 < text.Length ? 2 : 1;
            }

            key = Unescape(text[1..at]);
            at = Math.Min(at + 1, text.Length);
        }
        else
        {
            while (at < text.Length && text[at] != '=' && !IsWhite(text[at]))
            {
                at++;
            }

            key = text[..at];
        }

        var rest = text[at..].TrimStart(' ', '\t');
        return key switch
        {
            "!include" or "!include_try" => new DovecotInclude(rest, key == "!include_try", line, endLine),
            _ when rest.StartsWith('=') => Setting(key, rest[1..].TrimStart(' ', '\t'), line, endLine),
            "}" when rest.Length == 0 => new DovecotClose(line, endLine),
            _ => Open(key, rest, line, endLine),
        };
    }

    private static DovecotSetting Setting(string name, string value, int line, int endLine)
    {
        if (value.StartsWith('<'))
        {
            return new DovecotSetting(name, "<" + value[1..].TrimStart(' ', '\t'), DovecotValueKind.File, line, endLine);
        }

        if (value.Length > 0 && value[0] is not ('\'' or '"') && value.Contains('$'))
        {
            return new DovecotSetting(name, value, DovecotValueKind.Expression, line, endLine);
        }

        return new DovecotSetting(name, Unquote(value), DovecotValueKind.Text, line, endLine);
    }

    private static DovecotNode Open(string kind, string rest, int line, int endLine)
    {
        if (kind == "group" && rest.IndexOfAny([' ', '\t']) is var space and > 0)
        {
            (kind, rest) = ($"group {rest[..space]}", rest[space..].TrimStart(' ', '\t'));
        }

        var argument = "";
        if (rest.StartsWith('"'))
        {
            var close = rest.IndexOf('"', 1);
            close = close < 0 ? rest.Length : close;
            argument = Unescape(rest[1..close]);
            rest = rest[Math.Min(close + 1, rest.Length)..].TrimStart(' ', '\t');
        }
        else if (!rest.StartsWith('{'))
        {
            var end = rest.IndexOfAny([' ', '\t']);
            end = end < 0 ? rest.Length : end;
            argument = rest[..end];
            rest = rest[end..].TrimStart(' ', '\t');
        }

        return rest switch
        {
            "{" => new DovecotOpen(new DovecotHeader(kind, argument), line, endLine),
            _ when rest.StartsWith('{') => new DovecotFault("garbage after '{'", line, endLine),
            _ => new DovecotFault("expecting '{'", line, endLine),
        };
    }

    /// <summary>Index of the line that ends a <c>&lt;&lt;MARKER</c> value (2.4), or 0 when the value is none.</summary>
    private static int EndOfDocument(IReadOnlyList<string> lines, string value, int from)
    {
        if (!value.StartsWith("<<", StringComparison.Ordinal) || value[2..].TrimStart(' ', '\t') is not { Length: > 0 } marker)
        {
            return 0;
        }

        for (var i = from + 1; i < lines.Count; i++)
        {
            if (lines[i].AsSpan().TrimEnd("\r\n").SequenceEqual(marker))
            {
                return i;
            }
        }

        return 0;
    }

    /// <summary>Removes quotes that enclose the whole value, and the backslashes in them.</summary>
    public static string Unquote(string value) =>
        value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0] ? Unescape(value[1..^1]) : value;

    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        var plain = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
            plain.Append(text[at]);
        }

        return plain.ToString();
    }

    private static bool IsWhite(char c) => c is ' ' or '\t';
}
