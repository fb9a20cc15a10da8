using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>
/// Cipher suites by their IANA code points and names ("TLS Cipher Suites" registry): those that mail servers have been
/// seen to accept since TLS 1.0, without PSK, SRP and Kerberos, which need secrets that no certificate stands for.
/// </summary>
public static class CipherSuites
{
    private static readonly (int Code, string Name)[] Table =
    [
        (0x1301, "TLS_AES_128_GCM_SHA256"),
        (0x1302, "TLS_AES_256_GCM_SHA384"),
        (0x1304, "TLS_AES_128_CCM_SHA256"),
        (0x1305, "TLS_AES_128_CCM_8_SHA256"),
        (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
        (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
        (0xC05C, "TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256"),
        (0xC05D, "TLS_ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384"),
        (0xC060, "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256"),
        (0xC061, "TLS_ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"),
        (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        (0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
        (0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
        (0x00A2, "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256"),
        (0x00A3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"),
        (0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM"),
        (0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM"),
        (0xC0A2, "TLS_DHE_RSA_WITH_AES_128_CCM_8"),
        (0xC0A3, "TLS_DHE_RSA_WITH_AES_256_CCM_8"),
        (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
        (0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
        (0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
        (0xC0AF, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
        (0xC052, "TLS_DHE_RSA_WITH_ARIA_128_GCM_SHA256"),
        (0xC053, "TLS_DHE_RSA_WITH_ARIA_256_GCM_SHA384"),
        (0xC056, "TLS_DHE_DSS_WITH_ARIA_128_GCM_SHA256"),
        (0xC057, "TLS_DHE_DSS_WITH_ARIA_256_GCM_SHA384"),
        (0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
        (0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
        (0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
        (0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
        (0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
        (0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
        (0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
        (0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
        (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
        (0xC072, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256"),
        (0xC073, "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384"),
        (0xC076, "TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
        (0xC077, "TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384"),
        (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
        (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
        (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
        (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
        (0x0040, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA256"),
        (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
        (0x006A, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA256"),
        (0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
        (0x0044, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA"),
        (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
        (0x0087, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA"),
        (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"),
        (0x00BD, "TLS_DHE_DSS_WITH_CAMELLIA_128_CBC_SHA256"),
        (0x00BE, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
        (0x00C3, "TLS_DHE_DSS_WITH_CAMELLIA_256_CBC_SHA256"),
        (0x00C4, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256"),
        (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"),
        (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
        (0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
        (0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
        (0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
        (0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
        (0xC09C, "TLS_RSA_WITH_AES_128_CCM"),
        (0xC09D, "TLS_RSA_WITH_AES_256_CCM"),
        (0xC0A0, "TLS_RSA_WITH_AES_128_CCM_8"),
        (0xC0A1, "TLS_RSA_WITH_AES_256_CCM_8"),
        (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"),
        (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
        (0x00BA, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA256"),
        (0x00C0, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA256"),
        (0xC050, "TLS_RSA_WITH_ARIA_128_GCM_SHA256"),
        (0xC051, "TLS_RSA_WITH_ARIA_256_GCM_SHA384"),
        (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
        (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
        (0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"),
        (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
        (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
        (0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
        (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
        (0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"),
        (0x009A, "TLS_DHE_RSA_WITH_SEED_CBC_SHA"),
        (0xC007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
        (0xC008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
        (0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
        (0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
        (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
        (0x003A, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
        (0x006C, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"),
        (0x006D, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"),
        (0x00A6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"),
        (0x00A7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
        (0xC018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
        (0xC019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
        (0x0001, "TLS_RSA_WITH_NULL_MD5"),
        (0x0002, "TLS_RSA_WITH_NULL_SHA"),
        (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"),
        (0x001B, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
        (0x003B, "TLS_RSA_WITH_NULL_SHA256"),
        (0x0046, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA"),
        (0x0089, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA"),
        (0x009B, "TLS_DH_anon_WITH_SEED_CBC_SHA"),
        (0x00BF, "TLS_DH_anon_WITH_CAMELLIA_128_CBC_SHA256"),
        (0x00C5, "TLS_DH_anon_WITH_CAMELLIA_256_CBC_SHA256"),
        (0xC006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
        (0xC010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
        (0xC015, "TLS_ECDH_anon_WITH_NULL_SHA"),
        (0xC016, "TLS_ECDH_anon_WITH_RC4_128_SHA"),
        (0xC017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA"),
        (0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT"),
        (0xC100, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"),
        (0xC101, "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC"),
        (0xC102, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
        (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
        (0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"),
        (0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
        (0x0012, "TLS_DHE_DSS_WITH_DES_CBC_SHA"),
        (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
        (0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),
        (0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"),
        (0x0019, "TLS_DH_anon_EXPORT_WITH_DES40_CBC_SHA"),
        (0x001A, "TLS_DH_anon_WITH_DES_CBC_SHA"),
        (0x0062, "TLS_RSA_EXPORT1024_WITH_DES_CBC_SHA"),
        (0x0064, "TLS_RSA_EXPORT1024_WITH_RC4_56_SHA"),
    ];

    // Suites of TLS 1.3 have the first byte 0x13 (RFC 8446 appendix B.4).
    private const int Tls13Block = 0x13;

    private static readonly Dictionary<int, string> Names = Table.ToDictionary(s => s.Code, s => s.Name);

    /// <summary>All of them, the strongest first.</summary>
    public static IReadOnlyList<int> All { get; } = [.. Table.Select(s => s.Code)];

    /// <summary>Those that show a certificate and encrypt.</summary>
    internal static IReadOnlyList<int> Authenticated { get; } =
        [.. Table.Where(s => !s.Name.Contains("_anon_", StringComparison.Ordinal) && !s.Name.Contains("_NULL_", StringComparison.Ordinal) && !s.Name.Contains("_EXPORT", StringComparison.Ordinal)).Select(s => s.Code)];

    /// <summary>Those of TLS 1.3.</summary>
    internal static IReadOnlyList<int> Tls13 { get; } = [.. Table.Select(s => s.Code).Where(c => c >> 8 == Tls13Block)];

    /// <summary>True for a suite of TLS 1.2 or older whose key exchange is ephemeral and signed: over a curve, or over a finite field.</summary>
    internal static bool IsEphemeral(int code, bool overCurve) => Name(code) is var name
        && name.StartsWith(overCurve ? "TLS_ECDHE_" : "TLS_DHE_", StringComparison.Ordinal);

    /// <summary>True when a server with such a key can use the suite. TLS 1.3's suites say nothing of keys (RFC 8446 appendix B.4).</summary>
    internal static bool CanAuthenticate(int code, KeyFamily family)
    {
        var name = Name(code);
        return !name.Contains("_WITH_", StringComparison.Ordinal)
            || name.Contains(family == KeyFamily.Ecdsa ? "_ECDSA_WITH_" : "_RSA_WITH_", StringComparison.Ordinal)
            || (family == KeyFamily.Rsa && name.StartsWith("TLS_RSA_WITH_", StringComparison.Ordinal));
    }

    /// <summary>The IANA name, or the code point in hex when it is not in the list.</summary>
    public static string Name(int code) =>
        Names.TryGetValue(code, out var name) ? name : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{code:X4}");
}
