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

    /// <summary>The blocks of <see cref="Path"/> that lines open, outermost first.</summary>
    public IReadOnlyList<DovecotOpened> Around { get; init; } = [];

    /// <summary>2.4: the line that brings it in from a group (<c>@LABEL = NAME</c>), or null where it stands for itself.</summary>
    public DovecotAssignment? Use { get; init; }

    /// <summary>True at top level and within <c>protocol</c>, <c>local</c>, <c>local_name</c> and <c>remote</c> only.</summary>
    public bool IsGlobal => Path.All(h => h.IsTransparent);

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
    // The one that decides goes first.
    private readonly IReadOnlyList<DovecotFilter> _filters;
    private readonly Dictionary<DovecotFilter, int> _order = [];
    private readonly IReadOnlyList<DovecotAssignment> _fromGroups;
    private readonly Dictionary<(DovecotFilter Filter, string Name), Line> _last = [];

    internal DovecotTree(DovecotGrammar grammar, DovecotWalk walk)
    {
        Grammar = grammar;
        Assignments = walk.Assignments;
        Files = walk.Files;
        Problems = walk.Problems;
        Blocks = walk.Blocks;
        GroupUses = walk.GroupUses;
        _filters = grammar == DovecotGrammar.V24
            ? [.. walk.Filters.AsEnumerable().Reverse().OrderByDescending(f => f.Named)]
            : [.. walk.Filters.OrderDescending(DovecotFilter.ByRank)];
        foreach (var filter in _filters)
        {
            _order[filter] = _order.Count;
        }

        // What a filter says itself goes before what a group says for it, and the group that was named first before a later one.
        _fromGroups = walk.FromGroups;
        foreach (var assignment in _fromGroups.AsEnumerable().Reverse().Concat(Assignments.Where(a => a.IsGlobal)))
        {
            var place = (Filter(assignment), assignment.Name);
            _last[place] = new Line(assignment, _last.GetValueOrDefault(place));
        }
    }

    /// <summary>The version range that reads it.</summary>
    public DovecotGrammar Grammar { get; }

    /// <summary>All settings in reading order.</summary>
    public IReadOnlyList<DovecotAssignment> Assignments { get; }

    /// <summary>The files in reading order; one that is included twice comes twice.</summary>
    public IReadOnlyList<DovecotConfig> Files { get; }

    /// <summary>What Dovecot would refuse, as far as syntax and includes tell.</summary>
    public IReadOnlyList<DovecotProblem> Problems { get; }

    /// <summary>Every block that is opened, in reading order.</summary>
    public IReadOnlyList<DovecotOpened> Blocks { get; }

    /// <summary>2.4: the lines that use groups: the group's label (<c>@LABEL</c>) is their name, and its name their value.</summary>
    public IReadOnlyList<DovecotAssignment> GroupUses { get; }

    /// <summary>Reads a configuration.</summary>
    /// <param name="root">Absolute path of dovecot.conf.</param>
    /// <param name="texts">Absolute path to text of every file that may be included, the root among them; more do no harm.</param>
    /// <param name="grammar">The version range that reads it.</param>
    /// <param name="edits">By file and line: settings that are read as if they were not there (null), and what blocks are read to be about; null for none.</param>
    /// <param name="addresses">Addresses of host names that stand in <c>local</c>; null for none.</param>
    public static DovecotTree Build(
        string root,
        IReadOnlyDictionary<string, string> texts,
        DovecotGrammar grammar = DovecotGrammar.V23,
        IReadOnlyDictionary<(string File, int Line), DovecotHeader?>? edits = null,
        IReadOnlyDictionary<string, string>? addresses = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(texts);
        var walk = new DovecotWalk(texts, grammar, edits, addresses);
        walk.Run(root);
        return new DovecotTree(grammar, walk);
    }

    /// <summary>
    /// The assignment that decides a global setting for one connection, or null when no file sets it (the default rules).
    /// As Dovecot 2.3 decides: <c>local_name</c> before <c>local</c> before <c>remote</c> before <c>protocol</c> before
    /// top level, whatever the order; among filters of one rank the one that was opened first; in one filter the last line.
    /// Where filters contradict each other, <see cref="Conflict"/> says so and the connection fails.
    /// As Dovecot 2.4 decides: of the filters that match, the one that was opened last, whatever it is about. Where several of them
    /// include one group, 2.4.1 does not always let the last one decide, and what it does is not known here: doveconf has the last word.
    /// </summary>
    /// <param name="name">Setting name.</param>
    /// <param name="connection">The connection; null asks for the top level alone.</param>
    public DovecotAssignment? Effective(string name, DovecotConnection? connection = null) =>
        Deciding(name, connection).FirstOrDefault();

    /// <summary>The assignment of <see cref="Effective"/>, then each that would decide if all before it were gone.</summary>
    /// <param name="name">Setting name.</param>
    /// <param name="connection">The connection; null asks for the top level alone.</param>
    public IEnumerable<DovecotAssignment> Deciding(string name, DovecotConnection? connection = null) =>
        Matching(connection).SelectMany(f => Lines(_last.GetValueOrDefault((f, name))));

    /// <summary>
    /// The assignment that Dovecot 2.3 names in "Conflict in setting NAME found from filter at FILE:LINE", or null. Two
    /// filters that a connection matches must not both set a value unless one of them is about all that the other is about
    /// (<c>local</c> and <c>local_name</c>, <c>local_name</c> and <c>protocol</c>): Dovecot then drops the connection.
    /// Dovecot 2.4 knows no conflicts.
    /// </summary>
    /// <param name="name">Setting name.</param>
    /// <param name="connection">The connection.</param>
    public DovecotAssignment? Conflict(string name, DovecotConnection connection) => Conflicting(name, connection).FirstOrDefault();

    /// <summary>The assignment of <see cref="Conflict"/>, then each that would be named if all before it were gone.</summary>
    /// <param name="name">Setting name.</param>
    /// <param name="connection">The connection.</param>
    public IEnumerable<DovecotAssignment> Conflicting(string name, DovecotConnection connection)
    {
        var filters = Grammar == DovecotGrammar.V24 ? [] : Matching(connection);
        var set = false;
        for (var i = 0; i < filters.Count; i++)
        {
            if (!_last.TryGetValue((filters[i], name), out var last))
            {
                continue;
            }

            foreach (var line in set && !filters[i].IsSupersetOf(filters[i - 1]) ? Lines(last) : [])
            {
                yield return line;
            }

            set = true;
        }
    }

    /// <summary>The last assignment of a setting in one block (<c>service imap-login</c>, <c>inet_listener imaps</c>), or null.</summary>
    public DovecotAssignment? EffectiveIn(IReadOnlyList<DovecotHeader> path, string name) =>
        DecidingIn(path, name).FirstOrDefault();

    /// <summary>The assignment of <see cref="EffectiveIn"/>, then each that would decide if all before it were gone.</summary>
    public IEnumerable<DovecotAssignment> DecidingIn(IReadOnlyList<DovecotHeader> path, string name) =>
        Assignments.Reverse().Where(a => a.Name == name && a.Path.SequenceEqual(path));

    /// <summary>The words of a list at top level (<c>protocols</c>), references to itself put in, as the last line leaves it.</summary>
    /// <param name="name">Setting name.</param>
    /// <param name="initial">Its default.</param>
    public IReadOnlyList<string> Words(string name, params IReadOnlyList<string> initial)
    {
        var words = initial;
        foreach (var assignment in Assignments)
        {
            if (assignment.Path.Count == 0 && assignment.Name == name)
            {
                words = [.. assignment.Value.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries).SelectMany(w => w == "$" + name || w == "$SET:" + name ? words : [w])];
            }
            else if (assignment.Path is [{ Argument: "" } block] && block.Kind == name)
            {
                // 2.4's form of one word a line.
                var without = words.Where(w => w != assignment.Name);
                words = assignment.Value == "no" ? [.. without] : [.. without, assignment.Name];
            }
        }

        return words;
    }

    /// <summary>
    /// The assignments that take the place of <paramref name="own"/> for some connection: later ones in the same blocks,
    /// and, for a global setting, those in filters that go before its own where a connection meets both.
    /// </summary>
    public IEnumerable<DovecotAssignment> Overriding(DovecotAssignment own)
    {
        ArgumentNullException.ThrowIfNull(own);
        var at = Assignments.ToList().IndexOf(own);
        var filter = Filter(own);
        bool GoesBefore(DovecotAssignment a) => Filter(a) is var other && filter.Meets(other) && Order(other) < Order(filter);
        return Assignments.Where((a, i) => a.Name == own.Name && i != at && own.IsGlobal == a.IsGlobal &&
            (own.IsGlobal ? GoesBefore(a) || (i > at && Filter(a) == filter) : i > at && a.Path.SequenceEqual(own.Path)))
            .Concat(own.IsGlobal ? _fromGroups.Where(a => a.Name == own.Name && GoesBefore(a)) : []);
    }

    private static IEnumerable<DovecotAssignment> Lines(Line? last)
    {
        for (var line = last; line is not null; line = line.Hidden)
        {
            yield return line.Assignment;
        }
    }

    private DovecotFilter Filter(DovecotAssignment assignment) => DovecotFilter.Of(assignment.Path, Grammar);

    /// <summary>The filters that match, the one that decides first; top level comes last.</summary>
    private List<DovecotFilter> Matching(DovecotConnection? connection) => [.. _filters.Where(f => f.Matches(connection)), DovecotFilter.All];

    // Top level comes last.
    private int Order(DovecotFilter filter) => _order.GetValueOrDefault(filter, int.MaxValue);

    /// <summary>An assignment, and the one of the same filter and name that it hides.</summary>
    private sealed record Line(DovecotAssignment Assignment, Line? Hidden);
}
