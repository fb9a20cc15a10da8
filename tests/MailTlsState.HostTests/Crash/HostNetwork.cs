using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using MailTlsState.Hosts.Linux;
using MailTlsState.HostTests.Lab;

namespace MailTlsState.HostTests.Crash;

/// <summary>Connections to a throwaway host as another machine makes them, from 10.77.0.2: a socket belongs to the network in which it was made.</summary>
internal sealed class HostNetwork : IDisposable
{
    private const int NetworkNamespace = 0x40000000;
    private static readonly IPAddress Host = IPAddress.Parse("10.77.0.1");

    private readonly BlockingCollection<TaskCompletionSource<Socket>> _wanted = [];
    private readonly Thread _thread;

    public HostNetwork(ThrowawayHost host)
    {
        var path = $"/proc/{host.ProcessId}/root/run/netns/client";
        _thread = new Thread(() =>
        {
            var number = Libc.OpenAt(Libc.AtCurrentDirectory, path, Libc.ReadOnly | Libc.CloseOnExec, 0);
            var entered = number >= 0 && Libc.SetNamespace(number, NetworkNamespace) == 0;
            foreach (var wanted in _wanted.GetConsumingEnumerable())
            {
                if (entered)
                {
                    wanted.SetResult(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
                }
                else
                {
                    wanted.SetException(new IOException($"{path} cannot be entered"));
                }
            }
        })
        {
            IsBackground = true,
        };
        _thread.Start();
    }

    /// <summary>A new connection to a port of the host.</summary>
    public async Task<Socket> ConnectAsync(int port, CancellationToken cancellation)
    {
        var made = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        _wanted.Add(made, cancellation);
        var socket = await made.Task;
        try
        {
            await socket.ConnectAsync(new IPEndPoint(Host, port), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _wanted.CompleteAdding();
        _thread.Join();
        _wanted.Dispose();
    }
}
