using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Purchased;

/// <summary>Chooses the certificates that go into place out of imported files. Pure.</summary>
/// <param name="request">What is planned from.</param>
/// <param name="pairs">What is on the host.</param>
internal sealed class PurchasedImport(CertificatePlanRequest request, IReadOnlyList<PurchasedPair> pairs)
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly IReadOnlyList<VendorFile> _files = request.Imported!;

    /// <summary>What was found; errors refuse the import.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    private TrustManifest Trust => ((PurchasedManifest)request.Manifest.Certificate.Issuer).Trust;

    /// <summary>The chain and key for each pair that one was imported for.</summary>
    public IReadOnlyDictionary<PurchasedPair, (ImportedChain Chain, HostKey Key)> Choose()
    {
        var chosen = new Dictionary<PurchasedPair, (ImportedChain, HostKey)>();
        _diagnostics.AddRange(_files.SelectMany(f => f.Problems.Select(p => ImportDiagnostics.PartDamaged(f.Name, p))));
        if (TrustAnchors.Of(request.Manifest, request.Observed) is not { } anchors)
        {
            _diagnostics.Add(ImportDiagnostics.NoRoots(string.Join(" nor ", TrustAnchors.Files(Trust))));
            return chosen;
        }

        var certificates = _files.SelectMany(f => f.Certificates).DistinctBy(c => c.Facts.Fingerprint).ToList();
        var own = _files.SelectMany(f => f.Keys).Select(k => new HostKey(k.PublicKeyDigest, k.KindText, null, k)).ToList();
        var keys = pairs.ToDictionary(p => p, p => p.Keys.Concat(own.Where(k => k.Kind == KeyKinds.Text(p.Kind))).DistinctBy(k => k.Digest).ToList());
        foreach (var pair in pairs)
        {
            // The other kind's certificate is none that is left out.
            var others = keys.Where(k => k.Key != pair).SelectMany(k => k.Value).Select(k => k.Digest).ToHashSet(StringComparer.Ordinal);
            var mine = certificates.Where(c => !others.Contains("sha256:" + c.Facts.PublicKeyFingerprint)).ToList();
            if (new ChainChoice(Demand(anchors, keys[pair], pair, certificates)).Choose(mine, out var said) is { } chain)
            {
                _diagnostics.AddRange(said);
                chosen[pair] = (chain, keys[pair].Find(k => k.Digest == "sha256:" + chain.Facts.PublicKeyFingerprint)!);
            }
        }

        if (chosen.Count == 0)
        {
            // With the keys of other kinds too, so that a wrong kind is called that.
            _ = new ChainChoice(Demand(anchors, [.. keys.Values.SelectMany(k => k).Concat(own).DistinctBy(k => k.Digest)], null, certificates)).Choose(certificates, out var said);
            _diagnostics.AddRange(said);
        }

        return chosen;
    }

    private ChainDemand Demand(IReadOnlyList<byte[]> anchors, IReadOnlyList<HostKey> keys, PurchasedPair? pair, IReadOnlyList<VendorCertificate> certificates)
    {
        var known = pairs.SelectMany(p => p.Chain).ToList();
        return new ChainDemand(
            request.Manifest.Certificate.Names,
            [.. keys.Select(k => k.Digest)],
            [.. (pair is null ? request.Manifest.Certificate.Keys : [pair.Kind]).Select(KeyKinds.Text)],
            TrustAnchors.Candidates(anchors, [.. certificates.Select(c => c.Der), .. known]),
            Trust.File ?? "the system",
            known,
            request.Now);
    }
}
