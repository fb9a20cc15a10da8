using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates.Import;

/// <summary>Chooses, out of whatever was imported, the leaf for a key of this host and its chain. Pure.</summary>
/// <param name="demand">What it has to be like.</param>
internal sealed class ChainChoice(ChainDemand demand)
{
    private const int KeyCertSign = 5;

    private readonly List<Diagnostic> _diagnostics = [];
    private readonly List<string> _dropped = [];

    /// <summary>Chooses. Null when there is no leaf for any of the keys; the diagnostics say why.</summary>
    /// <param name="imported">Every certificate of every file.</param>
    /// <param name="diagnostics">Everything that is to be said.</param>
    public ImportedChain? Choose(IReadOnlyList<VendorCertificate> imported, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var links = ChainLink.ReadAll(imported.Select(c => c.Der));
        diagnostics = _diagnostics;
        var fitting = links.Where(l => demand.Keys.Contains("sha256:" + l.Facts.PublicKeyFingerprint)).ToList();

        // The newest that is valid: a bundle may hold last year's certificate for the same key as well.
        var leaf = fitting.OrderByDescending(l => !l.Facts.IsAuthority).ThenByDescending(l => IsValid(l.Facts)).ThenByDescending(l => l.Facts.NotBefore).ThenByDescending(l => l.Facts.NotAfter).FirstOrDefault();
        if (leaf is null)
        {
            _diagnostics.Add(NoLeaf(links));
            return null;
        }

        JudgeLeaf(leaf, imported.Single(c => c.Facts.Fingerprint == leaf.Facts.Fingerprint).Der);
        var chain = Build(leaf, links);
        Drop(leaf, chain, links);
        var der = imported.Select(c => c.Der).Concat(demand.Known).DistinctBy(CertificateFacts.Sha256Of).ToDictionary(CertificateFacts.Sha256Of);
        var result = new ImportedChain(der[leaf.Facts.Fingerprint], leaf.Facts, [.. chain.Select(l => der[l.Facts.Fingerprint])], _diagnostics);
        return result;
    }

    /// <summary>The wanted names that are not among those of a certificate, nor covered by a wildcard there.</summary>
    public static IReadOnlyList<string> Lacking(IReadOnlyList<string> found, IReadOnlyList<string> wanted) =>
        [.. wanted.Where(n => !found.Any(d => d == n || (!n.StartsWith("*.", StringComparison.Ordinal) && HostNames.Covers(d, n))))];

    private bool IsValid(CertificateFacts facts) => facts.NotBefore <= demand.Now && demand.Now <= facts.NotAfter;

    private Diagnostic NoLeaf(List<ChainLink> links)
    {
        var wanted = demand.Keys.Count switch
        {
            0 => "host has no key yet",
            1 => $"key is {Short(demand.Keys.First())}",
            _ => $"keys are {string.Join(", ", demand.Keys.Select(Short))}",
        };
        wanted = wanted.StartsWith("host ", StringComparison.Ordinal) ? "key is yet to be made" : wanted;
        var leaves = links.Where(l => !l.Facts.IsAuthority).Take(5).ToList();
        return leaves.Count == 0
            ? ImportDiagnostics.NoCertificate(wanted)
            : ImportDiagnostics.NoCertificateForKey(string.Join("; ", leaves.Select(l => $"the certificate {Show(l.Facts)} has the key {Short(l.Facts.PublicKeyFingerprint)}")), wanted);
    }

    private void JudgeLeaf(ChainLink leaf, byte[] der)
    {
        var facts = leaf.Facts;
        if (demand.Kinds.Count > 0 && !demand.Kinds.Contains(facts.Key))
        {
            _diagnostics.Add(ImportDiagnostics.OtherKeyKind(facts.Key, string.Join(", ", demand.Kinds)));
        }

        var lacking = Lacking(facts.ServerNames, demand.Names);
        if (lacking.Count > 0)
        {
            _diagnostics.Add(ImportDiagnostics.NamesLacking(facts.ServerNames, lacking));
        }

        JudgeDates(facts);
        _diagnostics.AddRange(LeafProfile.Unfit(der, facts).Select(ImportDiagnostics.IsUnfit));
        if (LeafProfile.LacksPurpose(der))
        {
            _diagnostics.Add(CertificateDiagnostics.NoPurpose($"the certificate {Show(facts)}"));
        }

        if (LeafProfile.IsSignedOldly(facts))
        {
            _diagnostics.Add(ImportDiagnostics.SignatureIsOld(Show(facts), facts.SignatureAlgorithm));
        }
    }

    private void JudgeDates(CertificateFacts facts)
    {
        if (demand.Now > facts.NotAfter)
        {
            _diagnostics.Add(ImportDiagnostics.HasExpired(Show(facts), facts.NotAfter));
        }
        else if (demand.Now < facts.NotBefore)
        {
            _diagnostics.Add(ImportDiagnostics.IsNotYetValid(Show(facts), facts.NotBefore));
        }
    }

    /// <summary>The intermediates, the leaf's issuer first.</summary>
    private List<ChainLink> Build(ChainLink leaf, List<ChainLink> imported)
    {
        // A certificate of a CA alone may stand between, and only while it is valid: clients stop at an expired one.
        var known = ChainLink.ReadAll(demand.Known).Where(k => imported.TrueForAll(i => i.Facts.Fingerprint != k.Facts.Fingerprint));
        var authorities = imported.Where(l => l != leaf).Concat(known).Where(l => l.Facts.IsAuthority && l.MayUseKeyFor(KeyCertSign)).ToList();
        var usable = authorities.Where(l => IsValid(l.Facts) && l.MayBeServer && (l.Facts.IsSelfIssued || !LeafProfile.IsSignedOldly(l.Facts))).ToList();
        var anchors = ChainLink.ReadAll(demand.Anchors, -1);
        var path = ChainPath.Find(leaf, usable, anchors, demand.Now);
        var chain = path.Links.Skip(1).Where(l => l.Position >= 0).ToList();
        if (path.Trusted)
        {
            // An anchor that was imported as well ends the path by itself.
            return [.. chain.Where(l => !anchors.Exists(a => a.Facts.Fingerprint == l.Facts.Fingerprint))];
        }

        var last = path.Links[^1].Facts;
        if (last.IsSelfIssued)
        {
            _diagnostics.Add(ImportDiagnostics.RootNotTrusted(Show(last), demand.Trust));
            return [.. chain.Where(l => l.Facts != last)];
        }

        _diagnostics.Add(ImportDiagnostics.IntermediateMissing(last.Issuer, last.AuthorityKeyId, last.IssuerAddresses, Besides(path, authorities)));
        return chain;
    }

    private string? Besides(ChainPath path, List<ChainLink> authorities)
    {
        var last = path.Links[^1];
        if (path.Impostor is not null)
        {
            return "a certificate with this name was found, but its key did not sign";
        }

        return authorities.Find(a => a.IsNamedIssuerOf(last) && path.Links.All(l => l.Facts.Fingerprint != a.Facts.Fingerprint)) is not { } unusable ? null
            : !IsValid(unusable.Facts) ? $"the one that was imported is valid from {CertificateDiagnostics.Day(unusable.Facts.NotBefore)} to {CertificateDiagnostics.Day(unusable.Facts.NotAfter)}"
            : !unusable.MayBeServer ? "the one that was imported is not for servers (its extendedKeyUsage lacks serverAuth), and clients refuse it"
            : $"the one that was imported is signed by {unusable.Facts.SignatureAlgorithm}, which clients refuse";
    }

    // The leaf's like are named too: an administrator who sent two certificates wants to know which one counts.
    private void Drop(ChainLink leaf, List<ChainLink> chain, List<ChainLink> imported)
    {
        foreach (var link in imported.Where(l => l != leaf && !chain.Contains(l)))
        {
            _dropped.Add($"{Show(link.Facts)}, {Why(link, leaf)}");
        }

        if (_dropped.Count > 0)
        {
            const int shown = 10;
            _diagnostics.Add(ImportDiagnostics.NotUsed(_dropped.Count <= shown ? _dropped : [.. _dropped.Take(shown), $"and {_dropped.Count - shown} more"]));
        }
    }

    private string Why(ChainLink link, ChainLink leaf) => link.Facts switch
    {
        var f when demand.Now > f.NotAfter => $"expired on {CertificateDiagnostics.Day(f.NotAfter)}",
        var f when demand.Now < f.NotBefore => $"not valid before {CertificateDiagnostics.Day(f.NotBefore)}",
        { IsSelfIssued: true, IsAuthority: true } => "a root, which clients have or do not trust",
        var f when f.PublicKeyFingerprint == leaf.Facts.PublicKeyFingerprint => "an older certificate of the same key",
        { IsAuthority: false } => "for another key",
        _ when !link.MayBeServer => "not for servers by its extendedKeyUsage",
        var f when LeafProfile.IsSignedOldly(f) => $"signed by {f.SignatureAlgorithm}",
        _ => "not needed in this chain",
    };

    private static string Show(CertificateFacts facts) => ManifestDiagnostics.Quote(facts.Subject.Length > 0 ? facts.Subject : facts.DnsNames.FirstOrDefault() ?? facts.SerialNumber);

    private static string Short(string digest)
    {
        var hex = digest.StartsWith("sha256:", StringComparison.Ordinal) ? digest[7..] : digest;
        return $"sha256:{hex[..16]}…";
    }
}
