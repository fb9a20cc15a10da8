using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts;

/// <summary>What the host's listeners answer, and what its names resolve to.</summary>
public sealed partial class InMemoryHost
{
    /// <summary>Answers to probes; by default nothing listens.</summary>
    public Func<ProbeRequest, ProbeResult> Probes { get; set; } = NotConnected;

    /// <summary>What <see cref="ProbeAsync"/> waits for before it answers.</summary>
    public Func<ProbeRequest, CancellationToken, Task> Waits { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What <see cref="ScanAsync"/> answers.</summary>
    public Func<ProbeRequest, TlsScan?> Scans { get; set; } = _ => null;

    /// <summary>A probe's result when nothing listens.</summary>
    public static ProbeResult NotConnected(ProbeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new(
            request, ProbeOutcome.NotConnected, "connection refused", null, [], [], null, null, [],
            request.Offers.ToDictionary(o => o, _ => OfferOutcome.NotTested));
    }

    /// <inheritdoc/>
    public async Task<ProbeResult> ProbeAsync(ProbeRequest request, CancellationToken cancellation)
    {
        await Waits(request, cancellation).ConfigureAwait(false);
        return Probes(request);
    }

    /// <summary>Addresses by name.</summary>
    public Dictionary<string, IReadOnlyList<string>> Names { get; } = [];

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellation) => Task.FromResult(Names.GetValueOrDefault(name, []));

    /// <inheritdoc/>
    public Task<TlsScan?> ScanAsync(ProbeRequest request, ProbeResult probe, CancellationToken deadline) => Task.FromResult(Scans(request));

    /// <inheritdoc/>
    public bool IsOwnAddress(string address) => System.Net.IPAddress.IsLoopback(System.Net.IPAddress.Parse(address));
}
