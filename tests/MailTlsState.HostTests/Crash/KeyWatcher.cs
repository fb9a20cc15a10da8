using System.Collections.Concurrent;
using System.Text;
using MailTlsState.HostTests.Lab;

namespace MailTlsState.HostTests.Crash;

/// <summary>
/// Looks at every file that an apply may touch, as fast as it can: as nobody it tries to read them, as root it looks at the modes,
/// and it keeps what the run shows of itself in /proc. What appears is looked at at once (inotify), too.
/// </summary>
internal sealed class KeyWatcher : IAsyncDisposable
{
    private static readonly string[] Trees = ["/etc/pki", "/etc/postfix", "/etc/dovecot", "/var/lib/mailtlsstate", "/run/mailtlsstate.lock", "/tmp", "/mnt", "/srv", "/opt/x"];
    private static readonly string[] Shown = ["cmdline", "environ", "limits"];

    private readonly string _root;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<FileSystemWatcher> _watchers = [];
    private readonly BlockingCollection<string> _appeared = [];
    private readonly Task _work;
    private long _looks;

    public KeyWatcher(ThrowawayHost host)
    {
        _root = $"/proc/{host.ProcessId}/root";
        foreach (var tree in new[] { "/etc", "/var/lib" })
        {
            var watcher = new FileSystemWatcher(_root + tree) { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName };
            watcher.Created += (_, e) => Appear(e.FullPath);
            watcher.Renamed += (_, e) => Appear(e.FullPath);
            watcher.EnableRaisingEvents = true;
            _watchers.Add(watcher);
        }

        _work = Task.WhenAll(
            Nobody.RunAsync(() => LoopAsync(AsNobody)),
            Nobody.RunAsync(() =>
            {
                foreach (var path in _appeared.GetConsumingEnumerable())
                {
                    Try(path, AsNobody);
                }
            }),
            Task.Factory.StartNew(() => LoopAsync(AsRoot), TaskCreationOptions.LongRunning),
            Task.Factory.StartNew(() => ProcessesAsync(host), TaskCreationOptions.LongRunning));
    }

    /// <summary>What nobody could read that holds a key, and modes that would let others read one.</summary>
    public ConcurrentDictionary<string, string> Faults { get; } = [];

    /// <summary>Files that hold a private key, as root saw them, with every mode that they had.</summary>
    public ConcurrentDictionary<string, bool> KeyFiles { get; } = [];

    /// <summary>Command lines, environments and limits of the processes named mailtls and their children.</summary>
    public ConcurrentDictionary<string, bool> Processes { get; } = [];

    /// <summary>How many files were opened or looked at.</summary>
    public long Looks => Interlocked.Read(ref _looks);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _watchers.ForEach(w => w.Dispose());
        _appeared.CompleteAdding();
        await _work;
    }

    private void Appear(string path)
    {
        if (!_stop.IsCancellationRequested && !_appeared.IsAddingCompleted)
        {
            _appeared.Add(path);
        }
    }

    private void LoopAsync(Action<string> look)
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var tree in Trees)
            {
                Walk(_root + tree, look);
            }
        }
    }

    private void Walk(string path, Action<string> look)
    {
        Try(path, look);
        try
        {
            foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos())
            {
                if (entry.LinkTarget is not null)
                {
                    continue;
                }

                if (entry is DirectoryInfo)
                {
                    Walk(entry.FullName, look);
                }
                else
                {
                    Try(entry.FullName, look);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not for this user, gone again, or a file.
        }
    }

    private void Try(string path, Action<string> look)
    {
        try
        {
            Interlocked.Increment(ref _looks);
            look(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not for this user, or gone again.
        }
    }

    private void AsNobody(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var content = File.ReadAllBytes(path);
        if (HoldsKey(content))
        {
            Faults[$"nobody read {path[_root.Length..]}"] = Encoding.Latin1.GetString(content);
        }
    }

#pragma warning disable CA1416 // Linux only, like all of these tests.
    private void AsRoot(string path)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & (UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) == 0 || Directory.Exists(path))
        {
            if (!Directory.Exists(path) && HoldsKey(File.ReadAllBytes(path)))
            {
                KeyFiles[$"{path[_root.Length..]} {Convert.ToString((int)mode, 8)}"] = true;
            }

            return;
        }

        // The name may be another file's by now: the mode counts that goes with this content.
        using var file = File.OpenHandle(path);
        var open = File.GetUnixFileMode(file);
        var content = new byte[RandomAccess.GetLength(file)];
        _ = RandomAccess.Read(file, content, 0);
        if (HoldsKey(content) && (open & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0)
        {
            Faults[$"{path[_root.Length..]} has mode {Convert.ToString((int)open, 8)}"] = "";
        }
    }
#pragma warning restore CA1416

    private void ProcessesAsync(ThrowawayHost host)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var process in Directory.EnumerateDirectories($"{_root}/proc").Where(p => char.IsAsciiDigit(Path.GetFileName(p)[0])))
                {
                    foreach (var file in Shown)
                    {
                        Try($"{process}/{file}", path => Processes[$"{file} {File.ReadAllText(path)}"] = true);
                    }
                }
            }
            catch (IOException)
            {
                // A process ended while the list was read.
            }
        }
    }

    private static bool HoldsKey(byte[] content) => content.AsSpan().IndexOf("PRIVATE KEY-----"u8) >= 0;
}
