using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// Asks the kernel for TCP sockets by netlink (sock_diag(7), linux/inet_diag.h), as ss(8) does; where tcp_diag is a module, the kernel loads it for that.
/// </summary>
internal static class SocketDiagnostics
{
    private const int NetlinkFamily = 16; // AF_NETLINK
    private const int Raw = 3;
    private const int SockDiagProtocol = 4;

    private const byte Inet = 2;
    private const byte Inet6 = 10;
    private const byte Tcp = 6;
    private const uint ListenStates = 1 << 10; // TCP_LISTEN

    private const ushort ByFamily = 20; // SOCK_DIAG_BY_FAMILY
    private const ushort Done = 3; // NLMSG_DONE
    private const ushort RequestDump = 0x301; // NLM_F_REQUEST | NLM_F_DUMP
    private const ushort Interrupted = 0x10; // NLM_F_DUMP_INTR

    private const int HeaderSize = 16;  // struct nlmsghdr
    private const int RequestSize = HeaderSize + 56; // and struct inet_diag_req_v2
    private const int AnswerSize = HeaderSize + 72;  // and struct inet_diag_msg

    /// <summary>The sockets that listen, or null where the kernel does not tell: without tcp_diag, or where a sandbox or SELinux forbids to ask.</summary>
    internal static IReadOnlyList<ListeningSocket>? Listening()
    {
        var found = new List<ListeningSocket>();
        using var socket = new Descriptor(Libc.Socket(NetlinkFamily, Raw | Libc.CloseOnExec, SockDiagProtocol));
        return socket.Number >= 0 && Dump(socket, Inet, found) && Dump(socket, Inet6, found) ? found : null;
    }

    private static bool Dump(Descriptor socket, byte family, List<ListeningSocket> found)
    {
        Span<byte> request = stackalloc byte[RequestSize];
        request.Clear();
        var header = new MessageHeader(RequestSize, ByFamily, RequestDump);
        MemoryMarshal.Write(request, in header);
        (request[HeaderSize], request[HeaderSize + 1]) = (family, Tcp);
        var states = ListenStates;
        MemoryMarshal.Write(request[(HeaderSize + 4)..], in states);
        if (Libc.Write(socket.Number, request, request.Length) != request.Length)
        {
            return false;
        }

        // Nothing here waits: the answer's first part is there when the request has been written, and each read makes the next.
        Span<byte> buffer = stackalloc byte[16 * 1024];
        while (true)
        {
            var count = Libc.Read(socket.Number, buffer, buffer.Length);
            if (count <= 0)
            {
                if (count < 0 && Errno.Last == Errno.Interrupted)
                {
                    continue;
                }

                return false;
            }

            if (Take(buffer[..(int)count], family, found) is { } whole)
            {
                return whole;
            }
        }
    }

    /// <summary>Takes the sockets of one answer. True after the last one, false where it is not to be relied on, null while there is more.</summary>
    internal static bool? Take(ReadOnlySpan<byte> answer, byte family, List<ListeningSocket> found)
    {
        while (answer.Length >= HeaderSize)
        {
            var header = MemoryMarshal.Read<MessageHeader>(answer);
            if (header.Length < HeaderSize || header.Length > answer.Length || (header.Flags & Interrupted) != 0)
            {
                return false;
            }

            // A dump that fails, as without tcp_diag, ends like any other, but for a number below zero.
            if (header.Type == Done)
            {
                return header.Length >= HeaderSize + sizeof(int) && MemoryMarshal.Read<int>(answer[HeaderSize..]) >= 0;
            }

            // Else an error, or nothing that was asked for.
            if (header.Type != ByFamily || header.Length < AnswerSize || answer[HeaderSize] != family)
            {
                return false;
            }

            var socket = answer[HeaderSize..];
            var address = new IPAddress(socket.Slice(8, family == Inet ? 4 : 16));
            found.Add(new ListeningSocket(address.ToString(), BinaryPrimitives.ReadUInt16BigEndian(socket[4..]), MemoryMarshal.Read<uint>(socket[68..])));
            answer = answer[Math.Min((header.Length + 3) & ~3, answer.Length)..];
        }

        return null;
    }

    /// <summary>struct nlmsghdr; sequence and port are for those who ask several things at a time.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct MessageHeader(int length, ushort type, ushort flags)
    {
        internal readonly int Length = length;
        internal readonly ushort Type = type;
        internal readonly ushort Flags = flags;
        private readonly uint _sequence;
        private readonly uint _port;
    }
}
