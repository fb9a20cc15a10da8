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
    /// <param name="leaves">SHA-256 (hex) of the leaves that should be served; none when they are not known.</param>
    /// <param name="anchors">Trusted roots, DER; null when trust is not judged.</param>
    public static IReadOnlyList<EndpointExpectation> Of(
        Manifest manifest, TlsPolicy policy, IReadOnlyList<EndpointTarget> targets, IReadOnlyList<string> leaves, IReadOnlyList<byte[]>? anchors) =>
        [.. targets.Select(t => new EndpointExpectation(t.Service, t.Endpoint, Security(t), t.Address, t.Port, manifest.Host)
        {
            LeafFingerprints = leaves,
            TrustAnchors = anchors,
            MinimumVersion = policy.Minimum,
            AuthForbiddenBeforeTls = t.Named?.Security == EndpointSecurity.Required && t.SeenAsRemote,

            // Dovecot always lets a client log in over TLS; whether Postfix does depends on SASL, which is not ours.
            AuthRequiredOverTls = t.Service == ServiceKind.Dovecot,
            ProxyProtocol = t.Named?.ProxyProtocol ?? false,
            Named = t.Named is not null,
            SourceAddress = t.SourceAddress,
        })];

    private static EndpointSecurity Security(EndpointTarget target) =>
        target.Named?.Security ?? (target.Endpoint.IsImplicit() ? EndpointSecurity.Implicit : EndpointSecurity.Opportunistic);
}
