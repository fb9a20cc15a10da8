using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>A protocol version by its number on the wire (RFC 8446 section 4.1.2), SSL 3.0 (RFC 6101) with it: no policy allows it, a server may still.</summary>
public enum WireVersion
{
    /// <summary>SSL 3.0, forbidden by RFC 7568.</summary>
    Ssl30 = 0x0300,

    /// <summary>TLS 1.0.</summary>
    Tls10 = 0x0301,

    /// <summary>TLS 1.1.</summary>
    Tls11 = 0x0302,

    /// <summary>TLS 1.2.</summary>
    Tls12 = 0x0303,

    /// <summary>TLS 1.3.</summary>
    Tls13 = 0x0304,
}

/// <summary>Between the versions of policies and those on the wire.</summary>
public static class WireVersions
{
    /// <summary>The number of a version.</summary>
    public static WireVersion Wire(this TlsVersion version) => WireVersion.Tls10 + (int)version;

    /// <summary>The version of a number, or null for SSL 3.0.</summary>
    public static TlsVersion? Policy(this WireVersion version) => version == WireVersion.Ssl30 ? null : (TlsVersion)(version - WireVersion.Tls10);

    /// <summary>As OpenSSL writes it: <c>SSLv3</c>, <c>TLSv1.2</c>.</summary>
    public static string Name(this WireVersion version) => version.Policy()?.Name() ?? "SSLv3";
}
