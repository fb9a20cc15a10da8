using System.Net;
using System.Net.Sockets;
using MailTlsState.Hosts.Linux;
using Xunit;

namespace MailTlsState.Tests.Hosts;

public sealed class ListeningSocketsTests
{
    private const byte Inet = 2;

    [Fact]
    public void The_kernels_answer_and_its_tables_tell_the_same()
    {
        using var one = new TcpListener(IPAddress.Parse("127.0.0.2"), 0);
        using var two = new TcpListener(IPAddress.IPv6Loopback, 0);
        using var both = new TcpListener(IPAddress.IPv6Any, 0);
        both.Server.DualMode = true;
        TcpListener[] listeners = [one, two, both];
        foreach (var listener in listeners)
        {
            listener.Start();
        }

        using var client = new TcpClient();
        client.Connect((IPEndPoint)one.LocalEndpoint);

        // Others come and go on this machine meanwhile.
        var places = listeners.Select(l => (IPEndPoint)l.LocalEndpoint).Select(l => (l.Address.ToString(), l.Port)).ToHashSet();
        var asked = SocketDiagnostics.Listening();
        Assert.NotNull(asked);
        Assert.Equal(
            Own([.. ListeningSockets.Read("/proc/net/tcp"), .. ListeningSockets.Read("/proc/net/tcp6")]),
            Own(asked));
        Assert.Equal(["127.0.0.2", "::", "::1"], Own(asked).Select(s => s.Address));

        ListeningSocket[] Own(IEnumerable<ListeningSocket> all) => [.. all.Where(s => places.Contains((s.Address, s.Port))).OrderBy(s => s.Address, StringComparer.Ordinal)];
    }

    [Fact]
    public void Listeners_are_read_from_the_kernels_tables()
    {
        string[] lines =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 123 1 0000000000000000 100 0 0 10 0",
            "   1: 0100007F:0050 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 124 1 0000000000000000 100 0 0 10 0",
            "   2: B80D0120000000000000000001000000:03E1 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 125 1 0 100 0 0 10 0",
        ];

        Assert.Equal([new ListeningSocket("0.0.0.0", 25, 123), new ListeningSocket("2001:db8::1", 993, 125)], ListeningSockets.Parse(lines));
    }

    [Fact]
    public void An_answer_is_taken_whole_or_not_at_all()
    {
        Assert.True(Take([.. Socket(25, 123), .. Done()], out var found));
        Assert.Equal([new ListeningSocket("10.0.0.1", 25, 123)], found);
        Assert.Null(Take(Socket(25, 123), out _));

        // A dump that failed on its way, an error, a table that changed meanwhile, a message cut short, one of no length, another family's.
        Assert.False(Take([.. Socket(25, 123), .. Done(-2)], out _));
        Assert.False(Take(Message(type: 3, flags: 2, []), out _));
        Assert.False(Take(Message(type: 2, flags: 0, new byte[20]), out _));
        Assert.False(Take(Message(type: 20, flags: 0x10, new byte[72]), out _));
        Assert.False(Take(Socket(25, 123)[..^8], out _));
        Assert.False(Take(new byte[16], out _));
        Assert.False(Take(Message(type: 20, flags: 0, new byte[72]), out _));
    }

    private static bool? Take(byte[] answer, out List<ListeningSocket> found) => SocketDiagnostics.Take(answer, Inet, found = []);

    private static byte[] Done(int error = 0) => Message(type: 3, flags: 2, BitConverter.GetBytes(error));

    private static byte[] Socket(ushort port, uint inode)
    {
        var body = new byte[72];
        body[0] = Inet;
        (body[4], body[5]) = ((byte)(port >> 8), (byte)port);
        (body[8], body[11]) = (10, 1);
        BitConverter.GetBytes(inode).CopyTo(body, 68);
        return Message(type: 20, flags: 2, body);
    }

    private static byte[] Message(ushort type, ushort flags, byte[] body) =>
        [.. BitConverter.GetBytes(16 + body.Length), .. BitConverter.GetBytes(type), .. BitConverter.GetBytes(flags), .. new byte[8], .. body];
}
