using System.Globalization;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>
/// Listeners under names of the administrator's own that hold the port of an endpoint: Dovecot does not start with two on one port. One of
/// the endpoint's own login service is taken over, its port goes and with it the listener; another one is an error. Pure.
/// </summary>
internal static class NamedListeners
{
    /// <summary>The lines that give the port of <paramref name="endpoint"/> to other listeners, its addresses considered.</summary>
    /// <param name="tree">The configuration.</param>
    /// <param name="dialect">How it is spelled.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="all">All endpoints of the manifest: their listeners are ours.</param>
    public static IEnumerable<DovecotAssignment> Holding(DovecotTree tree, DovecotDialect dialect, EndpointManifest endpoint, IReadOnlyList<EndpointManifest> all)
    {
        var port = endpoint.Port.ToString(CultureInfo.InvariantCulture);
        return tree.Assignments.Where(a =>
            a.Name == "port" && a.Value == port && a.Path is [{ Kind: "service" }, { Kind: "inet_listener" }]
            && !all.Any(e => a.Path.SequenceEqual(ManagedFile.Listener(e.Kind)))
            && Last(tree, a, "port") == a
            && Clash(Last(tree, a, dialect.ListenerAddress)?.Value, endpoint.Addresses));
    }

    /// <summary>True where taking the port away closes the listener and takes nothing else from anybody.</summary>
    public static bool IsTakenOver(DovecotTree tree, DovecotAssignment port, EndpointManifest endpoint) =>
        port.Path[0] == ManagedFile.Listener(endpoint.Kind)[0]
        // Without the line it would listen on the port that it has by default.
        && Enum.GetValues<EndpointKind>().All(k => k.Name() != port.Path[1].Argument)
        && (endpoint.ProxyProtocol || !WantsProxy(tree, port));

    /// <summary>True where its clients come through a proxy that says who they are.</summary>
    public static bool WantsProxy(DovecotTree tree, DovecotAssignment port) => Last(tree, port, "haproxy")?.Value == "yes";

    // 2.3 takes listeners without a name, and each block is one of its own.
    private static DovecotAssignment? Last(DovecotTree tree, DovecotAssignment of, string name) => tree.Assignments.LastOrDefault(a =>
        a.Name == name && a.Path.SequenceEqual(of.Path) && (of.Path[^1].Argument.Length > 0 || a.Around.SequenceEqual(of.Around)));

    private static bool Clash(string? addresses, IReadOnlyList<string> wanted)
    {
        var held = (addresses ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Select(a => a == "*" ? "0.0.0.0" : a.Trim('[', ']')).ToList();
        return held.Count == 0 || wanted.Count == 0 || held.Exists(h => wanted.Any(w => BoundAddress.Clash(w, h)));
    }
}
