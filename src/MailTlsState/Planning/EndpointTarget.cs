using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Probing;

namespace MailTlsState.Planning;

/// <summary>One address and port to be asked what it serves.</summary>
/// <param name="Service">The service that holds it or should.</param>
/// <param name="Endpoint">Which endpoint it is.</param>
/// <param name="Address">IP address to connect to.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Named">What the manifest says of it, or null when it only listens.</param>
/// <param name="Listening">True when a socket of the service listens there now.</param>
public sealed record EndpointTarget(ServiceKind Service, EndpointKind Endpoint, string Address, int Port, EndpointManifest? Named, bool Listening)
{
    /// <summary>
    /// The local address to come from. Dovecot trusts a client whose address equals the server's, so an IPv4 probe comes from
    /// 127.0.0.2; IPv6 has only one loopback address, and there nothing can be said about AUTH before TLS.
    /// </summary>
    public string? SourceAddress => Address.Contains(':', StringComparison.Ordinal) ? null : "127.0.0.2";

    /// <summary>True when it is another host's.</summary>
    public bool Elsewhere { get; init; }

    /// <summary>True when the service sees the probe as it would see a remote client.</summary>
    public bool SeenAsRemote => Elsewhere || SourceAddress is not null;

    /// <summary>The question to put to it.</summary>
    public ProbeRequest Question(string serverName, IReadOnlyList<Policies.TlsVersion> offers, IReadOnlyList<Policies.KeyFamily> families) => new(
        Endpoint.Protocol(), Named is null ? Endpoint.IsImplicit() : Named.Security == EndpointSecurity.Implicit, Address, Port, serverName, SourceAddress, offers)
    {
        Families = families,
        ServedHere = Listening,
    };

    /// <summary>
    /// All that has to be asked: the endpoints that the manifest names on every address that is bound, and the endpoints of a
    /// named service that listen without being named: on their usual ports, and on others where the service's configuration says
    /// what they are. Endpoints behind a proxy header are left out, and what another instance of a service holds.
    /// </summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="sockets">What listens.</param>
    /// <param name="known">What the services say of it.</param>
    public static IReadOnlyList<EndpointTarget> Of(Manifest manifest, IReadOnlyList<Listener> sockets, KnownListeners known)
    {
        var targets = new List<EndpointTarget>();
        var listeners = known.Own(sockets);
        foreach (var service in manifest.Services)
        {
            foreach (var endpoint in service.Endpoints.Where(e => e.Security != EndpointSecurity.Disabled && !e.ProxyProtocol))
            {
                var bound = Bound(listeners, service.Kind, endpoint.Port);
                targets.AddRange(Expected(endpoint, bound).Select(a => new EndpointTarget(service.Kind, endpoint.Kind, a, endpoint.Port, endpoint, bound.Count > 0)));
            }

            var named = service.Endpoints.Select(e => e.Port).ToHashSet();
            targets.AddRange(listeners
                .Where(l => !named.Contains(l.Port) && ServiceOwners.OwnerOf(l) == service.Kind)
                .Select(l => (Socket: l, Kind: known.Unnamed(service.Kind, l)))
                .Where(l => l.Kind is not null)
                .Select(l => new EndpointTarget(service.Kind, l.Kind!.Value, Reachable(l.Socket.Address), l.Socket.Port, null, true))
                .Distinct()
                .OrderBy(t => t.Endpoint).ThenBy(t => t.Port).ThenBy(t => t.Address, StringComparer.Ordinal));
        }

        return targets;
    }

    /// <summary>The same for what was observed.</summary>
    public static IReadOnlyList<EndpointTarget> Of(Manifest manifest, HostObservation observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        return Of(manifest, observed.Listeners, observed.Known);
    }

    /// <summary>What <see cref="Of(Manifest, IReadOnlyList{Listener}, KnownListeners)"/> leaves out of the endpoints that the manifest names: those that are to be off, and those behind a proxy header.</summary>
    public static IReadOnlyList<EndpointTarget> Apart(Manifest manifest, IReadOnlyList<Listener> sockets, KnownListeners known)
    {
        var listeners = known.Own(sockets);
        return
        [
            .. manifest.Services.SelectMany(s => s.Endpoints.Where(e => e.ProxyProtocol || (e.Security == EndpointSecurity.Disabled && !IsOthers(s.Kind, e.Port)))
                .SelectMany(e =>
                {
                    var bound = Bound(listeners, s.Kind, e.Port);
                    return Expected(e, bound).Select(a => new EndpointTarget(s.Kind, e.Kind, a, e.Port, e, bound.Count > 0));
                })),
        ];

        // Off in one server, so that the other one serves the port.
        bool IsOthers(ServiceKind service, int port) => manifest.Services.Any(o => o.Kind != service
            && (o.Endpoints.Any(e => e.Port == port && e.Security != EndpointSecurity.Disabled) || Bound(listeners, o.Kind, port).Count > 0));
    }

    private static List<string> Bound(IReadOnlyList<Listener> listeners, ServiceKind service, int port) =>
        [.. listeners.Where(l => l.Port == port && ServiceOwners.OwnerOf(l) == service).Select(l => Reachable(l.Address)).Distinct().Order(StringComparer.Ordinal)];

    // Where nothing listens: the addresses that the manifest names, or one of the host's.
    private static IReadOnlyList<string> Expected(EndpointManifest endpoint, IReadOnlyList<string> bound) =>
        bound.Count > 0 ? bound : endpoint.Addresses.Count > 0 ? [.. endpoint.Addresses.Select(Reachable).Distinct()] : ["127.0.0.1"];

    /// <summary>An address at which a listener on <paramref name="address"/> can be reached from the host itself.</summary>
    internal static string Reachable(string address) => address switch
    {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        _ => address,
    };
}
