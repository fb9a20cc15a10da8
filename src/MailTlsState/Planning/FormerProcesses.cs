using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>
/// Processes that may hold a pair that was replaced since by somebody else. A new smtpd reads the files at once, without a reload, and an old one that waits for its next
/// client keeps what it has read, so one handshake with a port does not tell what the others will serve. Pure.
/// </summary>
internal static class FormerProcesses
{
    // A process's beginning and the time since the boot come in hundredths of a second, a file's time in ticks of the kernel.
    private static readonly TimeSpan Blur = TimeSpan.FromSeconds(0.1);

    /// <summary>What has to go, by port; empty when all of the service's processes are younger than the files. Ports that are not probed count too.</summary>
    public static IReadOnlyList<AttributeChange> Of(ServiceKind service, HostObservation observed) =>
    [
        .. Find(service, observed, observed.Known).OrderBy(p => p.Process.Port).ThenBy(p => p.Process.Program, StringComparer.Ordinal)
            .DistinctBy(p => (p.Process.Port, p.Process.Program))
            .Select(p => new AttributeChange($"{p.Process.Program} on port {p.Process.Port}", "older than the files", $"younger than the files of {AttributeChange.Time(p.Changed)}")),
    ];

    /// <summary>The service's processes that are older than the files, and when those came to be what they are.</summary>
    /// <param name="service">The service.</param>
    /// <param name="observed">Certificates and their files, sockets, and the processes that serve them.</param>
    /// <param name="known">What the services say of the sockets.</param>
    public static IEnumerable<(ServingProcess Process, DateTimeOffset Changed)> Find(ServiceKind service, HostObservation observed, KnownListeners known)
    {
        var changed = observed.Certificates.SelectMany(c => new[] { c.Files.Key, c.Files.Chain }.Select(f => c.Files.IsOwn ? WrittenAt(f, observed) : observed.ChangedAt(f))).Max();
        // A port tells not which instance's process it is, where several have it.
        var ports = observed.Listeners.Where(l => ServiceOwners.OwnerOf(l) == service).GroupBy(l => l.Port).Where(p => !p.Any(known.IsOthers)).Select(p => p.Key).ToHashSet();
        return observed.Serving.Where(p => ports.Contains(p.Port) && p.Started < changed + Blur).Select(p => (p, changed!.Value));
    }

    // Of our own files the content's time counts: mode, label and the number of names change without a reload. A time that is still to come says nothing.
    private static DateTimeOffset? WrittenAt(string path, HostObservation observed) => observed.File(path).Modified is { } written && written <= observed.At ? written : null;
}
