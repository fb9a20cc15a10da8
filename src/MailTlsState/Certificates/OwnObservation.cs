using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates;

/// <summary>Looks at, and judges, the files of an issuer whose certificates MailTlsState keeps itself.</summary>
internal static class OwnObservation
{
    /// <summary>Looks at the files of each of the manifest's certificates.</summary>
    /// <param name="host">The host.</param>
    /// <param name="files">Takes what was seen.</param>
    /// <param name="manifest">The desired state.</param>
    /// <param name="directories">Directories of our own.</param>
    /// <param name="further">Further files of the issuer.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<CertificatePlace>> LookAsync(
        IHost host, ObservedFiles files, Manifest manifest, IEnumerable<string> directories, IEnumerable<string> further, CancellationToken cancellation)
    {
        var places = await Task.WhenAll(manifest.Certificate.Keys.Select(k => CertificatePaths.LocateAsync(host, manifest, k, cancellation))).ConfigureAwait(false);
        var paths = CertificatePaths.WithParents(directories).Concat(further).Concat(places.SelectMany(p => p.Former.Concat([p.Files.Chain, p.Files.Key])));
        await Task.WhenAll(paths.Distinct().Select(p => files.LookAsync(p, cancellation))).ConfigureAwait(false);

        // A directory that does not exist yet holds no pair of an earlier time.
        if ((await files.LookAsync(manifest.Certificate.Directory, cancellation).ConfigureAwait(false)).Kind == FileKind.Directory)
        {
            await Task.WhenAll(manifest.Certificate.Keys.Select(k => files.LookAsync(CertificatePaths.Previous(manifest, k), cancellation))).ConfigureAwait(false);
        }

        return places;
    }

    /// <summary>What lies at each place, judged by the issuer's rules.</summary>
    public static IReadOnlyList<CertificateState> Examine(Manifest manifest, HostObservation observed, LeafRules rules, DateTimeOffset now) =>
        [.. manifest.Certificate.Keys.Zip(observed.Certificates, (kind, place) => CertificateState.Examine(
            manifest.Certificate, kind, observed.File(place.Files.Chain), observed.File(place.Files.Key), rules, now))];
}
