namespace MailTlsState.Policies;

/// <summary>What is to be said of a cipher suite by its IANA name.</summary>
public static class SuiteRules
{
    // RFC 9325 section 4.1: no encryption, export strength, RC4, less than 112 bits; RFC 8429 and RFC 9325 section 4.2.1 for 3DES.
    private static readonly string[] Broken = ["_NULL_", "_EXPORT", "_RC4_", "_RC2_", "_DES_", "_DES40_", "_3DES_", "_IDEA_", "_anon_"];

    // What OpenSSL does not count as HIGH (ciphers(1)), beside what is broken.
    private static readonly string[] NotHigh = ["_SEED_", "GOST"];

    /// <summary>True for a suite that no client needs any more and that gives no protection worth the name.</summary>
    public static bool IsBroken(string iana) => Broken.Any(part => iana.Contains(part, StringComparison.Ordinal)) || iana.EndsWith("_MD5", StringComparison.Ordinal);

    /// <summary>True for a sound suite of TLS 1.2 or older without forward secrecy or with CBC (RFC 9325 section 4.2).</summary>
    public static bool IsLegacy(string iana) => iana.StartsWith("TLS_RSA_", StringComparison.Ordinal) || iana.Contains("_CBC_", StringComparison.Ordinal);

    /// <summary>True when <paramref name="policy"/> allows the suite.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="iana">IANA name of the suite.</param>
    /// <param name="isTls13">True for a suite of TLS 1.3.</param>
    public static bool Allows(this TlsPolicy policy, string iana, bool isTls13)
    {
        if (isTls13)
        {
            // What a policy leaves to the library is allowed, as long as the library's own default has it.
            return policy.Tls13Suites?.Contains(iana) ?? true;
        }

        var openSsl = SuiteNames.All.FirstOrDefault(s => s.Iana == iana).OpenSsl;
        return policy.Grade is null
            ? openSsl is not null && policy.Suites?.Contains(openSsl) == true
            : !IsBroken(iana) && !NotHigh.Any(part => iana.Contains(part, StringComparison.Ordinal)) && (openSsl is null || !policy.Excluded.Contains(openSsl));
    }
}
