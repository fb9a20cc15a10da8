using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Resources;

namespace MailTlsState.Planning;

/// <summary>Plans the one former pair: kept when another takes its place, removed when its time is up. Pure.</summary>
internal static class PreviousPair
{
    /// <summary>The changes.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="observed">The host.</param>
    /// <param name="path">Where it is kept.</param>
    /// <param name="present">Where the present pair lies.</param>
    /// <param name="replaced">True when it goes (<see cref="IsReplaced"/>).</param>
    /// <param name="now">The planner's clock.</param>
    public static IEnumerable<Change> Plan(Manifest manifest, HostObservation observed, string path, IReadOnlyList<string> present, bool replaced, DateTimeOffset now)
    {
        var keep = manifest.Certificate.KeepPrevious;
        if (replaced && Keep(observed, path, present, keep, now) is { } kept)
        {
            return [kept];
        }

        var there = observed.File(path);
        var expired = there is { Kind: FileKind.Regular, Modified: { } since } && now - since > keep;
        return expired
            ? [new Change("file", path, ChangeAction.Delete, keep == TimeSpan.Zero ? "the manifest keeps no former pair" : $"the former pair was kept for {Manifests.Durations.Format(keep)}", [], null, []) { Work = new RemoveFile(path) }]
            : [];
    }

    /// <summary>True when the pair that is in use now goes: another leaf takes its place, or the same one under other names.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="now">Where a pair of the manifest's layout lies.</param>
    /// <param name="after">Where the pair will lie.</param>
    /// <param name="createLeaf">True when a new leaf is signed.</param>
    public static bool IsReplaced(HostObservation observed, CertificatePlace now, CertificateFiles after, bool createLeaf) =>
        createLeaf || Present(observed, now).Any(f => f != after.Key && f != after.Chain && observed.File(f).Kind == FileKind.Regular);

    /// <summary>Where the pair lies that is in use now: another layout may have named its files otherwise.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="place">Where a pair of the manifest's layout lies.</param>
    public static IReadOnlyList<string> Present(HostObservation observed, CertificatePlace place)
    {
        string[] own = [place.Files.Key, place.Files.Chain];
        return place.Former.Count > 0 && KeyedPair.Find(own.Distinct().Select(f => observed.File(f).Text)) is null
            ? place.Former
            : own;
    }

    /// <summary>The change that keeps the present pair, or null when it is not to be kept or could not be served again.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="path">Where it is kept.</param>
    /// <param name="files">Where the present pair lies.</param>
    /// <param name="keep">For how long; zero keeps none.</param>
    /// <param name="now">The planner's clock.</param>
    public static Change? Keep(HostObservation observed, string path, IEnumerable<string> files, TimeSpan keep, DateTimeOffset now)
    {
        var present = files.Distinct().Where(f => observed.File(f).Kind == FileKind.Regular).ToList();
        if (keep == TimeSpan.Zero || KeyedPair.Find(present.Select(f => observed.File(f).Text)) is not { } pair || !pair.IsValidAt(now))
        {
            return null;
        }

        var there = observed.File(path);
        return new Change(
            "file",
            path,
            there.Kind == FileKind.Absent ? ChangeAction.Create : ChangeAction.Replace,
            "mailtls rollback may need the pair that is replaced",
            [
                new("sha256 of certificate", KeyedPair.Find(there.Text)?.Leaf.Fingerprint, pair.Leaf.Fingerprint),
                new("not after", null, AttributeChange.Time(pair.Leaf.NotAfter)),
                new("kept for", null, Manifests.Durations.Format(keep)),
                new("mode", null, "0600 root:root"),
            ],
            null,
            [])
        {
            Work = new KeepPair(path, present, there.Digest),
        };
    }
}
