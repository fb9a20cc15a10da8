using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;

namespace MailTlsState.Execution;

/// <summary>What the journal says that every endpoint served before an apply, and whether it does so again: faults included.</summary>
internal sealed class FormerState
{
    private readonly IHost _host;
    private readonly JournalEntry _entry;

    private FormerState(IHost host, JournalEntry entry, bool sameBoot) => (_host, _entry, SameBoot) = (host, entry, sameBoot);

    /// <summary>One endpoint that is not as it was.</summary>
    /// <param name="Before">As it was.</param>
    /// <param name="Words">The difference.</param>
    public sealed record Difference(JournalEndpoint Before, string Words)
    {
        /// <summary>True when it answers as before and with the leaf of before, but with another version, suite or floor.</summary>
        public bool OfPolicy { get; init; }
    }

    /// <summary>True unless the machine was started anew since the journal was begun.</summary>
    public bool SameBoot { get; }

    /// <summary>Of one journal.</summary>
    public static async Task<FormerState> OfAsync(IHost host, JournalEntry entry)
    {
        var boot = await BootAsync(host).ConfigureAwait(false);
        return new FormerState(host, entry, entry.Boot.Length == 0 || boot.Length == 0 || entry.Boot == boot);
    }

    /// <summary>Identifies the boot of the host, or empty.</summary>
    public static async Task<string> BootAsync(IHost host) =>
        (await host.ObserveFileAsync("/proc/sys/kernel/random/boot_id", CancellationToken.None).ConfigureAwait(false)).Text?.Trim() ?? "";

    /// <summary>Waits until several rounds in a row find nothing that differs, and says what the last round found.</summary>
    public async Task<IReadOnlyList<Difference>> WaitAsync(ApplyLimits limits, TimeSpan limit)
    {
        var start = _host.Clock.GetTimestamp();
        var good = 0;
        while (true)
        {
            var differing = await DifferencesAsync().ConfigureAwait(false);
            good = differing.Count == 0 ? good + 1 : 0;
            if (good >= limits.Consecutive || (good == 0 && _host.Clock.GetElapsedTime(start) > limit))
            {
                return differing;
            }

            if (good == 0)
            {
                await Task.Delay(limits.Pause, _host.Clock).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// The services that do not answer as before, or may not from the next client on: a process that began since may have read files of the run, and another one
    /// answered us. One that began for a client of the moment, such as a look at the host, is given time to go.
    /// </summary>
    public async Task<IReadOnlySet<ServiceKind>> TouchedAsync(ApplyLimits limits)
    {
        if (!SameBoot)
        {
            return Enum.GetValues<ServiceKind>().ToHashSet();
        }

        var start = _host.Clock.GetTimestamp();
        var young = await YoungAsync().ConfigureAwait(false);
        while (young.Count > 0 && _host.Clock.GetElapsedTime(start) < limits.Activation / 3)
        {
            await Task.Delay(limits.Pause, _host.Clock).ConfigureAwait(false);
            young = await YoungAsync().ConfigureAwait(false);
        }

        var differing = await WaitAsync(limits, limits.Activation / 3).ConfigureAwait(false);
        return young.Concat(differing.Select(d => d.Before.Service)).ToHashSet();

        async Task<IReadOnlyList<ServiceKind>> YoungAsync()
        {
            var ports = (await _host.ObserveServingAsync(CancellationToken.None).ConfigureAwait(false)).Where(p => p.Started > _entry.Started).Select(p => p.Port).ToHashSet();
            return [.. _entry.Before.Where(b => ports.Contains(b.Port)).Select(b => b.Service).Distinct()];
        }
    }

    private async Task<IReadOnlyList<Difference>> DifferencesAsync()
    {
        // What listens counts only if it is the service: a port that was free may be another program's by now.
        var listeners = await _host.ObserveListenersAsync(CancellationToken.None).ConfigureAwait(false);
        var looked = await Task.WhenAll(_entry.Before.Select(b => DifferenceAsync(b, listeners))).ConfigureAwait(false);
        return [.. looked.OfType<Difference>()];
    }

    // A daemon that had not loaded what was on its disk has loaded it now, also what another program renewed meanwhile; the one before is nowhere any more.
    private async Task<bool> FitsAsync(string? now, string? before)
    {
        if (ServedLeaves.Fit(now, before, _entry.LeavesOnDisk))
        {
            return true;
        }

        var files = new ObservedFiles(_host);
        var seen = await Task.WhenAll(_entry.CertificateFiles.Select(f => files.ResolveAsync(f, CancellationToken.None))).ConfigureAwait(false);
        var renewed = seen.Select(f => PemFile.Parse(f.Text ?? "").Certificates.FirstOrDefault()?.Facts).OfType<CertificateFacts>().Select(f => "sha256:" + f.Fingerprint);
        return ServedLeaves.Fit(now, before, [.. _entry.LeavesOnDisk, .. renewed]);
    }

    private async Task<Difference?> DifferenceAsync(JournalEndpoint before, IReadOnlyList<Listener> listeners)
    {
        if (before.Outcome == ProbeOutcome.NotConnected
            && (!SameBoot || !listeners.Any(l => l.Port == before.Port && ServiceOwners.OwnerOf(l) == before.Service)))
        {
            return null;
        }

        var source = new EndpointTarget(before.Service, before.Endpoint, before.Address, before.Port, null, true).SourceAddress;
        var question = new ProbeRequest(before.Endpoint.Protocol(), before.Implicit, before.Address, before.Port, _entry.Host, source, before.Offered) { Families = ServedLeaves.Families(before.Leaf) };
        var probe = await _host.ProbeAsync(question, CancellationToken.None).ConfigureAwait(false);
        var now = JournalEndpoint.Of(new ServedEndpoint(before.Service, before.Endpoint, probe));

        // Postfix's master(8) had stopped starting the service for a minute, and that minute is over.
        if (before.Outcome == ProbeOutcome.NoGreeting && before.Service == ServiceKind.Postfix && now.Outcome == ProbeOutcome.Completed)
        {
            return null;
        }

        if (now.Outcome != before.Outcome || !await FitsAsync(now.Leaf, before.Leaf).ConfigureAwait(false))
        {
            return Differs(before.Describe(), now.Describe());
        }

        return (now.Session, now.Offers) == (before.Session, before.Offers) ? null : Differs(before.DescribePolicy(), now.DescribePolicy()) with { OfPolicy = true };

        Difference Differs(string former, string present) => new(before, $"{before.Address} port {before.Port} served {former} before and now {present}");
    }
}
