namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>glob(7) with braces, as Dovecot's <c>!include</c> uses it (<c>glob(3)</c> with <c>GLOB_BRACE</c>).</summary>
public static class DovecotGlob
{
    // A pattern of more braces is nobody's; each pair may double what has to be tried.
    private const int MostBraces = 10;

    /// <summary>True when the path is one that the pattern names. <c>*</c> and <c>?</c> match neither <c>/</c> nor a leading dot.</summary>
    public static bool Matches(string pattern, string path) => Expand(pattern).Any(p => MatchesOne(p, path));

    /// <summary>The paths that the pattern names in the order in which Dovecot reads them: braces in turn, each sorted by byte.</summary>
    public static IReadOnlyList<string> Select(string pattern, IEnumerable<string> paths)
    {
        var sorted = paths.Order(StringComparer.Ordinal).ToList();
        return [.. Expand(pattern).SelectMany(p => sorted.Where(path => MatchesOne(p, path)))];
    }

    /// <summary>
    /// The paths that a pattern may name, by listing directories: what has no wildcard is named without a look.
    /// </summary>
    /// <param name="pattern">Absolute pattern.</param>
    /// <param name="list">Names in a directory, empty when there is none.</param>
    public static async Task<IReadOnlyList<string>> ExpandAsync(string pattern, Func<string, Task<IReadOnlyList<string>>> list)
    {
        ArgumentNullException.ThrowIfNull(list);
        var found = new List<string>();
        foreach (var one in Expand(pattern))
        {
            List<string> paths = [""];
            foreach (var part in one.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                var next = new List<string>();
                foreach (var path in paths)
                {
                    next.AddRange(part.AsSpan().ContainsAny("*?[\\")
                        ? (await list(path.Length == 0 ? "/" : path).ConfigureAwait(false)).Where(n => MatchesName(part, n)).Select(n => $"{path}/{n}")
                        : [$"{path}/{part}"]);
                }

                paths = next;
            }

            found.AddRange(paths);
        }

        return found;
    }

    private static bool MatchesOne(string pattern, string path)
    {
        var (wanted, given) = (pattern.Split('/'), path.Split('/'));
        return wanted.Length == given.Length && wanted.Zip(given).All(pair => MatchesName(pair.First, pair.Second));
    }

    private static bool MatchesName(string pattern, string name)
    {
        if (name.StartsWith('.') && !pattern.StartsWith('.'))
        {
            return false;
        }

        // The last star is tried with ever longer parts of the name; earlier stars need no second try.
        var (p, n, star, tried) = (0, 0, -1, 0);
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, tried) = (p++, n);
            }
            else if (p < pattern.Length && MatchesCharacter(pattern, ref p, name[n]))
            {
                n++;
            }
            else if (star >= 0)
            {
                (p, n) = (star + 1, ++tried);
            }
            else
            {
                return false;
            }
        }

        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }

    /// <summary>Matches one element of the pattern that is no star, and steps over it when it matches.</summary>
    private static bool MatchesCharacter(string pattern, ref int at, char c)
    {
        var close = pattern[at] == '[' && at + 2 < pattern.Length ? pattern.IndexOf(']', at + 2) : -1;
        if (close > 0)
        {
            var negated = pattern[at + 1] is '!' or '^';
            var found = false;
            for (var i = at + (negated ? 2 : 1); i < close; i++)
            {
                var range = i + 2 < close && pattern[i + 1] == '-';
                found |= c >= pattern[i] && c <= pattern[range ? i + 2 : i];
                i += range ? 2 : 0;
            }

            at = found != negated ? close + 1 : at;
            return found != negated;
        }

        var escaped = pattern[at] == '\\' && at + 1 < pattern.Length ? 1 : 0;
        if ((pattern[at] == '?') || pattern[at + escaped] == c)
        {
            at += 1 + escaped;
            return true;
        }

        return false;
    }

    private static IEnumerable<string> Expand(string pattern) =>
        pattern.AsSpan().Count('{') > MostBraces ? [pattern] : ExpandBraces(pattern);

    private static IEnumerable<string> ExpandBraces(string pattern)
    {
        var open = pattern.IndexOf('{');
        var close = open < 0 ? -1 : Close(pattern, open);
        if (close < 0)
        {
            return [pattern];
        }

        return Alternatives(pattern[(open + 1)..close]).SelectMany(a => ExpandBraces(pattern[..open] + a + pattern[(close + 1)..]));
    }

    private static int Close(string pattern, int open)
    {
        var level = 0;
        for (var at = open; at < pattern.Length; at++)
        {
            level += pattern[at] == '{' ? 1 : pattern[at] == '}' ? -1 : 0;
            if (level == 0)
            {
                return at;
            }
        }

        return -1;
    }

    private static IEnumerable<string> Alternatives(string inner)
    {
        var (level, start) = (0, 0);
        for (var at = 0; at < inner.Length; at++)
        {
            level += inner[at] == '{' ? 1 : inner[at] == '}' ? -1 : 0;
            if (level == 0 && inner[at] == ',')
            {
                yield return inner[start..at];
                start = at + 1;
            }
        }

        yield return inner[start..];
    }
}
