using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Planning.SeLinux;

/// <summary>Finds, before an apply, a port of the manifest's that the policy does not let the daemon bind: Postfix's master would end on it.</summary>
internal static class PortCheck
{
    /// <summary>Asks about each port that the manifest names and its service does not hold yet.</summary>
    internal static async Task<IReadOnlyList<PortObservation>> LookAsync(IHost host, Manifest manifest, HostObservation observed, CancellationToken cancellation)
    {
        var found = new List<PortObservation>();
        foreach (var (service, port) in Missing(manifest, observed))
        {
            found.Add(await host.ObservePortLabelAsync(port, MailServices.Of(service).SeLinuxMaster, cancellation).ConfigureAwait(false));
        }

        return found;
    }

    /// <summary>What the policy refuses. Pure.</summary>
    internal static IEnumerable<Diagnostic> Judge(Manifest manifest, HostObservation observed)
    {
        foreach (var (service, port) in Missing(manifest, observed))
        {
            var domain = MailServices.Of(service).SeLinuxMaster;
            if (observed.PortLabels.FirstOrDefault(p => p.Port == port && p.Domain == domain) is { Allowed: false, Type: { } type })
            {
                yield return SeLinuxDiagnostics.PortRefused(manifest.Source.Locate($"/services/{service.Name()}"), service, port, type, domain, observed.Host.Enforcing);
            }
        }
    }

    private static IEnumerable<(ServiceKind Service, int Port)> Missing(Manifest manifest, HostObservation observed) =>
        EndpointTarget.Of(manifest, observed).Where(t => t is { Named: not null, Listening: false }).Select(t => (t.Service, t.Port)).Distinct();
}
