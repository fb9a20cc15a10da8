using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Text;
using MailTlsState.Hosts.Linux;

namespace MailTlsState.Hosts.Rehearsals;

/// <summary>The rehearsal's network: a loopback interface that also has this host's own addresses, so that listeners on them can be bound and asked.</summary>
internal static class RehearsalNetwork
{
    private const int NetworkNamespace = 0x40000000;
    private const nuint GetFlags = 0x8913;
    private const nuint SetFlags = 0x8914;
    private const nuint SetAddress = 0x8916;
    private const nuint SetMask = 0x891c;
    private const int RequestSize = 40;
    private const int NameSize = 16;
    private const short Up = 1;
    private const int LoopbackIndex = 1;

    /// <summary>Does something on a thread that is in the network namespace of <paramref name="process"/>: a socket belongs to where it was made.</summary>
    /// <exception cref="HostWriteException">The namespace cannot be entered.</exception>
    internal static T Inside<T>(int process, Func<T> action)
    {
        // A thread of its own, which ends in that namespace: no thread of the pool is ever left in the wrong one.
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Join(process);
                result = action();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }

    /// <summary>Brings the loopback interface up and gives it this host's addresses.</summary>
    internal static void BringUp(int process)
    {
        var addresses = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => !IPAddress.IsLoopback(a) && !a.IsIPv6LinkLocal)
            .Distinct()
            .ToList();
        _ = Inside(process, () => BringUp(addresses));
    }

    private static void Join(int process)
    {
        var path = $"/proc/{process}/ns/net";
        var number = Libc.OpenAt(Libc.AtCurrentDirectory, path, Libc.ReadOnly | Libc.CloseOnExec, 0);
        if (number < 0)
        {
            throw LinuxPath.Failed("enter", path, Errno.Last);
        }

        using var descriptor = new Descriptor(number);
        Check(Libc.SetNamespace(number, NetworkNamespace), "enter", path);
    }

    private static bool BringUp(List<IPAddress> addresses)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var descriptor = (int)socket.Handle;
        Span<byte> request = stackalloc byte[RequestSize];
        Name(request, "lo");
        Check(Libc.IoControl(descriptor, GetFlags, request), "bring up", "lo");
        BinaryPrimitives.WriteInt16LittleEndian(request[NameSize..], (short)(BinaryPrimitives.ReadInt16LittleEndian(request[NameSize..]) | Up));
        Check(Libc.IoControl(descriptor, SetFlags, request), "bring up", "lo");

        var alias = 0;
        foreach (var address in addresses.Where(a => a.AddressFamily == AddressFamily.InterNetwork))
        {
            var name = $"lo:{++alias}";
            Address(request, name, address);
            Check(Libc.IoControl(descriptor, SetAddress, request), "add to lo", address.ToString());
            Address(request, name, IPAddress.Broadcast);
            Check(Libc.IoControl(descriptor, SetMask, request), "add to lo", address.ToString());
        }

        var version6 = addresses.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6).ToList();
        if (version6.Count > 0)
        {
            using var socket6 = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);

            // struct in6_ifreq: address, prefix length, interface.
            Span<byte> request6 = stackalloc byte[24];
            foreach (var address in version6)
            {
                _ = address.TryWriteBytes(request6, out _);
                BinaryPrimitives.WriteInt32LittleEndian(request6[16..], 128);
                BinaryPrimitives.WriteInt32LittleEndian(request6[20..], LoopbackIndex);
                Check(Libc.IoControl((int)socket6.Handle, SetAddress, request6), "add to lo", address.ToString());
            }
        }

        return true;
    }

    private static void Name(Span<byte> request, string name)
    {
        request.Clear();
        _ = Encoding.ASCII.GetBytes(name, request[..(NameSize - 1)]);
    }

    // struct ifreq with a sockaddr_in.
    private static void Address(Span<byte> request, string name, IPAddress address)
    {
        Name(request, name);
        BinaryPrimitives.WriteInt16LittleEndian(request[NameSize..], 2);
        _ = address.TryWriteBytes(request[(NameSize + 4)..], out _);
    }

    private static void Check(int result, string operation, string subject)
    {
        if (result != 0)
        {
            throw LinuxPath.Failed(operation, subject, Errno.Last);
        }
    }
}
