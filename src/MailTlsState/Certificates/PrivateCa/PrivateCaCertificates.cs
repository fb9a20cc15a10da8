using MailTlsState.Certificates.HostTrust;
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
    public IEnumerable<SecretReference> Secrets(Manifest manifest) => All(manifest).Select(c => c.Passphrase).Distinct();

    /// <inheritdoc/>
    public IReadOnlyList<string> TrustFiles(Manifest manifest) => [CertificatePaths.Root(Ca(manifest).Signing)];

    /// <inheritdoc/>
    public IReadOnlyList<HostAnchor> HostAnchors(Manifest manifest) => !Ca(manifest).TrustStore ? [] :
        [new("", CertificatePaths.Root(Ca(manifest))), .. Ca(manifest).Successor is { } next ? [new HostAnchor(HostAnchor.Successor, CertificatePaths.Root(next.Ca))] : Array.Empty<HostAnchor>()];

    /// <inheritdoc/>
    public Task<IReadOnlyList<CertificatePlace>> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation) =>
        OwnObservation.LookAsync(host, files, manifest, Directories(manifest).Keys, Files(manifest), cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<CertificateState> Examine(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var root = Roots.Examine(manifest, Ca(manifest).Signing, observed, now);
        return OwnObservation.Examine(manifest, observed, new PrivateCaRules(Ca(manifest), root, now, makesRoot: !root.Exists), now);
    }

    /// <inheritdoc/>
    public CertificateChanges Plan(CertificatePlanRequest request) => new PrivateCaPlanner(request).Plan();

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Directories(Manifest manifest)
    {
        var directories = new Dictionary<string, string>
        {
            [manifest.Certificate.Directory] = "/certificate/directory",
            [Ca(manifest).Directory] = "/certificate/issuer/directory",
        };
        if (Ca(manifest).Successor is { } next)
        {
            directories[next.Ca.Directory] = "/certificate/issuer/successor/directory";
        }

        return directories;
    }

    /// <summary>The files of the roots that the manifest names.</summary>
    internal static IReadOnlyList<string> Files(Manifest manifest) => [.. All(manifest).SelectMany(c => new[] { CertificatePaths.RootKey(c), CertificatePaths.Root(c) })];

    /// <summary>The present CA and, where the manifest names one, the next.</summary>
    internal static IReadOnlyList<PrivateCaManifest> All(Manifest manifest) => Ca(manifest).Successor is { } next ? [Ca(manifest), next.Ca] : [Ca(manifest)];

    private static PrivateCaManifest Ca(Manifest manifest) => (PrivateCaManifest)manifest.Certificate.Issuer;
}
