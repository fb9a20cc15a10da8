using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Certificates that a root CA on this host signs.</summary>
public sealed class PrivateCaCertificates : ICertificateIssuer
{
    /// <inheritdoc/>
    public IssuerKind Kind => IssuerKind.PrivateCa;

    /// <inheritdoc/>
    public IEnumerable<SecretReference> Secrets(Manifest manifest) => [Ca(manifest).Passphrase];

    /// <inheritdoc/>
    public IReadOnlyList<string> TrustFiles(Manifest manifest) => [CertificatePaths.Root(Ca(manifest))];

    /// <inheritdoc/>
    public Task<IReadOnlyList<CertificatePlace>> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation) =>
        OwnObservation.LookAsync(host, files, manifest, Directories(manifest).Keys, [CertificatePaths.RootKey(Ca(manifest)), CertificatePaths.Root(Ca(manifest))], cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<CertificateState> Examine(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var rules = new PrivateCaRules(Ca(manifest), PrivateCaPlanner.ExamineRoot(manifest, observed, now), now);
        return OwnObservation.Examine(manifest, observed, rules, now);
    }

    /// <inheritdoc/>
    public CertificateChanges Plan(CertificatePlanRequest request) => new PrivateCaPlanner(request).Plan();

    /// <summary>The directories of our own, each with the manifest's setting of it.</summary>
    internal static IReadOnlyDictionary<string, string> Directories(Manifest manifest) => new Dictionary<string, string>
    {
        [manifest.Certificate.Directory] = "/certificate/directory",
        [Ca(manifest).Directory] = "/certificate/issuer/directory",
    };

    private static PrivateCaManifest Ca(Manifest manifest) => (PrivateCaManifest)manifest.Certificate.Issuer;
}
