using MailTlsState.Planning;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>What shows that clients of the host trust a root. Pure.</summary>
/// <param name="Issuer">The name of the leaf's issuer.</param>
/// <param name="Leaf">The leaf, DER; null where only its issuer's name is known.</param>
internal sealed record TrustWitness(string Issuer, byte[]? Leaf)
{
    /// <summary>Leaves where the manifest has its certificates.</summary>
    public static IEnumerable<TrustWitness> OnDisk(HostObservation observed) =>
        Leaves(observed.Certificates.SelectMany(p => p.Former.Prepend(p.Files.Chain)).Distinct().Select(f => observed.File(f).Text));

    /// <summary>Leaves elsewhere: what is served, what the daemons' settings name, and what earlier runs left in service. The first kind that there is counts.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="own">The name of the manifest's own root.</param>
    public static IReadOnlyList<TrustWitness> Elsewhere(HostObservation observed, string own)
    {
        var served = observed.Served.Where(s => s.Probe.Chain.Count > 0).Select(s => Convert.FromBase64String(s.Probe.Chain[0])).Select(Of).OfType<TrustWitness>();
        var named = Leaves(observed.NamedCertificates.Select(f => observed.Resolve(f).Text));
        var kinds = new[] { served.Where(Counts), named.Where(Counts), observed.FormerIssuers.Select(i => new TrustWitness(i, null)) };
        return [.. kinds.Select(k => k.ToList()).FirstOrDefault(k => k.Count > 0) ?? []];

        bool Counts(TrustWitness witness) => witness.Issuer == own || IsAccepted(witness.Leaf!);
    }

    private static IEnumerable<TrustWitness> Leaves(IEnumerable<string?> texts) =>
        texts.OfType<string>().SelectMany(t => PemFile.Parse(t).Certificates).Select(c => Of(c.Der!)).OfType<TrustWitness>();

    // A self-signed certificate is trusted by nobody who did not look at it.
    private static TrustWitness? Of(byte[] der) => CertificateFacts.TryRead(der) is { IsAuthority: false, IsSelfIssued: false } leaf ? new TrustWitness(leaf.Issuer, der) : null;

    // Clients do not look at the subject any more, so a leaf as the article's openssl makes it, without a SAN, is refused whatever they trust.
    private static bool IsAccepted(byte[] leaf) => CertificateFacts.Read(leaf).ServerNames.Count > 0;
}
