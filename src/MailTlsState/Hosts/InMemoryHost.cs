using System.Text;
using MailTlsState.Hosts.Linux;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts;

/// <summary>
/// A host made of dictionaries, for tests and for trying out what a change would do. Files behave as on Linux (hard links share content, a
/// rename replaces, modes are kept); programs, listeners and probes answer what they were told to. Not safe for threads.
/// </summary>
public sealed partial class InMemoryHost : IHost, IHostWriter
{
    private const int NoEntry = 2;
    private const int Exists = 17;
    private const int NotDirectory = 20;
    private const int NotEmpty = 39;
    private const int Invalid = 22;
    private const int ReadOnlyFileSystem = 30;

    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal) { ["/"] = new Node(FileKind.Directory, 1) { Mode = 0b111_101_101 } };
    private ulong _lastInode = 1;
    private string? _lockedBy;
    private DateTimeOffset _lockedAt;

    /// <summary>Creates an empty host.</summary>
    public InMemoryHost(TimeProvider? clock = null) => Clock = clock ?? TimeProvider.System;

    /// <inheritdoc/>
    public TimeProvider Clock { get; }

    /// <summary>What <see cref="ObserveHostAsync"/> answers.</summary>
    public HostFacts Facts { get; set; } = new("mail", 0, Systemd: false, SeLinux: false);

    /// <summary>Answers to programs, both reading and changing ones; null means that the program does not exist (exit 127).</summary>
    public Func<ProcessCall, ProcessResult?> Programs { get; set; } = _ => null;

    /// <summary>Every program that was run, in order.</summary>
    public List<ProcessCall> Runs { get; } = [];

    /// <summary>What <see cref="ObserveListenersAsync"/> answers.</summary>
    public IReadOnlyList<Listener> Listeners { get; set; } = [];

    /// <summary>Starts rehearsals; by default there are none here.</summary>
    public Func<RehearsalRequest, IRehearsal> Rehearsals { get; set; } = _ => throw new RehearsalUnavailableException("this host has no namespaces");

    /// <summary>Called before each change with its operation and path; what it throws is what the caller gets: faults for tests.</summary>
    public Action<string, string> BeforeChange { get; set; } = (_, _) => { };

    /// <summary>Paths whose file system is read-only, with all below.</summary>
    public ICollection<string> ReadOnlyPaths { get; } = [];

    /// <summary>Every path that exists, in ordinal order.</summary>
    public IEnumerable<string> Paths => _nodes.Keys;

    /// <summary>Puts a file there, with its parents; Latin-1 text.</summary>
    public InMemoryHost AddFile(string path, string text, int owner = 0, int group = 0, int mode = 0b110_100_100) =>
        Add(path, FileKind.Regular, owner, group, mode, content: Encoding.Latin1.GetBytes(text));

    /// <summary>Puts a directory there, with its parents.</summary>
    public InMemoryHost AddDirectory(string path, int owner = 0, int group = 0, int mode = 0b111_101_101) =>
        Add(path, FileKind.Directory, owner, group, mode);

    /// <summary>Puts a symbolic link there, with its parents.</summary>
    public InMemoryHost AddLink(string path, string target) => Add(path, FileKind.SymbolicLink, 0, 0, 0b111_111_111, target: target);

    /// <inheritdoc/>
    public Task<HostFacts> ObserveHostAsync(CancellationToken cancellation) => Task.FromResult(Facts);

    /// <inheritdoc/>
    public Task<FileObservation> ObserveFileAsync(string path, CancellationToken cancellation)
    {
        var readOnly = ReadOnlyPaths.Any(p => path == p || path.StartsWith(p + "/", StringComparison.Ordinal));
        if (!_nodes.TryGetValue(path, out var node))
        {
            return Task.FromResult(new FileObservation(path, FileKind.Absent) { ReadOnlyFileSystem = readOnly });
        }

        var regular = node.Kind == FileKind.Regular;
        return Task.FromResult(new FileObservation(path, node.Kind)
        {
            Owner = node.Owner,
            Group = node.Group,
            Mode = node.Mode,
            HardLinks = LinksOf(node),
            Size = node.Content.Length,
            Modified = regular ? node.Modified : null,
            Changed = node.Kind is FileKind.Regular or FileKind.SymbolicLink ? node.Modified : null,
            Digest = regular ? Digests.Sha256(node.Content) : null,
            Text = regular ? Redaction.Redact(Encoding.Latin1.GetString(node.Content)) : null,
            LinkTarget = node.Target,
            ReadOnlyFileSystem = readOnly,
        });
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListDirectoryAsync(string path, CancellationToken cancellation) => Task.FromResult(NamesIn(path));

    /// <inheritdoc cref="IHost.RunAsync"/>
    public Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation)
    {
        Runs.Add(call);
        return Task.FromResult(Programs(call) ?? new ProcessResult(127, "", ""));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Listener>> ObserveListenersAsync(CancellationToken cancellation) => Task.FromResult(Listeners);

    /// <inheritdoc/>
    public byte[]? ReadBytes(string path) => _nodes.TryGetValue(path, out var node) ? [.. Regular(node, "read", path).Content] : null;

    /// <inheritdoc/>
    public byte[] ReadFrom(string path, long offset, int limit) => ReadBytes(path) is { } bytes && offset < bytes.Length ? bytes[(int)offset..(int)Math.Min(bytes.Length, offset + limit)] : [];

    /// <inheritdoc/>
    public FileIdentity? Stat(string path) => _nodes.TryGetValue(path, out var node)
        ? new FileIdentity(node.Kind, node.Owner, node.Group, node.Mode, node.Inode, LinksOf(node)) { Size = node.Content.Length, Changed = node.Changed }
        : null;

    /// <inheritdoc/>
    public string Resolve(string path) => path;

    /// <inheritdoc/>
    public void CreateFile(string path, ReadOnlySpan<byte> content, int owner, int group, int mode, string? like = null, string? label = null)
    {
        Begin("create", path);
        RequireNew("create", path);
        var node = new Node(FileKind.Regular, ++_lastInode) { Owner = owner, Group = group, Mode = mode, Modified = Clock.GetUtcNow(), Label = label ?? (like is null ? null : LabelOf(like)) };
        Name(path, node);
        try
        {
            Write(node, path, content);
        }
        catch (HostWriteException)
        {
            // As on Linux: what could not be finished does not stay.
            Name(path, null);
            throw;
        }
    }

    /// <inheritdoc/>
    public void AppendFile(string path, ReadOnlySpan<byte> content)
    {
        Begin("append to", path);
        var node = Regular(Find("append to", path), "append to", path);
        node.Modified = Clock.GetUtcNow();
        Write(node, path, content);
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path, int owner, int group, int mode, string? label = null)
    {
        Begin("create directory", path);
        RequireNew("create directory", path);
        var node = new Node(FileKind.Directory, ++_lastInode) { Owner = owner, Group = group, Mode = mode, Label = label };
        Name(path, node);
        Flush(node, path);
    }

    /// <inheritdoc/>
    public void Rename(string from, string to, bool replace)
    {
        Begin("rename", from);
        var node = Find("rename", from);
        RequireParent("rename", to);
        if (_nodes.TryGetValue(to, out var there))
        {
            if (!replace || there.Kind == FileKind.Directory)
            {
                throw Failed("rename", $"{from} to {to}", Exists);
            }

            // rename(2): two names of one file stay both.
            if (there == node)
            {
                return;
            }
        }

        var moved = new List<(string Path, Node? Node)> { (from, null), (to, node) };
        foreach (var below in _nodes.Where(n => n.Key.StartsWith(from + "/", StringComparison.Ordinal)))
        {
            moved.Add((below.Key, null));
            moved.Add((to + below.Key[from.Length..], below.Value));
        }

        Name([.. moved]);
    }

    /// <inheritdoc/>
    public void Link(string existing, string created)
    {
        Begin("link", existing);
        var node = Find("link", existing);
        RequireNew("link", created);
        node.Changed = ++_changes;
        Name(created, node);
    }

    /// <inheritdoc/>
    public void Preserve(string path, string image) => Link(path, image);

    /// <inheritdoc/>
    public void Unlink(string path)
    {
        Begin("remove", path);
        if (_nodes.TryGetValue(path, out var node))
        {
            Name(path, node.Kind != FileKind.Directory ? null : throw Failed("remove", path, Errno.IsDirectory));
        }
    }

    /// <inheritdoc/>
    public void RemoveDirectory(string path)
    {
        Begin("remove directory", path);
        if (_nodes.TryGetValue(path, out var node))
        {
            Name(path, node.Kind != FileKind.Directory ? throw Failed("remove directory", path, NotDirectory)
                : NamesIn(path).Count > 0 ? throw Failed("remove directory", path, NotEmpty)
                : null);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) =>
        Find("list", path).Kind == FileKind.Directory ? NamesIn(path) : throw Failed("list", path, NotDirectory);

    /// <inheritdoc/>
    public void SetOwnerAndMode(string path, int owner, int group, int mode)
    {
        Begin("set owner and mode of", path);
        var node = Find("set owner and mode of", path);
        (node.Owner, node.Group, node.Mode) = (owner, group, mode);
        Flush(node, path);
    }

    /// <inheritdoc/>
    public void SetModificationTime(string path, DateTimeOffset time)
    {
        Begin("set time of", path);
        Find("set time of", path).Modified = time;
    }

    /// <summary>The modification time of a path.</summary>
    public DateTimeOffset ModifiedAt(string path) => Find("stat", path).Modified;

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        Begin("sync", path);
        _ = List(path);
        Settle(path);
    }

    /// <inheritdoc/>
    public IDisposable Lock(string command)
    {
        if (_lockedBy is not null)
        {
            throw new LockHeldException(1, _lockedBy, _lockedAt);
        }

        (_lockedBy, _lockedAt) = (command, Clock.GetUtcNow());
        return new Unlocker(this);
    }

    /// <inheritdoc/>
    public bool EndLockHolder(TimeSpan patience)
    {
        _lockedBy = null;
        return true;
    }

    /// <inheritdoc/>
    public Task<IRehearsal> StartRehearsalAsync(RehearsalRequest request, CancellationToken cancellation)
    {
        try
        {
            return Task.FromResult(Rehearsals(request));
        }
        catch (RehearsalUnavailableException unavailable)
        {
            return Task.FromException<IRehearsal>(unavailable);
        }
    }

    private InMemoryHost Add(string path, FileKind kind, int owner, int group, int mode, byte[]? content = null, string? target = null)
    {
        var parent = Path.GetDirectoryName(path)!;
        if (!_nodes.ContainsKey(parent))
        {
            AddDirectory(parent);
        }

        _nodes[path] = new Node(kind, ++_lastInode) { Owner = owner, Group = group, Mode = mode, Content = content ?? [], Target = target };
        return this;
    }

    private void Begin(string operation, string path)
    {
        BeforeChange(operation, path);
        if (ReadOnlyPaths.Any(p => path == p || path.StartsWith(p + "/", StringComparison.Ordinal)))
        {
            throw Failed(operation, path, ReadOnlyFileSystem);
        }
    }

    private IReadOnlyList<string> NamesIn(string path)
    {
        var prefix = path == "/" ? "/" : path + "/";
        return [.. _nodes.Keys.Where(p => p.Length > prefix.Length && p.StartsWith(prefix, StringComparison.Ordinal) && !p.AsSpan(prefix.Length).Contains('/')).Select(p => p[prefix.Length..])];
    }

    private int LinksOf(Node node) => node.Kind == FileKind.Directory ? 2 : _nodes.Values.Count(n => n == node);

    private Node Find(string operation, string path) => _nodes.TryGetValue(path, out var node) ? node : throw Failed(operation, path, NoEntry);

    private static Node Regular(Node node, string operation, string path) => node.Kind == FileKind.Regular ? node : throw Failed(operation, path, Invalid);

    private void RequireNew(string operation, string path)
    {
        RequireParent(operation, path);
        if (_nodes.ContainsKey(path))
        {
            throw Failed(operation, path, Exists);
        }
    }

    private void RequireParent(string operation, string path)
    {
        if (Find(operation, Path.GetDirectoryName(path)!).Kind != FileKind.Directory)
        {
            throw Failed(operation, path, NotDirectory);
        }
    }

    private static HostWriteException Failed(string operation, string path, int error) => new(operation, path, error, Errno.Describe(error));

    private sealed class Node(FileKind kind, ulong inode)
    {
        internal FileKind Kind { get; } = kind;

        internal ulong Inode { get; } = inode;

        internal int Owner { get; set; }

        internal int Group { get; set; }

        internal int Mode { get; set; }

        internal byte[] Content { get; set; } = [];

        internal string? Target { get; init; }

        internal DateTimeOffset Modified { get; set; }

        internal long Changed { get; set; }

        internal string? Label { get; set; }

        internal (byte[] Content, int Owner, int Group, int Mode, string? Label)? Lasting { get; set; }
    }

    private sealed class Unlocker(InMemoryHost host) : IDisposable
    {
        public void Dispose() => host._lockedBy = null;
    }
}
