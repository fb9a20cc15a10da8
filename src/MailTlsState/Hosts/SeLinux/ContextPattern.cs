using System.Text;
using System.Text.RegularExpressions;

namespace MailTlsState.Hosts.SeLinux;

/// <summary>The patterns of file_contexts(5): Perl's regular expressions, anchored at both ends, a dot standing for any character.</summary>
internal static class ContextPattern
{
    private const string Meta = ".^$?*+|[({";

    /// <summary>Fits no path.</summary>
    internal static readonly Regex Nothing = new("(?!)", RegexOptions.CultureInvariant);

    // POSIX classes, which .NET does not have; the policies use few of them.
    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["[:alnum:]"] = "a-zA-Z0-9",
        ["[:alpha:]"] = "a-zA-Z",
        ["[:digit:]"] = "0-9",
        ["[:lower:]"] = "a-z",
        ["[:upper:]"] = "A-Z",
        ["[:xdigit:]"] = "0-9a-fA-F",
        ["[:space:]"] = @"\s",
        ["[:punct:]"] = @"!-/:-@\[-`{-~",
    };

    /// <summary>The pattern as .NET takes it.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    internal static Regex Compile(string pattern)
    {
        foreach (var (name, characters) in Classes)
        {
            pattern = pattern.Replace(name, characters, StringComparison.Ordinal);
        }

        return new Regex($"^(?:{pattern})$", RegexOptions.CultureInvariant | RegexOptions.Singleline);
    }

    /// <summary>The path that a pattern without any wildcard stands for, or null.</summary>
    internal static string? Literal(string pattern)
    {
        var path = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (Meta.Contains(pattern[i], StringComparison.Ordinal))
            {
                return null;
            }

            // A letter or digit behind a backslash is a class, or a character by its number.
            if (pattern[i] == '\\' && (++i == pattern.Length || char.IsAsciiLetterOrDigit(pattern[i])))
            {
                return null;
            }

            path.Append(pattern[i]);
        }

        return path.ToString();
    }

    /// <summary>What every path that fits begins with.</summary>
    internal static string Stem(string pattern)
    {
        var end = pattern.IndexOfAny([.. Meta, '\\']);
        if (end < 0)
        {
            return pattern;
        }

        // Either side of a bar is a pattern by itself; a character that may be missing is none that counts.
        return pattern.Contains('|', StringComparison.Ordinal) && IsTopLevel(pattern) ? "" : pattern[end] is '?' or '*' or '{' ? pattern[..Math.Max(0, end - 1)] : pattern[..end];
    }

    private static bool IsTopLevel(string pattern)
    {
        var depth = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\': i++; break;
                case '(': depth++; break;
                case ')': depth--; break;
                case '|' when depth == 0: return true;
                default: break;
            }
        }

        return false;
    }
}
