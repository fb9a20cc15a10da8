using System.Collections.Concurrent;

namespace MailTlsState.HostTests.Crash;

/// <summary>Shakes hands with ports in turn without a pause, from another address, until it is told to stop.</summary>
internal sealed class Sampler
{
    private readonly ConcurrentBag<(int Port, Seen Seen, DateTime At)> _seen = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    // As many at once as leave the daemons and the apply some of a small machine.
    private const int AtOnce = 2;

    private Sampler(HostNetwork network, IReadOnlyList<MailPort> ports)
    {
        var next = -1;
        _work = Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (!_stop.IsCancellationRequested)
            {
                var port = ports[(int)((uint)Interlocked.Increment(ref next) % (uint)ports.Count)];
                var seen = await Handshake.TryAsync(network, port);
                _seen.Add((port.Port, seen, DateTime.UtcNow));
            }
        })));
    }

    /// <summary>Begins; every port was seen once when it returns.</summary>
    public static async Task<Sampler> StartAsync(HostNetwork network, IReadOnlyList<MailPort> ports)
    {
        var sampler = new Sampler(network, ports);
        await sampler.AgainAsync(ports);
        return sampler;
    }

    /// <summary>Ends, after every port was seen once more.</summary>
    /// <returns>All that was seen, in order of time.</returns>
    public async Task<IReadOnlyList<(int Port, Seen Seen, DateTime At)>> StopAsync(IReadOnlyList<MailPort> ports)
    {
        await AgainAsync(ports);
        await _stop.CancelAsync();
        await _work;
        return [.. _seen.OrderBy(s => s.At)];
    }

    private async Task AgainAsync(IReadOnlyList<MailPort> ports)
    {
        // As many as are under way may have begun before now; the next began after.
        var counts = Counts();
        while (ports.Any(p => Counts().GetValueOrDefault(p.Port) < counts.GetValueOrDefault(p.Port) + AtOnce + 1))
        {
            await Task.Delay(5);
        }
    }

    private Dictionary<int, int> Counts() => _seen.GroupBy(s => s.Port).ToDictionary(g => g.Key, g => g.Count());
}
