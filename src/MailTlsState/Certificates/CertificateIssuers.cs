using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>Every kind of issuer.</summary>
public static class CertificateIssuers
{
    /// <summary>In the order of <see cref="IssuerKind"/>.</summary>
    public static IReadOnlyList<ICertificateIssuer> All { get; } =
        [new PrivateCa.PrivateCaCertificates(), new Purchased.PurchasedCertificates(), new Existing.ExistingCertificates()];

    /// <summary>The issuer of a manifest's certificates.</summary>
    public static ICertificateIssuer Of(Manifest manifest) => All.Single(i => i.Kind == manifest.Certificate.Issuer.Kind);
}
