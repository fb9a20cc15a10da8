using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MailTlsState.Hosts.Linux;

/// <summary>Finds listening TCP sockets and, in /proc (proc(5)), the processes that hold them.</summary>
internal static class LinuxListeners
{
    private const string Deleted = " (deleted)";

    // Places in /proc/PID/stat after the name: fields 4 and 22 of proc(5).
    private const int Parent = 1;
    private const int StartTime = 19;

    // USER_HZ, which is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    internal static IReadOnlyList<Listener> Observe()
    {
        var sockets = ListeningSockets.All();
        var holders = FindHolders([.. sockets.Select(s => s.Inode)]).ToDictionary(h => h.Key, h => OwnerAmong(h.Value));
        return [.. sockets
            .Select(s => Describe(s, holders.GetValueOrDefault(s.Inode)))
            .Distinct()
            .OrderBy(l => l.Port)
            .ThenBy(l => l.Address, StringComparer.Ordinal)];
    }

    /// <summary>Who may take connections: the holders of a socket, but for the one that is another's parent or the only one.</summary>
    internal static IReadOnlyList<AcceptingProcess> Accepting()
    {
        var ports = ListeningSockets.All().ToLookup(s => s.Inode, s => s.Port);
        return [.. FindHolders([.. ports.Select(p => p.Key)])
            .Where(h => h.Value.Count > 1)
            .SelectMany(h => h.Value.Except(h.Value.Select(id => ParentOf(id) ?? 0)).SelectMany(id => ports[h.Key].Select(port => DescribeProcess(port, id))))
            .OfType<AcceptingProcess>()
            .Distinct()];
    }

    /// <summary>Those of <see cref="Accepting"/> that belong to the present configuration of their master.</summary>
    internal static IReadOnlyList<ServingProcess> Serving(TimeProvider clock)
    {
        var boot = BootTime(clock);
        return [.. Accepting()
            .Where(p => !IsRetired(p.Id))
            .Select(p => new ServingProcess(p.Port, p.Program, boot.AddSeconds(p.Started / TicksPerSecond)))
            .Distinct()
            .OrderBy(p => p.Port)
            .ThenBy(p => p.Program, StringComparer.Ordinal)
            .ThenBy(p => p.Started)];
    }

    /// <summary>
    /// True when a child was told to end: it takes no further client. A child of Postfix or Dovecot tells its state by descriptor 5 (MASTER_STATUS_FD of both; a socket
    /// pair and a pipe), of which the master holds both ends until it reloads.
    /// </summary>
    private static bool IsRetired(int process)
    {
        if (LinuxPath.ReadLink(Libc.AtCurrentDirectory, $"/proc/{process}/fd/5") is not { } status)
        {
            // One that has ended since it was found takes none either.
            return DescriptorsOf($"/proc/{process}").Count == 0;
        }

        return status.Contains(":[", StringComparison.Ordinal)
            && ParentOf(process) is { } parent && DescriptorsOf($"/proc/{parent}") is { Count: > 0 } held && !held.Contains(status);
    }

    // Not btime of /proc/stat, which is cut to the second.
    private static DateTimeOffset BootTime(TimeProvider clock) =>
        ReadOrNull("/proc/uptime")?.Split(' ')[0] is { } text && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? clock.GetUtcNow().AddSeconds(-seconds)
            : DateTimeOffset.UnixEpoch;

    private static AcceptingProcess? DescribeProcess(int port, int id) =>
        StatOf(id) is { Length: > StartTime } stat && long.TryParse(stat[StartTime], NumberStyles.None, CultureInfo.InvariantCulture, out var started)
            ? new AcceptingProcess(port, id, started, ReadOrNull($"/proc/{id}/comm")?.TrimEnd('\n') ?? "")
            : null;

    private static Dictionary<long, List<int>> FindHolders(HashSet<long> inodes)
    {
        var all = new Dictionary<long, List<int>>();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                foreach (var inode in SocketsOf(process).Where(inodes.Contains).Distinct())
                {
                    (all.TryGetValue(inode, out var list) ? list : all[inode] = []).Add(id);
                }
            }
        }

        return all;
    }

    // A master and its children share the socket: the one whose parent does not hold it is the owner.
    private static int OwnerAmong(List<int> holders) =>
        holders.Order().Where(id => ParentOf(id) is not { } parent || !holders.Contains(parent)).DefaultIfEmpty(holders.Min()).First();

    private static IEnumerable<long> SocketsOf(string process) =>
        DescriptorsOf(process).Where(d => d.StartsWith("socket:[", StringComparison.Ordinal)).Select(d => long.Parse(d.AsSpan(8..^1), CultureInfo.InvariantCulture));

    /// <summary>What each open descriptor of a process is, as /proc names it. None of one that ended meanwhile or belongs to somebody else.</summary>
    private static List<string> DescriptorsOf(string process)
    {
        var found = new List<string>();
        using var directory = new Descriptor(Libc.OpenAt(Libc.AtCurrentDirectory, process + "/fd", Libc.ReadOnly | Libc.Directory | Libc.CloseOnExec, 0));

        // A host has tens of thousands of descriptors, and the framework's own listing stats each.
        Span<byte> entries = stackalloc byte[4096];
        while (directory.Number >= 0 && Libc.GetDirectoryEntries(directory.Number, entries, entries.Length) is > 0 and var length)
        {
            // struct linux_dirent64 of getdents(2).
            for (var rest = entries[..(int)length]; rest.Length > 0; rest = rest[BinaryPrimitives.ReadUInt16LittleEndian(rest[16..])..])
            {
                var name = rest[19..];
                if (LinuxPath.ReadLink(directory.Number, Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)])) is { } open)
                {
                    found.Add(open);
                }
            }
        }

        return found;
    }

    private static int? ParentOf(int process) =>
        StatOf(process) is { Length: > Parent } stat && int.TryParse(stat[Parent], NumberStyles.None, CultureInfo.InvariantCulture, out var parent) ? parent : null;

    // What follows the name: that one stands in brackets and may hold anything, brackets too.
    private static string[]? StatOf(int process)
    {
        var stat = ReadOrNull($"/proc/{process}/stat");
        return stat?[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Listener Describe(ListeningSocket socket, int holder) => holder == 0
        ? new Listener(socket.Address, socket.Port, null, null, null)
        : new Listener(
            socket.Address,
            socket.Port,
            holder,
            ReadOrNull($"/proc/{holder}/comm")?.TrimEnd('\n'),
            ExecutableOf(LinuxPath.ReadLink(Libc.AtCurrentDirectory, $"/proc/{holder}/exe")));

    /// <summary>The path that <c>/proc/PID/exe</c> tells. A daemon that was not restarted after an upgrade of its package runs by a file that is gone, and proc(5) says so behind the path.</summary>
    internal static string? ExecutableOf(string? link) => link is not null && link.EndsWith(Deleted, StringComparison.Ordinal) ? link[..^Deleted.Length] : link;

    private static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
