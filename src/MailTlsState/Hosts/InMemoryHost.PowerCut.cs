namespace MailTlsState.Hosts;

/// <summary>
/// What of this host would outlive a power cut: content and attributes as of the last fsync of the file, names as of the last
/// fsync of their directory. Of the names changed since, a journaling file system may keep the first few, each change whole.
/// </summary>
public sealed partial class InMemoryHost
{
    private readonly List<(string Path, Node? Node)[]> _unsettled = [];
    private SortedDictionary<string, Node>? _lasting;

    // Stands for the time in a file's time of change.
    private long _changes;

    /// <summary>True makes <see cref="SyncDirectory"/> do nothing: a power cut has to be seen to hurt then.</summary>
    public bool ForgetsDirectories { get; set; }

    /// <summary>How many changes of names a power cut could undo.</summary>
    public int UnsettledNames => _unsettled.Count;

    /// <summary>From here on it is kept apart what would last; all that is there now does.</summary>
    public InMemoryHost Settled()
    {
        _unsettled.Clear();
        _lasting = new SortedDictionary<string, Node>(_nodes, StringComparer.Ordinal);
        foreach (var node in _nodes.Values)
        {
            Keep(node);
        }

        return this;
    }

    /// <summary>Cuts the power: what would not last is gone.</summary>
    /// <param name="survivors">How many of the changes of names since then happen to be on the disk, the first ones.</param>
    public void CutPower(int survivors)
    {
        var lasting = _lasting ?? throw new InvalidOperationException("what lasts is not kept apart");
        foreach (var change in _unsettled.Take(survivors))
        {
            Apply(lasting, change);
        }

        _nodes.Clear();
        foreach (var (path, node) in lasting)
        {
            // The order of paths puts a directory before what is in it.
            if (path == "/" || _nodes.ContainsKey(Path.GetDirectoryName(path)!))
            {
                (node.Content, node.Owner, node.Group, node.Mode, node.Label) = node.Lasting ?? ([], 0, 0, 0, null);
                _nodes[path] = node;
            }
        }

        Settled();
    }

    private void Name(string path, Node? node) => Name([(path, node)]);

    private void Name((string Path, Node? Node)[] change)
    {
        Apply(_nodes, change);
        if (_lasting is not null)
        {
            _unsettled.Add(change);
        }
    }

    // Half of it first: a process can die, and a disk can fail, in the middle of a write and before it is flushed.
    private void Write(Node node, string path, ReadOnlySpan<byte> content)
    {
        var before = node.Content;
        BeforeChange("write to", path);
        node.Content = [.. before, .. content[..(content.Length / 2)]];
        BeforeChange("write the rest to", path);
        node.Content = [.. before, .. content];
        Flush(node, path);
    }

    private void Flush(Node node, string path)
    {
        node.Changed = ++_changes;
        BeforeChange("flush", path);
        Keep(node);
    }

    private static void Keep(Node node) => node.Lasting = (node.Content, node.Owner, node.Group, node.Mode, node.Label);

    private void Settle(string directory)
    {
        if (_lasting is null || ForgetsDirectories)
        {
            return;
        }

        foreach (var change in _unsettled.Where(c => c.Any(p => Path.GetDirectoryName(p.Path) == directory)).ToList())
        {
            Apply(_lasting, change);
            _unsettled.Remove(change);
        }
    }

    private static void Apply(SortedDictionary<string, Node> names, (string Path, Node? Node)[] change)
    {
        foreach (var (path, node) in change)
        {
            _ = node is null ? names.Remove(path) : (names[path] = node) == node;
        }
    }
}
