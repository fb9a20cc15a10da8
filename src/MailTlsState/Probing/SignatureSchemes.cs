using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>Signature schemes by code point and name ("TLS SignatureScheme" registry; RFC 8446 section 4.2.3).</summary>
public static class SignatureSchemes
{
    private static readonly (int Code, string Name)[] Table =
    [
        (0x0403, "ecdsa_secp256r1_sha256"),
        (0x0503, "ecdsa_secp384r1_sha384"),
        (0x0603, "ecdsa_secp521r1_sha512"),
        (0x0807, "ed25519"),
        (0x0808, "ed448"),
        (0x0809, "rsa_pss_pss_sha256"),
        (0x080A, "rsa_pss_pss_sha384"),
        (0x080B, "rsa_pss_pss_sha512"),
        (0x0804, "rsa_pss_rsae_sha256"),
        (0x0805, "rsa_pss_rsae_sha384"),
        (0x0806, "rsa_pss_rsae_sha512"),
        (0x0401, "rsa_pkcs1_sha256"),
        (0x0501, "rsa_pkcs1_sha384"),
        (0x0601, "rsa_pkcs1_sha512"),
        (0x0303, "ecdsa_sha224"),
        (0x0301, "rsa_pkcs1_sha224"),
        (0x0203, "ecdsa_sha1"),
        (0x0201, "rsa_pkcs1_sha1"),
        (0x0101, "rsa_pkcs1_md5"),
    ];

    private static readonly Dictionary<int, string> Names = Table.ToDictionary(s => s.Code, s => s.Name);

    /// <summary>Every scheme that a mail server's key may sign with, SHA-1 and all.</summary>
    public static IReadOnlyList<int> All { get; } = [.. Table.Select(s => s.Code)];

    /// <summary>True for a scheme that keys of the family sign by; Edwards curves are used with the suites of ECDSA (RFC 8422 section 5.10).</summary>
    internal static bool IsOf(int code, KeyFamily family) => Name(code).StartsWith("rsa_", StringComparison.Ordinal) == (family == KeyFamily.Rsa);

    /// <summary>The registered name, or the code point in hex.</summary>
    public static string Name(int code) =>
        Names.TryGetValue(code, out var name) ? name : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{code:X4}");
}
