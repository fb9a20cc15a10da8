using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Existing;

/// <summary>Certificates that another tool keeps (certbot, lego, acme.sh, a copy job): read, and never touched.</summary>
public sealed class ExistingCertificates : ICertificateIssuer
{
    /// <inheritdoc/>
    public IssuerKind Kind => IssuerKind.Existing;

    /// <inheritdoc/>
    public IEnumerable<SecretReference> Secrets(Manifest manifest) => [];

    /// <inheritdoc/>
    public IReadOnlyList<string> TrustFiles(Manifest manifest) => TrustAnchors.Files(Of(manifest).Trust);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CertificatePlace>> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation)
    {
        await TrustAnchors.LookAsync(files, Of(manifest).Trust, cancellation).ConfigureAwait(false);
        var places = new List<CertificatePlace>();
        foreach (var pair in Of(manifest).Files)
        {
            await files.ResolveAsync(pair.Key, cancellation).ConfigureAwait(false);
            var chain = await files.ResolveAsync(pair.Certificate, cancellation).ConfigureAwait(false);
            var leaf = PemFile.Parse(chain.Text ?? "").Certificates.FirstOrDefault()?.Facts;
            places.Add(new CertificatePlace(new CertificateFiles(pair.Key, pair.Certificate) { Family = leaf?.Family, IsOwn = false }, 1, []));
        }

        return places;
    }

    /// <inheritdoc/>
    public IReadOnlyList<CertificateState> Examine(Manifest manifest, HostObservation observed, DateTimeOffset now) =>
    [
        .. observed.Certificates.Select(place =>
        {
            var pair = ExistingFiles.Read(observed, place.Files);
            return new CertificateState([], false, pair.Leaf?.Facts, pair.Leaf?.Der, pair.Key?.Key!.PublicKeyDigest, null);
        }),
    ];

    /// <inheritdoc/>
    public CertificateChanges Plan(CertificatePlanRequest request) => new ExistingPlanner(request).Plan();

    private static ExistingManifest Of(Manifest manifest) => (ExistingManifest)manifest.Certificate.Issuer;
}
