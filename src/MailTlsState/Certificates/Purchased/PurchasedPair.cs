using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Purchased;

/// <summary>What is on the host for one of the manifest's key kinds.</summary>
/// <param name="Kind">The key kind.</param>
/// <param name="Place">Where its files lie.</param>
/// <param name="State">What lies there, judged.</param>
/// <param name="Running">The key that lies there, if it is of the kind.</param>
/// <param name="Next">The key that was made for a certificate yet to come.</param>
/// <param name="Former">The key of the pair that is kept, perhaps since a roll-back took its certificate out of use.</param>
/// <param name="Chain">The certificates that lie there, DER.</param>
internal sealed record PurchasedPair(KeyKind Kind, CertificatePlace Place, CertificateState State, HostKey? Running, HostKey? Next, HostKey? Former, IReadOnlyList<byte[]> Chain)
{
    /// <summary>True when there is a certificate with its key, whatever else is to be said of it: it can be served.</summary>
    public bool Servable => State.Leaf is { } leaf && State.PublicKeyDigest == "sha256:" + leaf.PublicKeyFingerprint;

    /// <summary>The keys that a certificate for this kind may be for.</summary>
    public IEnumerable<HostKey> Keys => new[] { Running, Next, Former }.OfType<HostKey>();

    /// <summary>Reads the observation.</summary>
    public static PurchasedPair Of(Manifest manifest, HostObservation observed, KeyKind kind, CertificatePlace place, CertificateState state) => new(
        kind,
        place,
        state,
        Find(observed.File(place.Files.Key), kind, state.PublicKeyDigest),
        Find(observed.File(CertificatePaths.NextKey(manifest, kind)), kind, null),
        Find(observed.File(CertificatePaths.Previous(manifest, kind)), kind, null),
        Certificates(observed.File(place.Files.Chain)));

    /// <summary>The certificates of a file, DER.</summary>
    public static IReadOnlyList<byte[]> Certificates(FileObservation file) => file.Text is null ? [] : [.. PemFile.Parse(file.Text).Certificates.Select(c => c.Der!)];

    private static HostKey? Find(FileObservation file, KeyKind kind, string? digest) =>
        file.Text is not null && PemFile.Parse(file.Text).Keys.FirstOrDefault(k => k.Key!.Kind == KeyKinds.Text(kind) && (digest is null || k.Key.PublicKeyDigest == digest))?.Key is { } key
            ? new HostKey(key.PublicKeyDigest!, key.Kind!, file.Path, null)
            : null;
}
