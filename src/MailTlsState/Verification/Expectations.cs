using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Probing;

namespace MailTlsState.Verification;

/// <summary>What the listeners of a manifest should serve.</summary>
public static class Expectations
{
    /// <summary>Makes the expectations of <paramref name="targets"/>.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="policy">Its policy, resolved.</param>
    /// <param name="targets">The listeners.</param>
    /// <param name="leaves">The leaves that should be served, one of each kind of key; null when they are not known, as off the host.</param>
    /// <param name="anchors">Trusted roots, DER; null when trust is not judged.</param>
    public static IReadOnlyList<EndpointExpectation> Of(
        Manifest manifest, TlsPolicy policy, IReadOnlyList<EndpointTarget> targets, IReadOnlyList<CertificateFacts>? leaves, IReadOnlyList<byte[]>? anchors) =>
        [.. targets.Select(t => new EndpointExpectation(t.Service, t.Endpoint, Security(t), t.Address, t.Port, manifest.Host)
        {
            // Where nothing on disk can be served, whatever is served is another leaf.
            LeafFingerprints = leaves is null ? [] : leaves.Count == 0 ? ["none"] : [.. leaves.Select(l => l.Fingerprint)],

            // A certificate that is still waited for cannot be served.
            Families = leaves is null ? manifest.Certificate.Families : leaves.Count < 2 ? [] : [.. leaves.Select(l => l.Family).OfType<KeyFamily>().Distinct()],
            TrustAnchors = anchors,
            MinimumVersion = policy.Minimum,
            Policy = policy,
            AuthForbiddenBeforeTls = t.Named?.Security == EndpointSecurity.Required && t.SeenAsRemote,

            // Dovecot always lets a client log in over TLS; whether Postfix does depends on SASL, which is not ours.
            AuthRequiredOverTls = t.Service == ServiceKind.Dovecot,
            ProxyProtocol = t.Named?.ProxyProtocol ?? false,
            Named = t.Named is not null,
            SeenAsRemote = t.SeenAsRemote,
            ServedHere = t.Listening,
            SourceAddress = t.SourceAddress,
        })];

    private static EndpointSecurity Security(EndpointTarget target) =>
        target.Named?.Security ?? (target.Endpoint.IsImplicit() ? EndpointSecurity.Implicit : EndpointSecurity.Opportunistic);
}
