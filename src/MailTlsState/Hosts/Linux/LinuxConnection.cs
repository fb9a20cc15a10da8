using System.Net;
using System.Net.Sockets;
using MailTlsState.Probing;

namespace MailTlsState.Hosts.Linux;

/// <summary>Opens TCP connections to listeners.</summary>
internal static class LinuxConnection
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <summary>Makes a socket for an address; a rehearsal makes it in another namespace.</summary>
    internal delegate Socket SocketFactory(AddressFamily family);

    /// <summary>Connects, from <paramref name="sourceAddress"/> when that address exists here.</summary>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="TimeoutException">No answer in five seconds.</exception>
    internal static async Task<Stream> ConnectAsync(string address, int port, string? sourceAddress, SocketFactory make, CancellationToken cancellation)
    {
        var remote = new IPEndPoint(IPAddress.Parse(address), port);
        var socket = make(remote.AddressFamily);
        try
        {
            socket.NoDelay = true;
            BindTo(socket, remote, sourceAddress);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(ConnectLimit);
            try
            {
                await socket.ConnectAsync(remote, limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"no connection to {remote} in {ConnectLimit.TotalSeconds:0} s");
            }

            return new PromptStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>True for an address of this host: no other can be bound.</summary>
    internal static bool IsOwn(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
        {
            return true;
        }

        try
        {
            using var probe = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            probe.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            return false;
        }
    }

    /// <summary>
    /// Knows what became of what was sent, and acknowledges at once. A server that writes its TLS tickets and its answer in two pieces waits for our acknowledgement of the
    /// first (Nagle), which the kernel delays by 40 ms; the option lasts for one exchange only, so it is set before each read.
    /// </summary>
    private sealed class PromptStream(Socket socket) : NetworkStream(socket, ownsSocket: true), IDeliveryReport
    {
        private const int Tcp = 6;
        private const int Information = 11; // TCP_INFO of tcp(7)
        private const int QuickAcknowledge = 12; // TCP_QUICKACK
        private const int CloseWait = 8;
        private const int Unacknowledged = 24; // tcpi_unacked of struct tcp_info

        // Who closes with bytes unread resets the connection (RFC 1122 section 4.2.2.13), and bytes that find it closed are never acknowledged. Only who shuts down
        // one direction without having read (shutdown(2)) is mistaken; neither Postfix nor Dovecot does.
        public bool IsReadAndClosed
        {
            get
            {
                Span<byte> information = stackalloc byte[Unacknowledged + sizeof(uint)];
                return Socket.GetRawSocketOption(Tcp, Information, information) == information.Length
                    && information[0] == CloseWait && BitConverter.ToUInt32(information[Unacknowledged..]) == 0;
            }
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Socket.SetRawSocketOption(Tcp, QuickAcknowledge, [1, 0, 0, 0]);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }

    internal static Socket MakeSocket(AddressFamily family) => new(family, SocketType.Stream, ProtocolType.Tcp);

    private static void BindTo(Socket socket, IPEndPoint remote, string? sourceAddress)
    {
        if (sourceAddress is null || IPAddress.Parse(sourceAddress) is not { } source || source.AddressFamily != remote.AddressFamily)
        {
            return;
        }

        // A loopback address cannot reach another machine; there this host is a remote client anyway.
        if (IPAddress.IsLoopback(source) && !IsOwn(remote.Address))
        {
            return;
        }

        try
        {
            socket.Bind(new IPEndPoint(source, 0));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // The address is not on this host: the kernel chooses. An unbound socket stays usable after a failed bind.
            return;
        }
    }
}
