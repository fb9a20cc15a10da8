using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>Who else serves mail on the host, on ports of endpoints that the manifest does not name. Pure; a named port of somebody else's is the service's error.</summary>
internal static class OtherServers
{
    /// <summary>One note for each port and program.</summary>
    public static IEnumerable<Diagnostic> Of(Manifest manifest, HostObservation observed)
    {
        var known = observed.Known;
        var named = manifest.Services.SelectMany(s => s.Endpoints).Select(e => e.Port).ToHashSet();
        var unnamed = manifest.Services
            .SelectMany(s => EndpointCatalogue.Of(s.Kind).Select(e => (Service: s.Kind, e.Kind, Port: e.Kind.DefaultPort())))
            .Where(e => !named.Contains(e.Port)).DistinctBy(e => e.Port);
        return
            from endpoint in unnamed
            from holder in observed.Listeners.Where(l => l.Port == endpoint.Port && IsElse(l)).GroupBy(l => (l.Executable, IsInstance: known.IsOthers(l)))
            let first = holder.First()
            select ReviewDiagnostics.PortOfOthers(
                manifest.Source.Locate($"/services/{endpoint.Service.Name()}"),
                $"{endpoint.Service.Name()} {endpoint.Kind.Name()}",
                endpoint.Port,
                first,
                holder.Select(l => l.Address).Distinct().Order(StringComparer.Ordinal),
                holder.Key.IsInstance ? ServiceOwners.OwnerOf(first).ToString() : null);

        // A user who is not root does not see who holds a socket.
        bool IsElse(Listener listener) => (observed.Host.UserId == 0 || listener.Executable is not null)
            && (known.IsOthers(listener) || ServiceOwners.OwnerOf(listener) is not { } owner || manifest.Services.All(s => s.Kind != owner));
    }
}
