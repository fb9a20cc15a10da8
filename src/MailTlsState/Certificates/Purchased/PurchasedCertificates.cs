using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Purchased;

/// <summary>Certificates that a CA elsewhere signs: a request is written, and the answer is imported.</summary>
public sealed class PurchasedCertificates : ICertificateIssuer
{
    /// <inheritdoc/>
    public IssuerKind Kind => IssuerKind.Purchased;

    /// <inheritdoc/>
    public IEnumerable<SecretReference> Secrets(Manifest manifest) => [];

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Directories(Manifest manifest) => new Dictionary<string, string> { [manifest.Certificate.Directory] = "/certificate/directory" };

    /// <inheritdoc/>
    public IReadOnlyList<string> TrustFiles(Manifest manifest) => TrustAnchors.Files(Trust(manifest));

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CertificatePlace>> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation)
    {
        await TrustAnchors.LookAsync(files, Trust(manifest), cancellation).ConfigureAwait(false);
        var requests = manifest.Certificate.Keys.SelectMany(k => new[] { CertificatePaths.NextKey(manifest, k), CertificatePaths.Request(manifest, k) });
        return await OwnObservation.LookAsync(host, files, manifest, [manifest.Certificate.Directory], requests, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public IReadOnlyList<CertificateState> Examine(Manifest manifest, HostObservation observed, DateTimeOffset now) =>
        [.. manifest.Certificate.Keys.Zip(observed.Certificates, (kind, place) => CertificateState.Examine(
            manifest.Certificate,
            kind,
            observed.File(place.Files.Chain),
            observed.File(place.Files.Key),
            new PurchasedRules(TrustAnchors.Of(manifest, observed), PurchasedPair.Certificates(observed.File(place.Files.Chain)), now),
            now))];

    /// <inheritdoc/>
    public CertificateChanges Plan(CertificatePlanRequest request) => new PurchasedPlanner(request).Plan();

    private static TrustManifest Trust(Manifest manifest) => ((PurchasedManifest)manifest.Certificate.Issuer).Trust;
}
