using System.Text;

namespace MailTlsState.Hosts;

/// <summary>Finds the values of secret settings in the syntaxes of Postfix (main.cf, master.cf, postconf) and Dovecot.</summary>
internal static class SecretSettings
{
    private static readonly string[] Names = ["password", "passwd", "pass", "passphrase", "dnpass", "secret", "api_key", "bind_pw"];

    private static readonly System.Buffers.SearchValues<string> Hints =
        System.Buffers.SearchValues.Create(["pass", "secret", "api_key", "bind_pw", "://"], StringComparison.OrdinalIgnoreCase);

    internal static string Redact(string text)
    {
        if (!text.AsSpan().ContainsAny(Hints))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        var continued = Continuation.None;
        for (var at = 0; at < text.Length;)
        {
            var newline = text.IndexOf('\n', at);
            var end = newline < 0 ? text.Length : newline;
            var contentEnd = end > at && text[end - 1] == '\r' ? end - 1 : end;
            var line = text[at..contentEnd];
            if (IsContinuation(line, continued))
            {
                var indent = line.Length - line.TrimStart().Length;
                var goesOn = continued == Continuation.Backslash && line.EndsWith('\\');
                var hidden = continued != Continuation.Map || MustHide(line.AsSpan().Trim(), map: true);
                result.Append(line, 0, hidden ? indent : line.Length).Append(hidden ? Redaction.Value : "").Append(goesOn ? "\\" : "");
                continued = continued == Continuation.Backslash && !goesOn ? Continuation.None : continued;
            }
            else
            {
                // Postfix: blank lines and comments do not end a setting that is continued.
                var next = RedactLine(line, result);
                continued = continued is Continuation.Indented or Continuation.Map && (line.AsSpan().Trim().Length == 0 || line[0] == '#') ? continued : next;
            }

            result.Append(text, contentEnd, (newline < 0 ? end : newline + 1) - contentEnd);
            at = newline < 0 ? text.Length : newline + 1;
        }

        return result.ToString();
    }

    private static Continuation RedactLine(string line, StringBuilder result)
    {
        var equals = line.IndexOf('=');
        if (equals > 0 && IsSecretName(NameBefore(line, equals), out var map) && StandsFirst(line, equals))
        {
            var start = equals + 1;
            while (start < line.Length && line[start] is ' ' or '\t')
            {
                start++;
            }

            var value = line.AsSpan(start).TrimEnd();
            if (MustHide(value, map))
            {
                var goesOn = value.EndsWith("\\");
                result.Append(line, 0, start).Append(Redaction.Value).Append(goesOn ? "\\" : "").Append(line, start + value.Length, line.Length - start - value.Length);
                return goesOn ? Continuation.Backslash : IsIndented(line) ? Continuation.None : Continuation.Indented;
            }

            if (map || value.Length == 0)
            {
                // Postfix: the value, or more of it, may stand on the lines that follow.
                result.Append(line);
                return IsIndented(line) ? Continuation.None : map ? Continuation.Map : Continuation.Indented;
            }

            result.Append(line);
            return Continuation.None;
        }

        RedactInside(line, result);
        return Continuation.None;
    }

    // "password=x" within a value (Dovecot's SQL connect, passdb args; -o of master.cf) and "scheme://user:x@host".
    private static void RedactInside(string line, StringBuilder result)
    {
        var copied = 0;
        for (var equals = line.IndexOf('='); equals >= 0; equals = line.IndexOf('=', equals + 1))
        {
            if (equals < copied || !IsSecretName(NameBefore(line, equals), out var map))
            {
                continue;
            }

            var start = equals + 1;
            while (start < line.Length && line[start] is ' ' or '\t')
            {
                start++;
            }

            // Spaces around the sign only inside braces: { name = value }.
            if (start > equals + 1 && !line.AsSpan(0, equals).Contains('{'))
            {
                continue;
            }

            var quote = start < line.Length && line[start] is '"' or '\'' ? line[start] : '\0';
            var end = quote == '\0' ? start : start + 1;
            while (end < line.Length && (quote == '\0' ? line[end] is not (' ' or '\t' or '}' or '"' or '\'' or ';') : line[end] != quote))
            {
                end++;
            }

            if (quote != '\0' && end < line.Length)
            {
                end++;
            }

            if (MustHide(line.AsSpan(start, end - start), map))
            {
                result.Append(line, copied, start - copied).Append(Redaction.Value);
                copied = end;
            }
        }

        for (var scheme = line.IndexOf("://", copied, StringComparison.Ordinal); scheme >= 0; scheme = line.IndexOf("://", scheme + 3, StringComparison.Ordinal))
        {
            var authority = line.AsSpan(scheme + 3);
            var stop = authority.IndexOfAny(" \t/\"'");
            authority = stop < 0 ? authority : authority[..stop];
            var colon = authority.IndexOf(':');
            var at = authority.LastIndexOf('@');
            if (colon >= 0 && at > colon + 1)
            {
                result.Append(line, copied, scheme + 3 + colon + 1 - copied).Append(Redaction.Value);
                copied = scheme + 3 + at;
            }
        }

        result.Append(line, copied, line.Length - copied);
    }

    private static bool MustHide(ReadOnlySpan<char> value, bool map)
    {
        if (map)
        {
            // A map's value is where it lies, but these two types hold the entries themselves.
            return value.Contains("static:", StringComparison.Ordinal) || value.Contains("inline:", StringComparison.Ordinal);
        }

        // Dovecot: "<" and a path names a file; "# hidden" is what doveconf prints; "$name" is another setting;
        // "pass = yes" belongs to a passdb and says what to do next.
        return value.Length > 0 && !value.StartsWith("</") && !value.StartsWith("< /") && value[0] is not ('#' or '$') && value is not ("\"\"" or "yes" or "no");
    }

    private static ReadOnlySpan<char> NameBefore(string line, int equals)
    {
        var end = equals;
        while (end > 0 && line[end - 1] is ' ' or '\t')
        {
            end--;
        }

        var start = end;
        while (start > 0 && (char.IsAsciiLetterOrDigit(line[start - 1]) || line[start - 1] is '_' or '-'))
        {
            start--;
        }

        return line.AsSpan(start, end - start);
    }

    // Only a comment sign, space or the "service/type/" of postconf -P may stand before the name.
    private static bool StandsFirst(string line, int equals)
    {
        var name = line.AsSpan(0, equals).Trim().TrimStart('#').TrimStart();
        return !name.ContainsAny(" \t{=\"'");
    }

    private static bool IsSecretName(ReadOnlySpan<char> name, out bool map)
    {
        map = name.EndsWith("_password_maps", StringComparison.OrdinalIgnoreCase) || name.EndsWith("_passwd_maps", StringComparison.OrdinalIgnoreCase);
        if (map)
        {
            return true;
        }

        foreach (var secret in Names)
        {
            if (name.EndsWith(secret, StringComparison.OrdinalIgnoreCase)
                && (name.Length == secret.Length || name[name.Length - secret.Length - 1] is '_' or '-' or '.'))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsIndented(string line) => line.Length > 0 && line[0] is ' ' or '\t';

    private static bool IsContinuation(string line, Continuation continued) => continued switch
    {
        Continuation.Backslash => true,
        Continuation.Indented or Continuation.Map => IsIndented(line) && line.AsSpan().Trim().Length > 0 && !IsStatement(line.AsSpan().Trim()),
        _ => false,
    };

    // An indented line of its own in a Dovecot file: a setting, a block, its end, a comment, an include.
    private static bool IsStatement(ReadOnlySpan<char> line)
    {
        if (line[0] is '#' or '!' or '}' || line.EndsWith("{"))
        {
            return true;
        }

        var equals = line.IndexOf('=');
        return equals > 0 && !line[..equals].Trim().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    }

    private enum Continuation
    {
        None,
        Backslash,
        Indented,
        Map,
    }
}
