namespace MailTlsState.Policies;

/// <summary>The algorithm of a server's key: a daemon takes at most one certificate of each.</summary>
public enum KeyFamily
{
    /// <summary>RSA (RFC 8017).</summary>
    Rsa,

    /// <summary>ECDSA (FIPS 186-5).</summary>
    Ecdsa,
}
