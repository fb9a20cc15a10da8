using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning.Review;

namespace MailTlsState.Planning.Init;

/// <summary>Which of the host's certificates a manifest keeps, and by which root clients trust it.</summary>
/// <param name="Leaf">The certificate that the manifest goes on from, or null.</param>
/// <param name="Kept">The pair that another tool keeps and that stays, or null.</param>
/// <param name="Root">The root on this host that the manifest has to name; null for the system's own, or where there is none.</param>
/// <param name="Findings">What the manifest cannot say.</param>
internal sealed record InitCertificates(PemBlock? Leaf, NamedPair? Kept, InitAuthority? Root, IReadOnlyList<Diagnostic> Findings)
{
    /// <summary>Chooses. Pure.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="host">The name that clients type.</param>
    /// <param name="roots">The system's roots, or null where they are not known.</param>
    public static InitCertificates Of(HostObservation observed, string host, IReadOnlyList<byte[]>? roots)
    {
        if (FirstLeaf(observed) is not { Facts: { } facts } leaf)
        {
            return new InitCertificates(null, null, null, []);
        }

        var authority = InitAuthority.Find(observed, leaf, leaf);
        if (facts.IsSelfIssued || authority?.Directory is not null)
        {
            return new InitCertificates(leaf, null, authority, []);
        }

        // Without its CA's key at hand it stays as it is, if it is of use: one without the host's name never is.
        var pairs = facts.DnsNames.Any(n => HostNames.Covers(n.ToLowerInvariant(), host)) ? PairsOf(observed, facts).ToList() : [];
        if (pairs.Count == 0)
        {
            return new InitCertificates(leaf, null, authority, authority is null ? [InitDiagnostics.ForeignCertificate(facts.Issuer)] : []);
        }

        // One server may take the chain from the certificate's file, another one from elsewhere (smtpd_tls_CAfile).
        var judged = pairs.Select(p => (Pair: p, Trust: Trust(observed, leaf, p, roots))).ToList();
        var (pair, trust) = judged.Find(j => j.Trust.Finding is null) is { Pair: not null } sound ? sound : judged[0];
        return new InitCertificates(leaf, pair, trust.Root, trust.Finding is { } finding ? [finding] : []);
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
        var sent = Served(observed).Where(c => c[0].Facts!.Fingerprint == leaf.Facts!.Fingerprint).SelectMany(c => c.Skip(1));
        var last = TrustAnchors.LooseEnd(leaf, inFile.Concat(sent), roots ?? []);
        var known = last is null ? null : InitAuthority.Find(observed, last, leaf);
        if (last is null || known is not null)
        {
            return (known, InitFindings.ChainElsewhere(pair.Certificate, end.Facts!.Issuer));
        }

        return (null, roots is null ? null : InitFindings.RootUnknown(pair.Certificate, end.Facts!.Issuer));
    }

    // The served leaf counts; where TLS is broken, the one that a server names.
    private static PemBlock? FirstLeaf(HostObservation observed) =>
        Served(observed).FirstOrDefault()?[0] ?? Pairs(observed).SelectMany(p => PairFiles.CertificatesIn(observed, p.Certificate)).FirstOrDefault();

    /// <summary>The chains that are served, as far as they can be read; what a server sends is its own affair.</summary>
    private static IEnumerable<IReadOnlyList<PemBlock>> Served(HostObservation observed) =>
        from served in observed.Served.OrderBy(s => s.Service).ThenBy(s => s.Endpoint)
        let chain = served.Probe.Chain.Select(Block).ToList()
        where chain.Count > 0 && chain[0] is not null
        select (IReadOnlyList<PemBlock>)[.. chain.OfType<PemBlock>()];

    private static PemBlock? Block(string sent)
    {
        var der = Convert.FromBase64String(sent);
        return CertificateFacts.TryRead(der) is { } facts ? new PemBlock(PemFile.CertificateLabel, 1, der, facts, null, null) : null;
    }

    // A certificate from elsewhere is kept by whoever put it there: certbot, lego, a copy job, an administrator.
    private static IEnumerable<NamedPair> PairsOf(HostObservation observed, CertificateFacts leaf) => Pairs(observed).Where(p =>
        p.Certificate.StartsWith('/') && p.Key.StartsWith('/') && PairFiles.CertificatesIn(observed, p.Certificate).FirstOrDefault()?.Facts?.Fingerprint == leaf.Fingerprint);

    private static IEnumerable<NamedPair> Pairs(HostObservation observed) =>
        observed.Services.Values.OrderBy(s => s.Kind).SelectMany(s => PairFiles.Of(observed, s)).Distinct();
}
