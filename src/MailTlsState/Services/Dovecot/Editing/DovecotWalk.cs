namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>A block that a configuration opens.</summary>
/// <param name="Path">The block and those around it, outermost first.</param>
/// <param name="File">The file that it stands in.</param>
/// <param name="Line">1-based line.</param>
public sealed record DovecotOpened(IReadOnlyList<DovecotHeader> Path, string File, int Line);

/// <summary>Reads the files of a configuration in the order in which Dovecot does, includes followed.</summary>
internal sealed class DovecotWalk(
    IReadOnlyDictionary<string, string> texts,
    DovecotGrammar grammar,
    IReadOnlyDictionary<(string File, int Line), DovecotHeader?>? edits,
    IReadOnlyDictionary<string, string>? addresses)
{
    // Files that include each other twice over would be read without an end in sight; nobody's configuration has as many.
    private const int MostFiles = 20_000;

    // Deeper than any block that Dovecot knows; each setting keeps the blocks around it.
    private const int MostBlocks = 50;

    private static readonly string[] NamedBlocks = ["service", "inet_listener", "unix_listener", "fifo_listener", "namespace", "mailbox"];

    private readonly Dictionary<string, DovecotConfig> _parsed = new(StringComparer.Ordinal);
    private readonly List<DovecotHeader> _path = [];
    private readonly List<DovecotOpened> _opened = [];
    private int _deeper;
    private readonly HashSet<DovecotFilter> _seen = [];
    private readonly Dictionary<string, List<DovecotAssignment>> _groups = [];

    public List<DovecotAssignment> Assignments { get; } = [];

    public List<DovecotAssignment> FromGroups { get; } = [];

    public List<DovecotOpened> Blocks { get; } = [];

    public List<DovecotConfig> Files { get; } = [];

    public List<DovecotProblem> Problems { get; } = [];

    public List<DovecotFilter> Filters { get; } = [];

    public List<DovecotAssignment> GroupUses { get; } = [];

    public void Run(string root)
    {
        if (texts.ContainsKey(root))
        {
            Read(root, []);
        }
        else
        {
            Problems.Add(new DovecotProblem("the file was not read", root, 1));
        }

        if (_path.Count > 0)
        {
            Problems.Add(new DovecotProblem($"missing '}}' of {_path[^1]}", _opened[^1].File, _opened[^1].Line));
        }

        foreach (var use in GroupUses)
        {
            foreach (var assignment in _groups.GetValueOrDefault($"{use.Name}/{use.Value}") ?? [])
            {
                List<DovecotHeader> whole = [.. use.Path, .. assignment.Path.Skip(1)];
                if (whole.TrueForAll(h => h.IsTransparent))
                {
                    Remember(whole);
                    FromGroups.Add(assignment with { Path = whole, Use = use });
                }
            }
        }
    }

    private void Read(string path, IReadOnlyList<string> including)
    {
        if (!_parsed.TryGetValue(path, out var file))
        {
            _parsed[path] = file = DovecotConfig.Parse(path, texts[path], grammar);
        }

        Files.Add(file);
        foreach (var statement in file.Statements)
        {
            switch (statement)
            {
                case DovecotSetting setting:
                    if (edits?.ContainsKey((file.File, setting.Line)) != true)
                    {
                        Assign(setting, file.File);
                    }

                    break;
                case DovecotOpen open when _path.Count + _deeper >= MostBlocks:
                    Problems.Add(new DovecotProblem("too many blocks in one another", file.File, open.Line));
                    _deeper++;
                    break;
                case DovecotClose when _deeper > 0:
                    _deeper--;
                    break;
                case DovecotOpen open:
                    _path.Add(edits?.GetValueOrDefault((file.File, open.Line)) ?? Resolved(open.Header));
                    _opened.Add(new DovecotOpened([.. _path], file.File, open.Line));
                    Blocks.Add(_opened[^1]);
                    Remember(_path);
                    break;
                case DovecotClose when _path.Count > 0:
                    _path.RemoveAt(_path.Count - 1);
                    _opened.RemoveAt(_opened.Count - 1);
                    break;
                case DovecotClose close:
                    Problems.Add(new DovecotProblem("unexpected '}'", file.File, close.Line));
                    break;
                case DovecotFault fault:
                    Problems.Add(new DovecotProblem(fault.Problem, file.File, fault.Line));
                    break;
                case DovecotInclude include:
                    Include(file, include, [.. including, file.File]);
                    break;
            }
        }
    }

    private DovecotHeader Resolved(DovecotHeader header) =>
        header.Kind == "local" && addresses?.GetValueOrDefault(header.Argument) is { } address ? header with { Address = address } : header;

    private void Assign(DovecotSetting setting, string file)
    {
        if (grammar == DovecotGrammar.V24 && setting.Name.StartsWith('@'))
        {
            GroupUses.Add(new DovecotAssignment(setting, [.. _path], file) { Around = [.. _opened] });
            return;
        }

        // A name may hold the blocks too: service/imap-login/client_limit, plugin/quota.
        var words = setting.Name.Split('/');
        var path = _path.ToList();
        for (var i = 0; i < words.Length - 1; i++)
        {
            var named = NamedBlocks.Contains(words[i]) && i + 1 < words.Length - 1;
            path.Add(new DovecotHeader(words[i], named ? words[++i] : ""));
        }

        var name = words[^1];
        if (grammar == DovecotGrammar.V24)
        {
            (path, name) = DovecotGrammars.Normalize(path, name);
        }

        var assignment = new DovecotAssignment(name == setting.Name ? setting : setting with { Name = name }, path, file) { Around = [.. _opened] };
        Assignments.Add(assignment);
        if (path.Count > words.Length - 1 && path.TrueForAll(h => h.IsTransparent))
        {
            Remember(path);
        }

        if (path.Count > 0 && path[0].Group is { } group)
        {
            if (!_groups.TryGetValue(group, out var members))
            {
                _groups[group] = members = [];
            }

            // The last line of a group counts; what is asked for later finds the first.
            members.Insert(0, assignment);
        }
    }

    private void Remember(List<DovecotHeader> path)
    {
        if (path.Count > 0 && path.TrueForAll(h => h.IsTransparent) && DovecotFilter.Of(path, grammar) is var filter && _seen.Add(filter))
        {
            Filters.Add(filter);
        }
    }

    private void Include(DovecotConfig file, DovecotInclude include, IReadOnlyList<string> including)
    {
        var paths = DovecotGlob.Select(file.Resolve(include.Pattern), texts.Keys);
        if (paths.Count == 0 && !include.Optional)
        {
            Problems.Add(new DovecotProblem($"nothing matches {include.Pattern}", file.File, include.Line));
        }

        foreach (var path in paths)
        {
            if (including.Contains(path))
            {
                Problems.Add(new DovecotProblem($"{path} includes itself", file.File, include.Line));
            }
            else if (Files.Count >= MostFiles)
            {
                Problems.Add(new DovecotProblem($"more than {MostFiles} files are included", file.File, include.Line));
                return;
            }
            else
            {
                Read(path, including);
            }
        }
    }
}
