namespace MailTlsState.Policies;

/// <summary>TLS protocol versions in the order of their age.</summary>
public enum TlsVersion
{
    /// <summary>TLS 1.0 (RFC 2246), forbidden by RFC 8996.</summary>
    Tls10,

    /// <summary>TLS 1.1 (RFC 4346), forbidden by RFC 8996.</summary>
    Tls11,

    /// <summary>TLS 1.2 (RFC 5246).</summary>
    Tls12,

    /// <summary>TLS 1.3 (RFC 8446).</summary>
    Tls13,
}

/// <summary>What a server accepts. Data with a cited source; how a daemon spells it is the service's concern.</summary>
/// <param name="Name">Name in the manifest.</param>
/// <param name="Source">Citation: document, version, date.</param>
/// <param name="Minimum">Oldest accepted protocol version.</param>
/// <param name="Suites">OpenSSL names of the TLS 1.2 suites in order of preference, or null when <see cref="Grade"/> decides.</param>
/// <param name="Grade">OpenSSL keyword (<c>HIGH</c>) that stands in for a list, or null.</param>
/// <param name="Excluded">OpenSSL names and keywords taken out of the grade.</param>
/// <param name="ServerPreference">True when the server's order decides.</param>
/// <param name="OutboundMinimum">Oldest version that the SMTP client accepts, or null when outbound mail is left alone.</param>
/// <param name="Notes">What an administrator should know about this policy (repaired typos, obsolete directives): shown in the plan.</param>
public sealed record TlsPolicy(
    string Name,
    string Source,
    TlsVersion Minimum,
    IReadOnlyList<string>? Suites,
    string? Grade,
    IReadOnlyList<string> Excluded,
    bool ServerPreference,
    TlsVersion? OutboundMinimum,
    IReadOnlyList<string> Notes);
