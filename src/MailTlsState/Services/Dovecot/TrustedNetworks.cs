using System.Net;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>Clients that Dovecot 2.3 takes for secured without TLS (login_trusted_networks), whatever <c>ssl = required</c> says. Pure.</summary>
internal static class TrustedNetworks
{
    private const string Setting = "login_trusted_networks";

    /// <summary>A warning for each line that defeats an endpoint's <c>required</c>. 2.4 has such clients use TLS as well (seen on 2.4.1).</summary>
    public static IEnumerable<Diagnostic> Check(DovecotTree tree, IReadOnlyList<EndpointManifest> endpoints) =>
        from endpoint in endpoints
        where tree.Grammar == DovecotGrammar.V23 && endpoint.Security == EndpointSecurity.Required
        let line = tree.Effective(Setting, new DovecotConnection(Protocol: DovecotAnswers.Protocol(endpoint.Kind)))
        where line is not null
        let networks = string.Join(", ", line.Value.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Where(n => !IsLoopback(n)))
        where networks.Length > 0
        group endpoint.Kind.Name() by (line.File, line.Line, networks) into found
        select DovecotDiagnostics.TrustedNetworks(new SourceLocation(found.Key.File, found.Key.Line, 1), Setting, found.Key.networks, string.Join(" and ", found));

    // Who comes from this host itself is taken for secured anyway.
    private static bool IsLoopback(string network) => IPAddress.TryParse(network.Split('/')[0], out var address) && IPAddress.IsLoopback(address);
}
