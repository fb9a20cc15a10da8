using System.Text;

namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>
/// Reads statements as <c>config_parse_line()</c> does (src/config/config-parser.c, releases 2.3 and 2.4), with the
/// quoted names and <c>group</c> blocks of 2.4.
/// </summary>
internal sealed class DovecotLines(string white)
{
    private readonly char[] _white = white.ToCharArray();

    public IEnumerable<DovecotNode> Read(IReadOnlyList<string> lines)
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
                var part = line[..^1].TrimEnd(_white);
                carried.Append(part).Append(part.Length > 0 ? " " : "");
                continue;
            }

            var statement = carried.Append(line).ToString();
            carried.Clear();
            yield return Statement(statement, first + 1, i + 1);
        }
    }

    /// <summary>The line without its end; NUL ends it too, because Dovecot goes on with a C string.</summary>
    private string Content(string line)
    {
        var text = line.AsSpan();
        text = text.EndsWith("\n") ? text[..^1] : text;
        text = text.EndsWith("\r") ? text[..^1] : text;
        var end = text.IndexOf('\0');
        return (end < 0 ? text : text[..end]).TrimStart(_white).ToString();
    }

    /// <summary>Cuts a comment and trailing blanks off; <c>#</c> within quotes is none, and a quote that stays open hides all that follows.</summary>
    private string StripComment(string line, out string? comment)
    {
        comment = null;
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] == '#')
            {
                comment = at == 0 ? line : null;
                return line[..at].TrimEnd(_white);
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

        return line.TrimEnd(_white);
    }

    /// <summary>Blanks and comment at the end of a line that says something, without its terminator.</summary>
    public static string Remark(string line)
    {
        var text = line[..^TextLines.TerminatorOf(line).Length];
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '#')
            {
                return text[text.AsSpan(0, at).TrimEnd(" \t").Length..];
            }

            if (text[at] is '\'' or '"')
            {
                var quote = text[at];
                for (at++; at < text.Length && text[at] != quote; at++)
                {
                    at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
                }
            }
        }

        return "";
    }

    private DovecotNode Statement(string text, int line, int endLine)
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

        var rest = text[at..].TrimStart(_white);
        return key switch
        {
            "!include" or "!include_try" => new DovecotInclude(rest, key == "!include_try", line, endLine),
            _ when rest.StartsWith('=') => Setting(key, rest[1..].TrimStart(_white), line, endLine),
            "}" when rest.Length == 0 => new DovecotClose(line, endLine),
            _ => Open(key, rest, line, endLine),
        };
    }

    private DovecotSetting Setting(string name, string value, int line, int endLine)
    {
        if (value.StartsWith('<'))
        {
            return new DovecotSetting(name, "<" + value[1..].TrimStart(_white), DovecotValueKind.File, line, endLine);
        }

        if (value.Length > 0 && value[0] is not ('\'' or '"') && value.Contains('$'))
        {
            return new DovecotSetting(name, value, DovecotValueKind.Expression, line, endLine);
        }

        return new DovecotSetting(name, Unquote(value), DovecotValueKind.Text, line, endLine);
    }

    private DovecotNode Open(string kind, string rest, int line, int endLine)
    {
        if (kind == "group" && rest.IndexOfAny(_white) is var space and > 0)
        {
            (kind, rest) = ($"group {rest[..space]}", rest[space..].TrimStart(_white));
        }

        var argument = "";
        if (rest.StartsWith('"'))
        {
            var close = rest.IndexOf('"', 1);
            close = close < 0 ? rest.Length : close;
            argument = Unescape(rest[1..close]);
            rest = rest[Math.Min(close + 1, rest.Length)..].TrimStart(_white);
        }
        else if (!rest.StartsWith('{'))
        {
            var end = rest.IndexOfAny(_white);
            end = end < 0 ? rest.Length : end;
            argument = rest[..end];
            rest = rest[end..].TrimStart(_white);
        }

        return rest switch
        {
            "{" => new DovecotOpen(new DovecotHeader(kind, argument), line, endLine),
            _ when rest.StartsWith('{') => new DovecotFault("garbage after '{'", line, endLine),
            _ => new DovecotFault("expecting '{'", line, endLine),
        };
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

    private bool IsWhite(char c) => _white.Contains(c);
}
