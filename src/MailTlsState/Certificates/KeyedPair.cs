using System.Security.Cryptography;
using System.Text;
using MailTlsState.Hosts;

namespace MailTlsState.Certificates;

/// <summary>What a file holds of a key and its certificate.</summary>
public enum PairPart
{
    /// <summary>Key, leaf and chain.</summary>
    Bundle,

    /// <summary>The key alone.</summary>
    Key,

    /// <summary>Leaf and chain.</summary>
    Chain,
}

/// <summary>A certificate and the private key that belongs to it, found in one file or in two. Holds no private byte.</summary>
/// <param name="Leaf">What the certificate says.</param>
/// <param name="Fingerprint"><c>sha256:</c> and hex of the leaf's DER.</param>
/// <param name="PublicKeyDigest"><c>sha256:</c> and hex of the public key.</param>
/// <param name="Chain">Leaf and further certificates, DER.</param>
public sealed record KeyedPair(CertificateFacts Leaf, string Fingerprint, string PublicKeyDigest, IReadOnlyList<byte[]> Chain)
{
    /// <summary>The first certificate whose key is there as well, or null. Texts may be redacted or not; a null one is left out.</summary>
    public static KeyedPair? Find(params IEnumerable<string?> texts)
    {
        var files = texts.OfType<string>().Distinct().Select(PemFile.Parse).ToList();
        var keys = files.SelectMany(f => f.Keys).Select(k => k.Key!.PublicKeyDigest!).ToHashSet(StringComparer.Ordinal);
        var certificates = files.SelectMany(f => f.Certificates).ToList();
        return certificates.Find(c => keys.Contains("sha256:" + c.Facts!.PublicKeyFingerprint)) is { } leaf
            ? new KeyedPair(
                leaf.Facts!,
                Digests.Sha256(leaf.Der!),
                "sha256:" + leaf.Facts!.PublicKeyFingerprint,
                [leaf.Der!, .. certificates.Where(c => !ReferenceEquals(c, leaf)).Select(c => c.Der!)])
            : null;
    }

    /// <summary>True while the certificate can be served.</summary>
    public bool IsValidAt(DateTimeOffset now) => now >= Leaf.NotBefore && now <= Leaf.NotAfter;

    /// <summary>The bytes of one file of the pair. The caller overwrites them after use.</summary>
    /// <param name="part">What the file holds.</param>
    /// <param name="raw">Files that hold the pair between them, as they are on disk.</param>
    public byte[] Write(PairPart part, params IEnumerable<byte[]> raw)
    {
        byte[] chain = [.. Chain.SelectMany(BundleWriter.Certificate)];
        if (part == PairPart.Chain)
        {
            return chain;
        }

        var all = raw.SelectMany(r => r).ToArray();
        try
        {
            using var key = KeyPair.Import(all, PublicKeyDigest);
            var pem = key.ExportPem();
            if (part == PairPart.Key)
            {
                return pem;
            }

            byte[] bundle = [.. pem, .. chain];
            CryptographicOperations.ZeroMemory(pem);
            return bundle;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(all);
        }
    }

    /// <summary>As <see cref="Find(IEnumerable{string})"/>, in files as they are on disk.</summary>
    internal static KeyedPair? FindIn(params IEnumerable<byte[]> raw) => Find(raw.Select(Encoding.Latin1.GetString));
}
