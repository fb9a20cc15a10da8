using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MailTlsState.Hosts.Dns;

namespace MailTlsState.Hosts.Linux;

/// <summary>Asks the resolvers of resolv.conf(5). .NET's own resolver has addresses only.</summary>
internal static class LinuxDns
{
    private const int Port = 53;
    private const int MostServers = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>Looks TLSA records up. Never throws for what the network does; takes at most a few seconds.</summary>
    internal static async Task<TlsaObservation> LookUpAsync(string name, CancellationToken cancellation)
    {
        var problem = "no resolver is known";
        foreach (var server in Servers())
        {
            try
            {
                var answer = await AskAsync(server, name, cancellation).ConfigureAwait(false);
                if (answer.Code is 0 or 3)
                {
                    return new TlsaObservation(name, answer.Records, null);
                }

                problem = $"the resolver {server} failed with code {answer.Code}";
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                problem = $"the resolver {server} did not answer";
            }
            catch (SocketException failure)
            {
                problem = $"the resolver {server} cannot be asked: {failure.SocketErrorCode}";
            }
            catch (Exception broken) when (broken is FormatException or EndOfStreamException or IOException)
            {
                problem = $"the resolver {server} gave a broken answer";
            }
        }

        return new TlsaObservation(name, [], problem);
    }

    /// <summary>Addresses by getaddrinfo(3): hosts file, then DNS. None where there are none, or nobody knows.</summary>
    internal static async Task<IReadOnlyList<string>> AddressesAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return [.. (await System.Net.Dns.GetHostAddressesAsync(name, cancellation).ConfigureAwait(false)).Select(a => a.ToString()).Distinct()];
        }
        catch (SocketException)
        {
            return [];
        }
    }

    // Without a line, glibc asks this host.
    private static IReadOnlyList<IPAddress> Servers()
    {
        var found = new List<IPAddress>();
        foreach (var line in (LinuxFileReader.Observe("/etc/resolv.conf") is { } file ? (file.Kind == FileKind.SymbolicLink ? Follow(file) : file).Text ?? "" : "").Split('\n'))
        {
            if (line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is ["nameserver", var text, ..] && IPAddress.TryParse(text, out var address))
            {
                found.Add(address);
            }
        }

        return found.Count == 0 ? [IPAddress.Loopback] : [.. found.Take(MostServers)];
    }

    // systemd-resolved and others keep the file below /run.
    private static FileObservation Follow(FileObservation link) =>
        LinuxFileReader.Observe(link.LinkTarget!.StartsWith('/') ? link.LinkTarget : System.IO.Path.GetFullPath(link.LinkTarget, "/etc"));

    private static async Task<DnsAnswer> AskAsync(IPAddress server, string name, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        var query = DnsMessage.Query((ushort)RandomNumberGenerator.GetInt32(0x10000), name);
        var answer = await ByUdpAsync(server, query, limit.Token).ConfigureAwait(false);
        return answer.Truncated ? await ByTcpAsync(server, query, limit.Token).ConfigureAwait(false) : answer;
    }

    private static async Task<DnsAnswer> ByUdpAsync(IPAddress server, byte[] query, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(new IPEndPoint(server, Port), cancellation).ConfigureAwait(false);
        await socket.SendAsync(query, cancellation).ConfigureAwait(false);
        var buffer = new byte[DnsMessage.UdpSize];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
            if (DnsMessage.Read(buffer.AsSpan(0, length), query) is { } answer)
            {
                return answer;
            }
        }
    }

    // Each message has its length before it (RFC 1035 section 4.2.2).
    private static async Task<DnsAnswer> ByTcpAsync(IPAddress server, byte[] query, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(server, Port), cancellation).ConfigureAwait(false);
        using var stream = new NetworkStream(socket);
        await stream.WriteAsync(new byte[] { (byte)(query.Length >> 8), (byte)query.Length }.Concat(query).ToArray(), cancellation).ConfigureAwait(false);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        var message = new byte[(length[0] << 8) | length[1]];
        await stream.ReadExactlyAsync(message, cancellation).ConfigureAwait(false);
        return DnsMessage.Read(message, query) ?? throw new FormatException("the answer is to another question");
    }
}
