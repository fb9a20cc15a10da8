using System.Net;
using System.Net.Sockets;
using MailTlsState.Hosts.Rehearsals;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>A mail host on which something goes wrong at a chosen moment of an apply.</summary>
internal sealed class FaultHost : IAsyncDisposable
{
    private FaultHost(MailLab lab) => (Lab, Network) = (lab, new HostNetwork(lab.Host));

    public MailLab Lab { get; }

    public HostNetwork Network { get; }

    public ThrowawayHost Host => Lab.Host;

    public static async Task<FaultHost> StockAsync(Func<string, string>? edit = null) => new(await MailLab.StartAsync("article", edit));

    public static async Task<FaultHost> AppliedAsync() => new(await MailLab.AppliedAsync());

    /// <summary>The applied manifest with another name in the certificate, so that the next apply renews it and keeps the key.</summary>
    public Task WantRenewalAsync() =>
        Lab.WriteManifestAsync("article", text => text.Replace("names: [mail.mydomain.com]", "names: [mail.mydomain.com, imap.mydomain.com]", StringComparison.Ordinal));

    /// <summary>Runs something once the journal of the apply has a line of this state.</summary>
    public Task WhenAsync(string state, Func<Task> act) => Task.Run(async () =>
    {
        var journal = $"/proc/{Host.ProcessId}/root/var/lib/mailtlsstate/journal";
        for (var end = DateTime.UtcNow.AddMinutes(2); DateTime.UtcNow < end; Thread.Yield())
        {
            try
            {
                if (File.ReadAllText(journal).Contains($"\n{state} ", StringComparison.Ordinal))
                {
                    await act();
                    return;
                }
            }
            catch (IOException)
            {
                // Not yet.
            }
        }

        throw new TimeoutException($"no {state} in two minutes");
    });

    /// <summary>Another program of the host that listens on a port.</summary>
    public Socket Listen(int port) => RehearsalNetwork.Inside(Host.ProcessId, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Any, port));
        socket.Listen();
        return socket;
    });

    /// <summary>Runs apply, which must end with this status; afterwards /etc and what every port serves must be as before.</summary>
    /// <returns>What it said on stderr.</returns>
    public async Task<string> RollsBackAsync(int exitCode, string[] said)
    {
        var tree = await Host.SnapshotAsync();
        var served = await Handshake.AllAsync(Network, new Dictionary<string, string>());
        var result = (await Host.RunAsync(CrashHost.Apply, timeLimit: CrashHost.Limit)).Expect(exitCode);
        Assert.All(said, words => Assert.Contains(words, result.Error, StringComparison.Ordinal));
        Assert.Empty(tree.ChangesTo(await Host.SnapshotAsync()));
        Assert.Equal(served, await Handshake.AllAsync(Network, new Dictionary<string, string>()));
        await Lab.NothingLeftAsync();
        return result.Error;
    }

    /// <summary>With the cause gone the same apply succeeds.</summary>
    public async Task SucceedsAsync()
    {
        (await Host.RunAsync(CrashHost.Apply, timeLimit: CrashHost.Limit)).Expect(0);
        await Lab.VerifyAsync(0);
        await Lab.ConvergedAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Network.Dispose();
        await Lab.DisposeAsync();
    }
}
