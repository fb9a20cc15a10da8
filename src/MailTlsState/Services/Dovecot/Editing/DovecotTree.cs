namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>One setting in the order in which Dovecot reads it, includes followed.</summary>
/// <param name="Setting">Name, value, lines.</param>
/// <param name="Path">The blocks around it, outermost first; a block may have been opened in an including file.</param>
/// <param name="File">The file that it stands in.</param>
public sealed record DovecotAssignment(DovecotSetting Setting, IReadOnlyList<DovecotHeader> Path, string File)
{
    /// <summary>Setting name.</summary>
    public string Name => Setting.Name;

    /// <summary>Value as <c>doveconf</c> shows it.</summary>
    public string Value => Setting.Value;

    /// <summary>1-based line.</summary>
    public int Line => Setting.Line;

    /// <summary>True at top level and within <c>protocol</c>, <c>local</c>, <c>local_name</c> and <c>remote</c> only.</summary>
    public bool IsGlobal => Path.All(h => h.IsFilter);

    /// <summary>File, line and blocks: <c>/etc/dovecot/local.conf:3 (local_name mail.example.org)</c>.</summary>
    public override string ToString() => Path.Count == 0 ? $"{File}:{Line}" : $"{File}:{Line} ({string.Join(" / ", Path)})";
}

/// <summary>What keeps a configuration from loading.</summary>
/// <param name="Problem">Why.</param>
/// <param name="File">Where.</param>
/// <param name="Line">1-based line.</param>
public sealed record DovecotProblem(string Problem, string File, int Line);

/// <summary>A Dovecot configuration as a whole: all settings of the root file and of what it includes, in reading order.</summary>
public sealed class DovecotTree
{
    private static readonly string[] NamedBlocks = ["service", "inet_listener", "unix_listener", "fifo_listener", "namespace", "mailbox"];

    private readonly List<DovecotAssignment> _assignments = [];
    private readonly List<DovecotProblem> _problems = [];
    private readonly List<DovecotConfig> _files = [];
    private readonly List<DovecotHeader> _path = [];
    private readonly List<DovecotFilter> _filters = [];

    private DovecotTree()
    {
    }

    /// <summary>All settings in reading order.</summary>
    public IReadOnlyList<DovecotAssignment> Assignments => _assignments;

    /// <summary>The files in reading order; one that is included twice comes twice.</summary>
    public IReadOnlyList<DovecotConfig> Files => _files;

    /// <summary>What Dovecot would refuse, as far as syntax and includes tell.</summary>
    public IReadOnlyList<DovecotProblem> Problems => _problems;

    /// <summary>Reads a configuration.</summary>
    /// <param name="root">Absolute path of dovecot.conf.</param>
    /// <param name="texts">Absolute path to text of every file that may be included, the root among them; more do no harm.</param>
    public static DovecotTree Build(string root, IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(texts);
        var tree = new DovecotTree();
        if (texts.TryGetValue(root, out var text))
        {
            tree.Walk(DovecotConfig.Parse(root, text), texts, []);
        }
        else
        {
            tree._problems.Add(new DovecotProblem("the file was not read", root, 1));
        }

        if (tree._path.Count > 0)
        {
            tree._problems.Add(new DovecotProblem($"missing '}}' of {tree._path[^1]}", root, 1));
        }

        return tree;
    }

    /// <summary>Collects the files that a configuration consists of.</summary>
    /// <param name="root">Absolute path of dovecot.conf.</param>
    /// <param name="read">Text of a file, its symbolic links followed; null when there is none.</param>
    /// <param name="list">Names in a directory, empty when there is none.</param>
    /// <returns>What <see cref="Build"/> takes.</returns>
    public static async Task<IReadOnlyDictionary<string, string>> CollectAsync(
        string root, Func<string, Task<string?>> read, Func<string, Task<IReadOnlyList<string>>> list)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(read);
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var asked = new HashSet<string>(StringComparer.Ordinal) { root };
        var waiting = new Queue<string>([root]);
        while (waiting.TryDequeue(out var path))
        {
            if (await read(path).ConfigureAwait(false) is not { } text)
            {
                continue;
            }

            texts[path] = text;
            foreach (var include in DovecotConfig.Parse(path, text).Includes)
            {
                foreach (var found in await DovecotGlob.ExpandAsync(include.Pattern, list).ConfigureAwait(false))
                {
                    if (asked.Add(found))
                    {
                        waiting.Enqueue(found);
                    }
                }
            }
        }

        return texts;
    }

    /// <summary>
    /// The assignment that decides a global setting for one connection, or null when no file sets it (the default rules).
    /// As Dovecot 2.3 decides: <c>local_name</c> before <c>local</c> before <c>remote</c> before <c>protocol</c> before
    /// top level, whatever the order; among filters of one rank the one that was opened first; in one filter the last line.
    /// Where filters contradict each other, <see cref="Conflict"/> says so and the connection fails.
    /// </summary>
    /// <param name="name">Setting name.</param>
    /// <param name="connection">The connection; null asks for the top level alone.</param>
    public DovecotAssignment? Effective(string name, DovecotConnection? connection = null) =>
        Matching(connection).Select(f => Last(name, f)).FirstOrDefault(a => a is not null);

    /// <summary>
    /// The assignment that Dovecot 2.3 names in "Conflict in setting NAME found from filter at FILE:LINE", or null. Two
    /// filters that a connection matches must not both set a value unless one of them is about all that the other is about
    /// (<c>local</c> and <c>local_name</c>, <c>local_name</c> and <c>protocol</c>): Dovecot then drops the connection.
    /// </summary>
    /// <param name="name">Setting name.</param>
    /// <param name="connection">The connection.</param>
    public DovecotAssignment? Conflict(string name, DovecotConnection connection)
    {
        var filters = Matching(connection);
        var set = false;
        for (var i = 0; i < filters.Count; i++)
        {
            if (Last(name, filters[i]) is not { } assignment)
            {
                continue;
            }

            if (set && !filters[i].IsSupersetOf(filters[i - 1]))
            {
                return assignment;
            }

            set = true;
        }

        return null;
    }

    /// <summary>The last assignment of a setting in one block (<c>service imap-login</c>, <c>inet_listener imaps</c>), or null.</summary>
    public DovecotAssignment? EffectiveIn(IReadOnlyList<DovecotHeader> path, string name) =>
        _assignments.FindLast(a => a.Name == name && a.Path.SequenceEqual(path));

    /// <summary>
    /// The assignments that take the place of <paramref name="own"/> for some connection: later ones in the same blocks,
    /// and, for a global setting, those in narrower filters wherever they stand.
    /// </summary>
    public IEnumerable<DovecotAssignment> Overriding(DovecotAssignment own)
    {
        ArgumentNullException.ThrowIfNull(own);
        var at = _assignments.IndexOf(own);
        var filter = DovecotFilter.Of(own.Path);
        return _assignments.Where((a, i) => a.Name == own.Name && i != at && own.IsGlobal == a.IsGlobal &&
            (own.IsGlobal
                ? filter.Contains(DovecotFilter.Of(a.Path)) && (i > at || DovecotFilter.Of(a.Path) != filter)
                : i > at && a.Path.SequenceEqual(own.Path)));
    }

    /// <summary>The filters that match, the one that decides first; top level comes last.</summary>
    private List<DovecotFilter> Matching(DovecotConnection? connection) =>
        [.. _filters.Where(f => f.Matches(connection)).OrderDescending(DovecotFilter.ByRank), DovecotFilter.All];

    private DovecotAssignment? Last(string name, DovecotFilter filter) =>
        _assignments.FindLast(a => a.Name == name && a.IsGlobal && DovecotFilter.Of(a.Path) == filter);

    private void Walk(DovecotConfig file, IReadOnlyDictionary<string, string> texts, IReadOnlyList<string> including)
    {
        _files.Add(file);
        foreach (var statement in file.Statements)
        {
            switch (statement)
            {
                case DovecotSetting setting:
                    _assignments.Add(Assign(setting, file.File));
                    break;
                case DovecotOpen open:
                    _path.Add(open.Header);
                    Remember();
                    break;
                case DovecotClose when _path.Count > 0:
                    _path.RemoveAt(_path.Count - 1);
                    break;
                case DovecotClose close:
                    _problems.Add(new DovecotProblem("unexpected '}'", file.File, close.Line));
                    break;
                case DovecotFault fault:
                    _problems.Add(new DovecotProblem(fault.Problem, file.File, fault.Line));
                    break;
                case DovecotInclude include:
                    Include(file, include, texts, [.. including, file.File]);
                    break;
            }
        }
    }

    /// <summary>A name may hold the blocks too: <c>service/imap-login/client_limit</c>, <c>plugin/quota</c>.</summary>
    private DovecotAssignment Assign(DovecotSetting setting, string file)
    {
        if (!setting.Name.Contains('/'))
        {
            return new DovecotAssignment(setting, [.. _path], file);
        }

        var words = setting.Name.Split('/');
        var path = _path.ToList();
        for (var i = 0; i < words.Length - 1; i++)
        {
            var named = NamedBlocks.Contains(words[i]) && i + 1 < words.Length - 1;
            path.Add(new DovecotHeader(words[i], named ? words[++i] : ""));
        }

        return new DovecotAssignment(setting with { Name = words[^1] }, path, file);
    }

    private void Remember()
    {
        if (_path.All(h => h.IsFilter) && DovecotFilter.Of(_path) is var filter && !_filters.Contains(filter))
        {
            _filters.Add(filter);
        }
    }

    private void Include(DovecotConfig file, DovecotInclude include, IReadOnlyDictionary<string, string> texts, IReadOnlyList<string> including)
    {
        var paths = DovecotGlob.Select(file.Resolve(include.Pattern), texts.Keys);
        if (paths.Count == 0 && !include.Optional)
        {
            _problems.Add(new DovecotProblem($"nothing matches {include.Pattern}", file.File, include.Line));
        }

        foreach (var path in paths)
        {
            if (including.Contains(path))
            {
                _problems.Add(new DovecotProblem($"{path} includes itself", file.File, include.Line));
            }
            else
            {
                Walk(DovecotConfig.Parse(path, texts[path]), texts, including);
            }
        }
    }
}
