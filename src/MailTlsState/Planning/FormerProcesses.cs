using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>
/// Processes that may hold a pair that another tool has replaced since. A new smtpd reads the files at once, without a reload, and an old one that waits for its next
/// client keeps what it has read, so one handshake with a port does not tell what the others will serve. Pure.
/// </summary>
internal static class FormerProcesses
{
    // A process's beginning and the time since the boot come in hundredths of a second, a file's time in ticks of the kernel.
    private static readonly TimeSpan Blur = TimeSpan.FromSeconds(0.1);

    /// <summary>What has to go, by port; empty when all of the service's processes are younger than the files. Ports that are not probed count too.</summary>
    public static IReadOnlyList<AttributeChange> Of(ServiceKind service, HostObservation observed)
    {
        var changed = observed.Certificates.Where(c => !c.Files.IsOwn).SelectMany(c => new[] { c.Files.Key, c.Files.Chain }).Select(observed.ChangedAt).Max();
        var ports = observed.Listeners.Where(l => ServiceOwners.OwnerOf(l) == service).Select(l => l.Port).ToHashSet();
        return
        [
            .. observed.Serving.Where(p => ports.Contains(p.Port) && p.Started < changed + Blur).OrderBy(p => p.Port).ThenBy(p => p.Program, StringComparer.Ordinal)
                .DistinctBy(p => (p.Port, p.Program))
                .Select(p => new AttributeChange($"{p.Program} on port {p.Port}", "older than the files", $"younger than the files of {AttributeChange.Time(changed!.Value)}")),
        ];
    }
}
