using System.Text.RegularExpressions;

namespace MailTlsState.Hosts.SeLinux;

/// <summary>What the rules say of a path.</summary>
/// <param name="Context">The context, or null for <c>&lt;&lt;none&gt;&gt;</c>: a relabel leaves it alone.</param>
/// <param name="Rule"><c>FILE:LINE</c> of the rule that decides.</param>
/// <param name="IsLocal">True for a rule of an administrator's.</param>
/// <param name="Pattern">Its pattern, where it is for files of every kind; else null.</param>
public sealed record FileContextMatch(string? Context, string Rule, bool IsLocal, string? Pattern = null);

/// <summary>One file of rules.</summary>
/// <param name="Path">For messages.</param>
/// <param name="Text">Its text.</param>
/// <param name="IsLocal">True for <c>file_contexts.local</c>.</param>
public sealed record FileContextSource(string Path, string Text, bool IsLocal = false);

/// <summary>
/// A policy's rules of which path gets which label, by the rules of libselinux (selabel_file(5), label_file.c of 3.4 and 3.8): an exact
/// path beats every pattern, among equals the last one wins, across the files in their order. Its own library is not asked, since it
/// exists on the host alone, and ends a process that looks up where no policy is installed.
/// </summary>
public sealed class FileContexts
{
    private readonly List<Rule> _patterns = [];
    private readonly Dictionary<string, List<Rule>> _exact = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly List<(string From, string To)> _substitutions;
    private readonly List<(string From, string To)> _distribution;

    /// <summary>Reads the rules. A line that cannot be understood is one of <see cref="Problems"/>, and the others count.</summary>
    /// <param name="sources">file_contexts, .homedirs and .local, in this order, as far as they exist.</param>
    /// <param name="substitutions">Text of file_contexts.subs.</param>
    /// <param name="distribution">Text of file_contexts.subs_dist.</param>
    public FileContexts(IEnumerable<FileContextSource> sources, string substitutions = "", string distribution = "")
    {
        _substitutions = Substitutions(substitutions);
        _distribution = Substitutions(distribution);
        foreach (var source in sources)
        {
            Read(source);
        }
    }

    /// <summary>Lines that cannot be understood, as <c>FILE:LINE: WHY</c>. One such line makes libselinux refuse every look-up.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The rule for a path, or null where none fits.</summary>
    /// <param name="path">Absolute path without links, dots and a slash at the end.</param>
    /// <param name="kind">What is there, or is to be.</param>
    public FileContextMatch? Find(string path, FileKind kind)
    {
        path = Substitute(path);
        if (_exact.GetValueOrDefault(path)?.FindLast(r => r.Fits(kind)) is { } exact)
        {
            return exact.Match;
        }

        for (var i = _patterns.Count - 1; i >= 0; i--)
        {
            if (_patterns[i].Fits(kind) && Matches(i, path))
            {
                return _patterns[i].Match;
            }
        }

        return null;
    }

    private bool Matches(int index, string path)
    {
        var rule = _patterns[index];
        if (!path.StartsWith(rule.Stem, StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            return (rule.Pattern ??= ContextPattern.Compile(rule.Text)).IsMatch(path);
        }
        catch (ArgumentException)
        {
            // Told once; from then on it fits nothing.
            _problems.Add($"{rule.Match.Rule}: {rule.Text} is no regular expression");
            _patterns[index] = rule with { Pattern = ContextPattern.Nothing };
            return false;
        }
    }

    // subs first, then subs_dist on what came of it; the last line of each that fits counts.
    private string Substitute(string path) => Replace(_distribution, Replace(_substitutions, path));

    private static string Replace(List<(string From, string To)> substitutions, string path)
    {
        foreach (var (from, to) in substitutions)
        {
            if (path.StartsWith(from, StringComparison.Ordinal) && (path.Length == from.Length || path[from.Length] == '/'))
            {
                return to == "/" && path.Length > from.Length ? path[from.Length..] : to + path[from.Length..];
            }
        }

        return path;
    }

    private static List<(string From, string To)> Substitutions(string text)
    {
        var found = new List<(string, string)>();
        foreach (var line in text.Split('\n'))
        {
            var fields = Fields(line);
            if (fields.Length >= 2 && !fields[0].StartsWith('#'))
            {
                found.Insert(0, (fields[0], fields[1]));
            }
        }

        return found;
    }

    private void Read(FileContextSource source)
    {
        var number = 0;
        foreach (var line in source.Text.Split('\n'))
        {
            number++;
            var fields = Fields(line);
            if (fields.Length == 0 || fields[0].StartsWith('#'))
            {
                continue;
            }

            var place = $"{source.Path}:{number}";
            var (kind, context) = fields.Length == 2 ? ((FileKind?)null, fields[1]) : (KindOf(fields.ElementAtOrDefault(1)), fields.ElementAtOrDefault(2));
            var problem = fields.Length < 2 ? "it is missing fields"
                : fields.Take(3).Any(f => !f.All(char.IsAscii)) ? "it has characters that are not ASCII"
                : fields.Length > 2 && kind is null ? $"{fields[1]} is no file type"
                : null;
            if (problem is not null)
            {
                _problems.Add($"{place}: {problem}");
                continue;
            }

            var rule = new Rule(fields[0], ContextPattern.Stem(fields[0]), kind, new FileContextMatch(context == "<<none>>" ? null : context, place, source.IsLocal, kind is null ? fields[0] : null));
            if (ContextPattern.Literal(fields[0]) is { } path)
            {
                (_exact.TryGetValue(path, out var rules) ? rules : _exact[path] = []).Add(rule);
            }
            else
            {
                _patterns.Add(rule);
            }
        }
    }

    // Devices, sockets and pipes are not told apart: no file of a certificate is one.
    private static FileKind? KindOf(string? word) => word switch
    {
        "--" => FileKind.Regular,
        "-d" => FileKind.Directory,
        "-l" => FileKind.SymbolicLink,
        "-b" or "-c" or "-p" or "-s" => FileKind.Other,
        _ => null,
    };

    private static string[] Fields(string line) => line.Split([' ', '\t', '\r', '\v', '\f'], StringSplitOptions.RemoveEmptyEntries);

    private sealed record Rule(string Text, string Stem, FileKind? Kind, FileContextMatch Match)
    {
        public Regex? Pattern { get; set; }

        public bool Fits(FileKind kind) => Kind is null || Kind == kind;
    }
}
