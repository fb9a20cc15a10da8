using System.Globalization;
using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning.Review;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Planning.Init;

/// <summary>The CA of a hand-made certificate, as far as it was found on the host.</summary>
/// <param name="Path">Its certificate's file.</param>
/// <param name="Subject">Parts of its name by the manifest's keys, in the manifest's order.</param>
/// <param name="Key">Its key's kind in the manifest's words, or null for another kind.</param>
/// <param name="Lifetime">Its lifetime as a duration of the manifest.</param>
/// <param name="Directory">The directory with its ca.key and ca.pem, where it can be used as it lies there; else null.</param>
internal sealed record InitAuthority(string Path, IReadOnlyList<(string Key, string Value)> Subject, string? Key, string Lifetime, string? Directory)
{
    /// <summary>The root that signed a certificate or is it, or null. An intermediate is none: it changes with a renewal, and clients do not trust it by itself.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="end">The certificate at which a server's chain ends.</param>
    /// <param name="leaf">The server's own certificate, at which that chain begins.</param>
    public static InitAuthority? Find(HostObservation observed, PemBlock end, PemBlock leaf)
    {
        // A file with the leaf in it would make that a root as well.
        var found = PairFiles.Roots(observed)
            .Where(r => r.Block.Facts!.Fingerprint != leaf.Facts!.Fingerprint && !TrustAnchors.System.Contains(r.Path) && !PairFiles.CertificatesIn(observed, r.Path).Any(c => c.Facts!.Fingerprint == leaf.Facts.Fingerprint))
            .Where(r => r.Block.Facts!.Fingerprint == end.Facts!.Fingerprint || (r.Block.Facts.Subject == end.Facts.Issuer && LeafProfile.IsSignedBy(end.Der!, r.Block.Der!)))
            .OrderByDescending(r => r.Path.EndsWith("/ca.pem", StringComparison.Ordinal)).ThenBy(r => r.Path, StringComparer.Ordinal).FirstOrDefault();
        if (found.Block is not { Facts: { } facts } block)
        {
            return null;
        }

        var directory = found.Path[..found.Path.LastIndexOf('/')];
        var key = observed.File(directory + "/ca.key");
        var usable = end == leaf && found.Path == directory + "/ca.pem" && facts.IsAuthority && key is { Kind: FileKind.Regular, Owner: 0 } && key.Text?.Contains("PRIVATE KEY-----", StringComparison.Ordinal) == true;
        return new InitAuthority(
            Named(observed, found.Path),
            Parts(X509CertificateStructure.GetInstance(block.Der!).Subject),
            Vocabularies.KeyKinds.TryParse(facts.Key, out _) ? facts.Key : null,
            ((int)Math.Round((facts.NotAfter - facts.NotBefore).TotalDays)).ToString(CultureInfo.InvariantCulture) + "d",
            usable ? directory : null);
    }

    /// <summary>The same CA where its files cannot be used in place.</summary>
    public InitAuthority WithoutDirectory() => this with { Directory = null };

    // certbot's live path stays when the file behind it is replaced.
    private static string Named(HostObservation observed, string path) =>
        observed.Files.Values.Where(f => f.Kind == FileKind.SymbolicLink && observed.Resolve(f.Path).Path == path).Select(f => f.Path).Order(StringComparer.Ordinal).FirstOrDefault() ?? path;

    private static List<(string, string)> Parts(X509Name name)
    {
        var parts = new List<(string, string)>();
        foreach (var (key, oid) in new[] { ("commonName", X509Name.CN), ("organization", X509Name.O), ("organizationalUnit", X509Name.OU), ("locality", X509Name.L), ("state", X509Name.ST), ("country", X509Name.C) })
        {
            if (name.GetValueList(oid) is { Count: > 0 } values && values[0] is { Length: > 0 } value)
            {
                parts.Add((key, value));
            }
        }

        return parts;
    }
}
