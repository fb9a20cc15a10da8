namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>
/// One file of a Dovecot configuration, byte for byte (each byte one Latin-1 character). Immutable: an edit gives a new
/// file. Any text is accepted; what Dovecot would refuse is a <see cref="DovecotFault"/>.
/// </summary>
public sealed class DovecotConfig
{
    private readonly string _text;
    private readonly string[] _lines;
    private readonly Lazy<IReadOnlyList<DovecotNode>> _nodes;

    private DovecotConfig(string file, string text, DovecotGrammar grammar)
    {
        File = file;
        Grammar = grammar;
        _text = text;
        _lines = TextLines.Split(text);
        Statements = [.. new DovecotLines(grammar.White()).Read(_lines)];
        _nodes = new Lazy<IReadOnlyList<DovecotNode>>(Nest);
    }

    /// <summary>Absolute path.</summary>
    public string File { get; }

    /// <summary>The version range that reads it.</summary>
    public DovecotGrammar Grammar { get; }

    /// <summary>The statements, those of a block inside it.</summary>
    public IReadOnlyList<DovecotNode> Nodes => _nodes.Value;

    /// <summary>The statements one after the other, blocks as their two ends.</summary>
    internal IReadOnlyList<DovecotNode> Statements { get; }

    /// <summary>The glob patterns that the file includes, made absolute, in their order.</summary>
    public IReadOnlyList<DovecotInclude> Includes =>
        [.. Statements.OfType<DovecotInclude>().Select(i => i with { Pattern = Resolve(i.Pattern) })];

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its absolute path: relative includes start at its directory.</param>
    /// <param name="text">Its text.</param>
    /// <param name="grammar">The version range that reads it.</param>
    public static DovecotConfig Parse(string file, string text, DovecotGrammar grammar = DovecotGrammar.V23)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(text);
        return new DovecotConfig(file, text, grammar);
    }

    /// <summary>A path as the file means it: relative to the directory of the file.</summary>
    public string Resolve(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.StartsWith('/') ? path : File[..(File.LastIndexOf('/') + 1)] + path;
    }

    /// <summary>
    /// Removes the settings that begin on these lines, whole lines only. A block that only limits to which connections its
    /// settings apply (<c>protocol</c>, <c>local</c>, <c>local_name</c>, <c>remote</c>, <c>ssl_server</c>) goes too when nothing but
    /// blank lines is left in it; another block (<c>passdb</c>, <c>inet_listener</c>, …) says something by standing there and stays.
    /// </summary>
    /// <exception cref="ArgumentException">No setting begins on one of the lines.</exception>
    public DovecotConfig RemoveSettings(params IEnumerable<int> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        return Edit(lines.Distinct().ToDictionary(l => l, _ => (string?)null));
    }

    /// <summary>Removes settings, as <see cref="RemoveSettings"/> does, and writes others, and what opens a block, anew where they stand: indent, remark and terminator stay.</summary>
    /// <param name="edits">1-based line on which a setting begins or a block opens, to the statement that takes its place, or null to remove a setting.</param>
    /// <exception cref="ArgumentException">Nothing that can be edited begins on one of the lines, or a statement cannot be written.</exception>
    public DovecotConfig Edit(IReadOnlyDictionary<int, string?> edits)
    {
        ArgumentNullException.ThrowIfNull(edits);
        if (edits.Values.Any(t => t is not null && !TextLines.IsOneLine(t)))
        {
            throw new ArgumentException("not one line of Latin-1 text", nameof(edits));
        }

        var edit = new LineEdits(_lines);
        var found = 0;
        foreach (var node in Statements.Where(s => edits.TryGetValue(s.Line, out var text) && (s is DovecotSetting || (s is DovecotOpen && text is not null))))
        {
            found++;
            Remove(edit, node.Line, node.EndLine);
            if (edits[node.Line] is { } statement)
            {
                edit.Replace(node.Line - 1, Rewritten(node, statement));
            }
        }

        if (found < edits.Count)
        {
            throw new ArgumentException($"nothing begins on a line of {File} that is to be edited", nameof(edits));
        }

        RemoveEmptied(edit, edits);
        return edits.Count == 0 ? this : new DovecotConfig(File, edit.Build(), Grammar);
    }

    /// <summary>Adds a line at the end of the file.</summary>
    /// <param name="line">One line without terminator.</param>
    /// <exception cref="ArgumentException">The line cannot be written.</exception>
    public DovecotConfig AppendLine(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (!TextLines.IsOneLine(line))
        {
            throw new ArgumentException("not one line of Latin-1 text", nameof(line));
        }

        var edits = new LineEdits(_lines);
        if (_lines.Length > 0 && _lines[^1].AsSpan().TrimEnd(" \t\r\n").EndsWith("\\"))
        {
            // Without a blank line between, the last line would go on into ours.
            edits.Insert(_lines.Length, "");
        }

        edits.Insert(_lines.Length, line);
        return new DovecotConfig(File, edits.Build(), Grammar);
    }

    /// <summary>The file's text.</summary>
    public override string ToString() => _text;

    private List<DovecotNode> Nest()
    {
        var root = new List<DovecotNode>();
        var open = new Stack<(DovecotOpen Start, List<DovecotNode> Children)>();
        List<DovecotNode> Current() => open.Count > 0 ? open.Peek().Children : root;
        foreach (var statement in Statements)
        {
            if (statement is DovecotOpen start)
            {
                open.Push((start, []));
            }
            else if (statement is not DovecotClose close)
            {
                Current().Add(statement);
            }
            else if (open.TryPop(out var block))
            {
                Current().Add(new DovecotBlock(block.Start.Header, block.Children, block.Start.Line, close.EndLine, Closed: true));
            }
            else
            {
                root.Add(new DovecotFault("unexpected '}'", close.Line, close.EndLine));
            }
        }

        while (open.TryPop(out var block))
        {
            Current().Add(new DovecotBlock(block.Start.Header, block.Children, block.Start.Line, _lines.Length, Closed: false));
        }

        return root;
    }

    private static void Remove(LineEdits edit, int first, int last)
    {
        for (var line = first; line <= last; line++)
        {
            edit.Remove(line - 1);
        }
    }

    private string Rewritten(DovecotNode node, string statement)
    {
        var first = _lines[node.Line - 1];
        var last = _lines[node.EndLine - 1];
        var indent = first[..^first.TrimStart(' ', '\t').Length];
        return indent + statement + (node.Line == node.EndLine ? DovecotLines.Remark(last) : "") + TextLines.TerminatorOf(last);
    }

    // A loop with a stack of its own: a file may nest blocks deeper than this thread's stack is.
    private void RemoveEmptied(LineEdits edit, IReadOnlyDictionary<int, string?> edits)
    {
        var open = new Stack<(DovecotOpen Start, int Kept, bool Removed)>();
        var emptied = new List<(int First, int Last)>();
        foreach (var statement in Statements)
        {
            if (statement is DovecotOpen start)
            {
                open.Push((start, 0, false));
            }
            else if (!open.TryPop(out var block))
            {
                continue;
            }
            else if (statement is not DovecotClose close)
            {
                var removed = statement is DovecotSetting && edits.TryGetValue(statement.Line, out var text) && text is null;
                open.Push(removed ? block with { Removed = true } : block with { Kept = block.Kept + 1 });
            }
            else
            {
                var goes = block is { Kept: 0, Removed: true } && block.Start.Header.IsTransparent;
                if (goes)
                {
                    // The lines of the blocks inside are among these: each line is taken once, however deep it lies.
                    while (emptied.Count > 0 && emptied[^1].First > block.Start.Line)
                    {
                        emptied.RemoveAt(emptied.Count - 1);
                    }

                    emptied.Add((block.Start.Line, close.EndLine));
                }

                if (open.TryPop(out var outer))
                {
                    open.Push(goes ? outer with { Removed = true } : outer with { Kept = outer.Kept + 1 });
                }
            }
        }

        foreach (var (first, last) in emptied)
        {
            Remove(edit, first, last);
        }
    }
}
