using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Resources;

namespace MailTlsState.Planning;

/// <summary>A certificate of a second kind of key that an earlier manifest named and this one does not.</summary>
/// <param name="Place">Where it lies.</param>
/// <param name="Previous">Where the one former pair of its kind is kept.</param>
public sealed record DroppedPair(CertificatePlace Place, string Previous)
{
    /// <summary>Key and chain.</summary>
    public IReadOnlyList<string> Files => [.. new[] { Place.Files.Key, Place.Files.Chain }.Distinct()];
}

/// <summary>Finds such pairs, and takes them away once no service names them any more.</summary>
public static class DroppedPairs
{
    /// <summary>Looks for them in the certificate's own directory; none where another tool keeps the files.</summary>
    public static async Task<IReadOnlyList<DroppedPair>> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation)
    {
        var dropped = new List<DroppedPair>();
        if (manifest.Certificate.Issuer.Kind == IssuerKind.Existing
            || (await files.LookAsync(manifest.Certificate.Directory, cancellation).ConfigureAwait(false)).Kind != FileKind.Directory)
        {
            return dropped;
        }

        foreach (var family in CertificatePaths.Unnamed(manifest))
        {
            var previous = CertificatePaths.Previous(manifest, family);
            await files.LookAsync(previous, cancellation).ConfigureAwait(false);
            if (await CertificatePaths.LocateUnnamedAsync(host, manifest, family, cancellation).ConfigureAwait(false) is { } place)
            {
                dropped.Add(new DroppedPair(place, previous));
                await Task.WhenAll(place.Former.Concat([place.Files.Key, place.Files.Chain]).Distinct().Select(p => files.LookAsync(p, cancellation))).ConfigureAwait(false);
            }
        }

        return dropped;
    }

    /// <summary>The changes: each pair is kept as the former one of its kind for a while, and one that was kept long enough goes. Pure.</summary>
    internal static IReadOnlyList<Change> Plan(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var changes = new List<Change>();
        if (manifest.Certificate.Issuer.Kind == IssuerKind.Existing)
        {
            return changes;
        }

        // What is no key with its certificate is not of an earlier manifest's making.
        var dropped = observed.Dropped.Where(d => KeyedPair.Find(d.Files.Select(f => observed.File(f).Text)) is not null).ToList();
        foreach (var pair in dropped)
        {
            var kind = KeyKinds.Text(pair.Place.Files.Family!.Value);
            changes.AddRange(pair.Files.Concat(pair.Place.Former).Where(p => observed.File(p).Kind == FileKind.Regular)
                .Select(p => new Change("file", p, ChangeAction.Delete, $"the manifest names no second key of kind {kind} any more", [], null, []) { Work = new RemoveFile(p) }));
            changes.AddRange(PreviousPair.Plan(manifest, observed, pair.Previous, pair.Files, replaced: true, now));
        }

        foreach (var previous in CertificatePaths.Unnamed(manifest).Select(f => CertificatePaths.Previous(manifest, f)).Except(dropped.Select(d => d.Previous)))
        {
            changes.AddRange(PreviousPair.Plan(manifest, observed, previous, [], replaced: false, now));
        }

        return changes;
    }
}
