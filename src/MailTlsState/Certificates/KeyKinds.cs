using System.Security.Cryptography;
using MailTlsState.Manifests;
using MailTlsState.Policies;

namespace MailTlsState.Certificates;

/// <summary>Names and properties of the kinds of key.</summary>
public static class KeyKinds
{
    /// <summary>Every kind, in the order of the manifest's schema.</summary>
    public static IReadOnlyList<KeyKind> All { get; } =
        [KeyKind.Rsa2048, KeyKind.Rsa3072, KeyKind.Rsa4096, KeyKind.EcdsaP256, KeyKind.EcdsaP384];

    /// <summary>The manifest's word: <c>ecdsa-p256</c>.</summary>
    public static string Text(KeyKind kind) => kind switch
    {
        KeyKind.Rsa2048 => "rsa-2048",
        KeyKind.Rsa3072 => "rsa-3072",
        KeyKind.Rsa4096 => "rsa-4096",
        KeyKind.EcdsaP256 => "ecdsa-p256",
        KeyKind.EcdsaP384 => "ecdsa-p384",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The kind that the manifest's word means, or null for any other word.</summary>
    public static KeyKind? Parse(string text)
    {
        foreach (var kind in All)
        {
            if (Text(kind) == text)
            {
                return kind;
            }
        }

        return null;
    }

    /// <summary>The kind's algorithm.</summary>
    public static KeyFamily Family(KeyKind kind) =>
        kind is KeyKind.EcdsaP256 or KeyKind.EcdsaP384 ? KeyFamily.Ecdsa : KeyFamily.Rsa;

    /// <summary>The hash in a signature by this kind of key, as policies name it: <c>sha256</c>, or <c>sha384</c> for P-384.</summary>
    public static string SignatureHash(KeyKind kind) => kind == KeyKind.EcdsaP384 ? "sha384" : "sha256";

    /// <summary>The algorithm as it stands in file names: <c>rsa</c> or <c>ecdsa</c>.</summary>
    public static string Text(KeyFamily family) => family == KeyFamily.Rsa ? "rsa" : "ecdsa";

    /// <summary>
    /// A key's kind in the manifest's manner, also for kinds that no manifest may ask for (<c>rsa-1024</c>, <c>ecdsa-p521</c>).
    /// </summary>
    internal static string Describe(AsymmetricAlgorithm key) => key switch
    {
        RSA => $"rsa-{key.KeySize}",
        ECDsa ec => "ecdsa-" + Curve(ec.ExportParameters(false).Curve),
        _ => "unknown",
    };

    private static string Curve(ECCurve curve) => curve.Oid?.Value switch
    {
        "1.2.840.10045.3.1.7" => "p256",
        "1.3.132.0.34" => "p384",
        "1.3.132.0.35" => "p521",
        { } oid => oid,
        null => "explicit",
    };
}
