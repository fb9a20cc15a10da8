using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning.Review;

namespace MailTlsState.Planning.Init;

/// <summary>Which of the host's certificates a manifest keeps, and by which root clients trust them.</summary>
/// <param name="Leaves">The certificates that the manifest goes on from: none, one, or one of each kind of key.</param>
/// <param name="Kept">The pairs that another tool keeps and that stay; none where mailtls makes them.</param>
/// <param name="Root">The root on this host that the manifest has to name; null for the system's own, or where there is none.</param>
/// <param name="Findings">What the manifest cannot say.</param>
internal sealed record InitCertificates(IReadOnlyList<PemBlock> Leaves, IReadOnlyList<NamedPair> Kept, InitAuthority? Root, IReadOnlyList<Diagnostic> Findings)
{
    /// <summary>Chooses. Pure.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="host">The name that clients type.</param>
    /// <param name="roots">The system's roots, or null where they are not known.</param>
    public static InitCertificates Of(HostObservation observed, string host, IReadOnlyList<byte[]>? roots)
    {
        // A certificate that somebody vouches for, for this host, in files that can be named, under a root that is known; then the one that is served first.
        var found = Candidates(observed, roots)
            .OrderBy(c => c.Facts.IsSelfIssued).ThenBy(c => !Covers(c.Facts, host)).ThenBy(c => c.Pair is null).ThenBy(c => c.Finding is not null).ThenBy(c => c.Root is not null)
            .ThenBy(c => c.Facts.NotAfter < observed.At).ToList();
        if (found.Count == 0)
        {
            return new InitCertificates([], [], null, []);
        }

        var best = found[0];
        var second = found.Find(c => c.Facts is { IsSelfIssued: false, Family: { } family } && family != best.Facts.Family && Covers(c.Facts, host) && c.Pair is not null && c.Pair != best.Pair && c.Root?.Path == best.Root?.Path);
        Candidate[] chosen = second is null || best.Facts.IsSelfIssued ? [best] : [best, second];
        var authority = InitAuthority.Find(observed, best.Leaf, best.Leaf);
        var made = best.Facts.IsSelfIssued || authority?.Directory is not null;

        // Without its CA's key at hand it stays as it is, if it is of use: one without the host's name never is.
        var isKept = !made && best.Pair is not null && Covers(best.Facts, host);
        List<Diagnostic> findings = !made && !isKept && authority is null ? [InitDiagnostics.ForeignCertificate(best.Facts.Issuer)] : [];
        findings.AddRange(isKept ? chosen.Select(c => c.Finding).OfType<Diagnostic>() : []);
        findings.AddRange(Lost(observed, chosen, host));
        return new InitCertificates([.. chosen.Select(c => c.Leaf)], isKept ? [.. chosen.Select(c => c.Pair!)] : [], isKept ? best.Root : authority, findings);
    }

    /// <summary>A certificate of the host.</summary>
    /// <param name="Leaf">It.</param>
    /// <param name="Pair">Its files and its key's, or null where no server names them.</param>
    /// <param name="Root">The root on this host to which its file's chain leads; null for one of the system's.</param>
    /// <param name="Finding">Why its file's chain leads to none.</param>
    private sealed record Candidate(PemBlock Leaf, NamedPair? Pair, InitAuthority? Root, Diagnostic? Finding)
    {
        public CertificateFacts Facts => Leaf.Facts!;
    }

    // The served leaves first; where TLS is broken, or a renewed certificate was never loaded, the ones that the servers name.
    private static IEnumerable<Candidate> Candidates(HostObservation observed, IReadOnlyList<byte[]>? roots)
    {
        // A certificate from elsewhere is kept by whoever put it there: certbot, lego, a copy job, an administrator.
        var named = observed.Services.Values.OrderBy(s => s.Kind).SelectMany(s => PairFiles.Of(observed, s)).Distinct().Where(p => p.Certificate.StartsWith('/') && p.Key.StartsWith('/'))
            .Select(p => (Pair: p, Leaf: PairFiles.CertificatesIn(observed, p.Certificate).FirstOrDefault())).Where(p => p.Leaf is not null).ToList();
        foreach (var leaf in Served(observed).Select(s => s.Chain[0]).Concat(named.Select(n => n.Leaf!)).DistinctBy(l => l.Facts!.Fingerprint))
        {
            // One server may take the chain from the certificate's file, another one from elsewhere (smtpd_tls_CAfile): then it is in several.
            var pairs = named.Where(n => n.Leaf!.Facts!.Fingerprint == leaf.Facts!.Fingerprint).Select(n => n.Pair).ToList();
            foreach (var pair in pairs)
            {
                var (root, finding) = Trust(observed, leaf, pair, roots);
                yield return new Candidate(leaf, pair, root, finding);
            }

            if (pairs.Count == 0)
            {
                yield return new Candidate(leaf, null, null, null);
            }
        }
    }

    private static (InitAuthority? Root, Diagnostic? Finding) Trust(HostObservation observed, PemBlock leaf, NamedPair pair, IReadOnlyList<byte[]>? roots)
    {
        var inFile = PairFiles.CertificatesIn(observed, pair.Certificate).Skip(1).ToList();
        if (TrustAnchors.LooseEnd(leaf, inFile, roots ?? []) is not { } end)
        {
            return (null, null);
        }

        if (InitAuthority.Find(observed, end, leaf) is { } root)
        {
            return (root, null);
        }

        // What the servers send may have come from more than this file.
        var sent = Served(observed).Where(s => s.Chain[0].Facts!.Fingerprint == leaf.Facts!.Fingerprint).SelectMany(s => s.Chain.Skip(1));
        var last = TrustAnchors.LooseEnd(leaf, inFile.Concat(sent), roots ?? []);
        var known = last is null ? null : InitAuthority.Find(observed, last, leaf);
        if (last is null || known is not null)
        {
            return (known, InitFindings.ChainElsewhere(pair.Certificate, end.Facts!.Issuer));
        }

        return (null, roots is null ? null : InitFindings.RootUnknown(pair.Certificate, end.Facts!.Issuer));
    }

    // A host has one certificate of each kind of key in a manifest, for all addresses of both servers.
    private static IEnumerable<Diagnostic> Lost(HostObservation observed, IReadOnlyList<Candidate> chosen, string host) =>
        from served in Served(observed)
        let leaf = served.Chain[0].Facts!
        where !leaf.IsSelfIssued && !chosen.Any(c => c.Facts.Fingerprint == leaf.Fingerprint || (c.Facts.Family == leaf.Family && leaf.DnsNames.All(n => Covers(c.Facts, n))))
        group served by leaf.Fingerprint into one
        let leaf = one.First().Chain[0].Facts!
        select InitFindings.CertificateLost(Places(observed, one.Select(s => s.Endpoint)), leaf.ServerNames.Count > 0 ? leaf.ServerNames : [leaf.Subject], leaf.Key, leaf.Issuer, host);

    // An endpoint's addresses are of interest where they serve several certificates.
    private static IEnumerable<string> Places(HostObservation observed, IEnumerable<ServedEndpoint> serving) =>
        from endpoint in serving.GroupBy(s => s.Endpoint)
        let all = observed.Served.Count(s => s.Endpoint == endpoint.Key && s.Probe.Chain.Count > 0)
        select endpoint.Key.Name() + (endpoint.Count() == all ? "" : " on " + string.Join(" and ", endpoint.Select(e => e.Probe.Request.Address)));

    /// <summary>The chains that are served, as far as they can be read; what a server sends is its own affair.</summary>
    private static IEnumerable<(ServedEndpoint Endpoint, IReadOnlyList<PemBlock> Chain)> Served(HostObservation observed) =>
        from served in observed.Served.OrderBy(s => s.Service).ThenBy(s => s.Endpoint)
        let chain = served.Probe.Chain.Select(Block).ToList()
        where chain.Count > 0 && chain[0] is not null
        select (served, (IReadOnlyList<PemBlock>)[.. chain.OfType<PemBlock>()]);

    private static PemBlock? Block(string sent)
    {
        var der = Convert.FromBase64String(sent);
        return CertificateFacts.TryRead(der) is { } facts ? new PemBlock(PemFile.CertificateLabel, 1, der, facts, null, null) : null;
    }

    private static bool Covers(CertificateFacts facts, string name) => facts.DnsNames.Any(n => HostNames.Covers(n.ToLowerInvariant(), name));
}
