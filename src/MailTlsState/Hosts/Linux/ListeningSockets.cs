using System.Globalization;
using System.Net;

namespace MailTlsState.Hosts.Linux;

/// <summary>One TCP socket that listens.</summary>
/// <param name="Address">IP address that it is bound to.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Inode">Its number, by which /proc/PID/fd names it.</param>
internal sealed record ListeningSocket(string Address, int Port, long Inode);

/// <summary>
/// The TCP sockets of this network that listen: asked of the kernel by sock_diag(7), which looks at these alone, or read from /proc/net/tcp (proc(5)), for which the
/// kernel walks its whole table of connections.
/// </summary>
internal static class ListeningSockets
{
    private const string ListenState = "0A";

    internal static IReadOnlyList<ListeningSocket> All() => SocketDiagnostics.Listening() ?? [.. Read("/proc/net/tcp"), .. Read("/proc/net/tcp6")];

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
                yield return new ListeningSocket(ParseAddress(address).ToString(), port, long.Parse(fields[9], CultureInfo.InvariantCulture));
            }
        }
    }

    internal static IEnumerable<ListeningSocket> Read(string path) => File.Exists(path) ? Parse(File.ReadLines(path)) : [];

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
}
