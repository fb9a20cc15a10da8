namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>What <c>doveconf</c> (<c>-n</c>, <c>-a</c>, with or without <c>-f</c>) prints.</summary>
/// <param name="Header">The comment lines at its head, without <c>#</c>: version and file, Pigeonhole, OS, hostname.</param>
/// <param name="Nodes">The settings and blocks in its order.</param>
public sealed record DoveconfOutput(IReadOnlyList<string> Header, IReadOnlyList<DovecotNode> Nodes)
{
    /// <summary>Dovecot's version, as <c>2.3.19.1</c>, or null when the head does not say.</summary>
    public string? Version => Header.Count > 0 ? Header[0].Split(' ')[0] : null;

    /// <summary>A top-level setting as it is shown, or null when it is not shown.</summary>
    public DovecotSetting? Find(string name) => Nodes.OfType<DovecotSetting>().LastOrDefault(s => s.Name == name);

    /// <summary>Reads the output. A line of another form is a <see cref="DovecotFault"/>.</summary>
    public static DoveconfOutput Parse(string output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var header = new List<string>();
        var root = new List<DovecotNode>();
        var open = new Stack<(DovecotHeader Header, int Line, List<DovecotNode> Children)>();
        var lines = output.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i].Trim(' ');
            var current = open.Count > 0 ? open.Peek().Children : root;
            if (line.StartsWith('#') && root.Count == 0 && open.Count == 0)
            {
                header.Add(line[1..].Trim(' '));
            }
            else if (line == "}" && open.TryPop(out var block))
            {
                (open.Count > 0 ? open.Peek().Children : root).Add(new DovecotBlock(block.Header, block.Children, block.Line, i + 1, Closed: true));
            }
            else if (Setting(line, i + 1) is { } setting)
            {
                current.Add(setting);
            }
            else if (line.EndsWith(" {", StringComparison.Ordinal))
            {
                var words = line[..^2].Split(' ', 2);
                open.Push((new DovecotHeader(words[0], words.Length > 1 ? DovecotLines.Unquote(words[1].Trim(' ')) : ""), i + 1, []));
            }
            else if (line.Length > 0)
            {
                current.Add(line.StartsWith('#') ? new DovecotComment(line, i + 1) : new DovecotFault("not understood", i + 1, i + 1));
            }
        }

        while (open.TryPop(out var block))
        {
            (open.Count > 0 ? open.Peek().Children : root).Add(new DovecotBlock(block.Header, block.Children, block.Line, lines.Length, Closed: false));
        }

        return new DoveconfOutput(header, root);
    }

    private static DovecotSetting? Setting(string line, int number)
    {
        var at = line.IndexOf(" =", StringComparison.Ordinal);
        if (at <= 0 || line.AsSpan(0, at).Contains(' ') || (at + 2 < line.Length && line[at + 2] != ' '))
        {
            return null;
        }

        // doveconf quotes a value that holds '#', so an unquoted one is its own remark.
        var value = line[(at + 2)..].TrimStart(' ');
        var kind = value.StartsWith('#') ? DovecotValueKind.Hidden : value.StartsWith('<') ? DovecotValueKind.File : DovecotValueKind.Text;
        return new DovecotSetting(line[..at], kind == DovecotValueKind.Hidden ? "" : DovecotLines.Unquote(value), kind, number, number);
    }
}
