namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>
/// One file of a Dovecot configuration, byte for byte (each byte one Latin-1 character). Immutable: an edit gives a new
/// file. Any text is accepted; what Dovecot would refuse is a <see cref="DovecotFault"/>.
/// </summary>
public sealed class DovecotConfig
{
    private readonly string _text;
    private readonly string[] _lines;

    private DovecotConfig(string file, string text)
    {
        File = file;
        _text = text;
        _lines = TextLines.Split(text);
        Statements = [.. DovecotLines.Read(_lines)];
        Nodes = Nest();
    }

    /// <summary>Absolute path.</summary>
    public string File { get; }

    /// <summary>The statements, those of a block inside it.</summary>
    public IReadOnlyList<DovecotNode> Nodes { get; }

    /// <summary>The statements one after the other, blocks as their two ends.</summary>
    internal IReadOnlyList<DovecotNode> Statements { get; }

    /// <summary>The glob patterns that the file includes, made absolute, in their order.</summary>
    public IReadOnlyList<DovecotInclude> Includes =>
        [.. Statements.OfType<DovecotInclude>().Select(i => i with { Pattern = Resolve(i.Pattern) })];

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its absolute path: relative includes start at its directory.</param>
    /// <param name="text">Its text.</param>
    public static DovecotConfig Parse(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(text);
        return new DovecotConfig(file, text);
    }

    /// <summary>A path as the file means it: relative to the directory of the file.</summary>
    public string Resolve(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.StartsWith('/') ? path : File[..(File.LastIndexOf('/') + 1)] + path;
    }

    /// <summary>
    /// Removes the settings that begin on these lines, whole lines only. A block that only limits to which connections its
    /// settings apply (<c>protocol</c>, <c>local</c>, <c>local_name</c>, <c>remote</c>) goes too when nothing but blank
    /// lines is left in it; another block (<c>passdb</c>, <c>inet_listener</c>, …) says something by standing there and stays.
    /// </summary>
    /// <exception cref="ArgumentException">No setting begins on one of the lines.</exception>
    public DovecotConfig RemoveSettings(params IEnumerable<int> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var wanted = lines.ToHashSet();
        var gone = new HashSet<int>();
        RemoveFrom(Nodes, wanted, gone);
        if (wanted.Count > 0)
        {
            throw new ArgumentException($"no setting begins on line {wanted.Min()} of {File}", nameof(lines));
        }

        return gone.Count == 0 ? this : new DovecotConfig(File, string.Concat(_lines.Where((_, i) => !gone.Contains(i + 1))));
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
        return new DovecotConfig(File, edits.Build());
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

    /// <summary>Marks the lines that go; true when nothing is left of the nodes.</summary>
    private static bool RemoveFrom(IReadOnlyList<DovecotNode> nodes, HashSet<int> wanted, HashSet<int> gone)
    {
        var left = 0;
        foreach (var node in nodes)
        {
            var removed = node switch
            {
                DovecotSetting setting => wanted.Remove(setting.Line),
                DovecotBlock { Children.Count: > 0 } block =>
                    RemoveFrom(block.Children, wanted, gone) && block.Header.IsFilter && block.Closed,
                _ => false,
            };
            left += removed ? 0 : 1;
            for (var line = node.Line; removed && line <= node.EndLine; line++)
            {
                gone.Add(line);
            }
        }

        return left == 0;
    }
}
