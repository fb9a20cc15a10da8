namespace MailTlsState.Policies;

/// <summary>Names of groups for key exchange: IANA's registry (TLS Supported Groups) and OpenSSL's spelling.</summary>
public static class GroupNames
{
    /// <summary>All known pairs.</summary>
    public static IReadOnlyList<(string Iana, string OpenSsl)> All { get; } =
    [
        ("X25519MLKEM768", "X25519MLKEM768"),
        ("SecP256r1MLKEM768", "SecP256r1MLKEM768"),
        ("SecP384r1MLKEM1024", "SecP384r1MLKEM1024"),
        ("x25519", "X25519"),
        ("x448", "X448"),
        ("secp256r1", "prime256v1"),
        ("secp384r1", "secp384r1"),
        ("secp521r1", "secp521r1"),
        ("brainpoolP256r1", "brainpoolP256r1"),
        ("brainpoolP384r1", "brainpoolP384r1"),
        ("brainpoolP512r1", "brainpoolP512r1"),
        ("ffdhe2048", "ffdhe2048"),
        ("ffdhe3072", "ffdhe3072"),
        ("ffdhe4096", "ffdhe4096"),
        ("ffdhe6144", "ffdhe6144"),
        ("ffdhe8192", "ffdhe8192"),
    ];

    // FFDHE needs OpenSSL 3 and Brainpool is missing from Red Hat's: one unknown name makes OpenSSL refuse the whole list.
    private static readonly string[] Everywhere = ["X25519", "X448", "prime256v1", "secp384r1", "secp521r1"];

    /// <summary>OpenSSL's name of a group by either name, or null.</summary>
    public static string? ToOpenSsl(string name) => All.FirstOrDefault(pair => pair.Iana == name || pair.OpenSsl == name).OpenSsl;

    /// <summary>True for a hybrid of a curve and ML-KEM, which OpenSSL knows from 3.5 on.</summary>
    public static bool IsPostQuantum(string openSsl) => openSsl.Contains("MLKEM", StringComparison.Ordinal);

    /// <summary>True for a finite-field group (RFC 7919), which OpenSSL knows from 3.0 on.</summary>
    public static bool IsFiniteField(string openSsl) => openSsl.StartsWith("ffdhe", StringComparison.Ordinal);

    /// <summary>
    /// The groups of <paramref name="groups"/> that every OpenSSL behind a daemon knows, in their order; with
    /// <paramref name="postQuantum"/> the hybrids too. Offering less than a policy allows keeps the policy.
    /// </summary>
    public static IReadOnlyList<string> Portable(IReadOnlyList<string> groups, bool postQuantum) =>
        [.. groups.Where(g => Everywhere.Contains(g) || (postQuantum && IsPostQuantum(g)))];
}
