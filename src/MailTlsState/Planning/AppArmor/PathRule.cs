using System.Text;
using System.Text.RegularExpressions;

namespace MailTlsState.Planning.AppArmor;

/// <summary>One file rule of an AppArmor profile (apparmor.d(5)): a pattern of paths and what may be done to them.</summary>
/// <param name="Pattern">With <c>*</c> (no slash), <c>**</c>, <c>?</c>, <c>[ab]</c> and <c>{a,b}</c>.</param>
/// <param name="Permissions">Letters, for example <c>r</c> or <c>mrix</c>.</param>
/// <param name="Denies">True for a <c>deny</c> rule, which no other rule outweighs.</param>
internal sealed record PathRule(string Pattern, string Permissions, bool Denies)
{
    private Regex? _regex;

    /// <summary>Reads a line; null for one that is no file rule, or whose pattern needs a variable.</summary>
    internal static PathRule? Parse(string line)
    {
        var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).SkipWhile(w => w is "owner" or "audit" or "allow" or "file").ToList();
        var denies = words is ["deny", ..];
        words = [.. words.SkipWhile(w => w is "deny" or "owner" or "audit" or "file")];
        if (words.Count < 2 || words[^1] is not [.., ','])
        {
            return null;
        }

        // Either order is allowed: `PATH r,` and `r PATH,`.
        var last = words[^1][..^1];
        var (pattern, permissions) = words[0].StartsWith('/') ? (words[0], words[1].TrimEnd(',')) : (last, words[0]);
        return pattern.StartsWith('/') && !pattern.Contains("@{", StringComparison.Ordinal) && permissions.All(char.IsAsciiLetter) ? new PathRule(pattern, permissions, denies) : null;
    }

    /// <summary>True when it is about <paramref name="path"/>.</summary>
    internal bool Fits(string path) => (_regex ??= new Regex($"^{Translate(Pattern)}$", RegexOptions.CultureInvariant | RegexOptions.Singleline)).IsMatch(path);

    private static string Translate(string pattern)
    {
        var text = new StringBuilder();
        var depth = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            switch (c)
            {
                case '*' when i + 1 < pattern.Length && pattern[i + 1] == '*':
                    // A star alone behind a slash stands for at least one character.
                    text.Append(i > 0 && pattern[i - 1] == '/' ? ".+" : ".*");
                    i++;
                    break;
                case '*':
                    text.Append(i > 0 && pattern[i - 1] == '/' && (i + 1 == pattern.Length) ? "[^/]+" : "[^/]*");
                    break;
                case '?':
                    text.Append("[^/]");
                    break;
                case '{':
                    depth++;
                    text.Append("(?:");
                    break;
                case '}' when depth > 0:
                    depth--;
                    text.Append(')');
                    break;
                case ',' when depth > 0:
                    text.Append('|');
                    break;
                case '[' when pattern.IndexOf(']', i) is > 0 and var end:
                    text.Append(pattern.AsSpan(i, end - i + 1));
                    i = end;
                    break;
                case '\\' when i + 1 < pattern.Length:
                    text.Append(Regex.Escape(pattern[++i].ToString()));
                    break;
                default:
                    text.Append(Regex.Escape(c.ToString()));
                    break;
            }
        }

        return text.Append(string.Concat(Enumerable.Repeat(")", depth))).ToString();
    }
}
