namespace MailTlsState.Probing;

/// <summary>Groups for key exchange by code point and name ("TLS Supported Groups" registry).</summary>
public static class NamedGroups
{
    private static readonly (int Code, string Name)[] Table =
    [
        (0x11EC, "X25519MLKEM768"),
        (0x11EB, "SecP256r1MLKEM768"),
        (0x11ED, "SecP384r1MLKEM1024"),
        (0x1D, "x25519"),
        (0x17, "secp256r1"),
        (0x1E, "x448"),
        (0x18, "secp384r1"),
        (0x19, "secp521r1"),
        (0x1F, "brainpoolP256r1tls13"),
        (0x20, "brainpoolP384r1tls13"),
        (0x21, "brainpoolP512r1tls13"),
        (0x1A, "brainpoolP256r1"),
        (0x1B, "brainpoolP384r1"),
        (0x1C, "brainpoolP512r1"),
        (0x100, "ffdhe2048"),
        (0x101, "ffdhe3072"),
        (0x102, "ffdhe4096"),
        (0x103, "ffdhe6144"),
        (0x104, "ffdhe8192"),
        (0x16, "secp256k1"),
        (0x15, "secp224r1"),
        (0x14, "secp224k1"),
        (0x13, "secp192r1"),
        (0x12, "secp192k1"),
        (0x11, "secp160r2"),
        (0x10, "secp160r1"),
        (0x0F, "secp160k1"),
        (0x0E, "sect571r1"),
        (0x0D, "sect571k1"),
        (0x0C, "sect409r1"),
        (0x0B, "sect409k1"),
        (0x0A, "sect283r1"),
        (0x09, "sect283k1"),
        (0x08, "sect239k1"),
        (0x07, "sect233r1"),
        (0x06, "sect233k1"),
        (0x05, "sect193r2"),
        (0x04, "sect193r1"),
        (0x03, "sect163r2"),
        (0x02, "sect163r1"),
        (0x01, "sect163k1"),
    ];

    private static readonly Dictionary<int, string> Names = Table.ToDictionary(g => g.Code, g => g.Name);

    /// <summary>All of them, the strongest first.</summary>
    public static IReadOnlyList<int> All { get; } = [.. Table.Select(g => g.Code)];

    /// <summary>The registered name, or the code point in hex.</summary>
    public static string Name(int code) =>
        Names.TryGetValue(code, out var name) ? name : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{code:X4}");
}
