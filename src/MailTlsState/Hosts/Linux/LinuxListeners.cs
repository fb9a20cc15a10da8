using System.Globalization;
using System.Net;

namespace MailTlsState.Hosts.Linux;

/// <summary>Finds listening TCP sockets in /proc/net (proc(5)) and the processes that hold them.</summary>
internal static class LinuxListeners
{
    private const string ListenState = "0A";
    private const string Deleted = " (deleted)";

    // Places in /proc/PID/stat after the name: fields 4 and 22 of proc(5).
    private const int Parent = 1;
    private const int StartTime = 19;

    // USER_HZ, which is 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    internal static IReadOnlyList<Listener> Observe()
    {
        var sockets = Sockets().ToList();
        var holders = FindHolders(sockets.Select(s => s.Inode).ToHashSet(StringComparer.Ordinal)).ToDictionary(h => h.Key, h => OwnerAmong(h.Value), StringComparer.Ordinal);
        return [.. sockets
            .Select(s => Describe(s, holders.GetValueOrDefault(s.Inode)))
            .Distinct()
            .OrderBy(l => l.Port)
            .ThenBy(l => l.Address, StringComparer.Ordinal)];
    }

    /// <summary>The listening sockets in the text of /proc/net/tcp or /proc/net/tcp6.</summary>
    internal static IEnumerable<ListeningSocket> Parse(IEnumerable<string> lines)
    {
        foreach (var line in lines.Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == ListenState)
            {
                var colon = fields[1].IndexOf(':');
                var address = fields[1].AsSpan(0, colon);
                var port = int.Parse(fields[1].AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                yield return new ListeningSocket(ParseAddress(address).ToString(), port, fields[9]);
            }
        }
    }

    // Words of 32 bits in the byte order of the machine, which is little-endian wherever .NET runs Linux mail hosts.
    private static IPAddress ParseAddress(ReadOnlySpan<char> hex)
    {
        var bytes = Convert.FromHexString(hex);
        for (var word = 0; word < bytes.Length; word += 4)
        {
            bytes.AsSpan(word, 4).Reverse();
        }

        return new IPAddress(bytes);
    }

    private static IEnumerable<ListeningSocket> Read(string path) => File.Exists(path) ? Parse(File.ReadLines(path)) : [];

    /// <summary>Who may take connections: the holders of a socket, but for the one that is another's parent or the only one.</summary>
    internal static IReadOnlyList<AcceptingProcess> Accepting()
    {
        var ports = Sockets().ToLookup(s => s.Inode, s => s.Port, StringComparer.Ordinal);
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
    private static bool IsRetired(int process) =>
        LinuxPath.ReadLink(Libc.AtCurrentDirectory, $"/proc/{process}/fd/5") is { } status && status.Contains(":[", StringComparison.Ordinal)
        && ParentOf(process) is { } parent && DescriptorsOf($"/proc/{parent}") is { Count: > 0 } held && !held.Contains(status);

    // Not btime of /proc/stat, which is cut to the second.
    private static DateTimeOffset BootTime(TimeProvider clock) =>
        ReadOrNull("/proc/uptime")?.Split(' ')[0] is { } text && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? clock.GetUtcNow().AddSeconds(-seconds)
            : DateTimeOffset.UnixEpoch;

    private static AcceptingProcess? DescribeProcess(int port, int id) =>
        StatOf(id) is { Length: > StartTime } stat && long.TryParse(stat[StartTime], NumberStyles.None, CultureInfo.InvariantCulture, out var started)
            ? new AcceptingProcess(port, id, started, ReadOrNull($"/proc/{id}/comm")?.TrimEnd('\n') ?? "")
            : null;

    private static IEnumerable<ListeningSocket> Sockets() => Read("/proc/net/tcp").Concat(Read("/proc/net/tcp6"));

    private static Dictionary<string, List<int>> FindHolders(HashSet<string> inodes)
    {
        var all = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                foreach (var inode in SocketsOf(process).Where(inodes.Contains).Distinct(StringComparer.Ordinal))
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

    private static IEnumerable<string> SocketsOf(string process) =>
        DescriptorsOf(process).Where(d => d.StartsWith("socket:[", StringComparison.Ordinal)).Select(d => d[8..^1]);

    /// <summary>What each open descriptor of a process is, as /proc names it.</summary>
    private static List<string> DescriptorsOf(string process)
    {
        var found = new List<string>();
        try
        {
            found.AddRange(Directory.EnumerateFileSystemEntries(process + "/fd").Select(d => LinuxPath.ReadLink(Libc.AtCurrentDirectory, d)).OfType<string>());
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to somebody else: its sockets have no known owner.
            return found;
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

    internal sealed record ListeningSocket(string Address, int Port, string Inode);
}
