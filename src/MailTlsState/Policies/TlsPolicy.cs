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
/// <param name="Citation">Where it is from.</param>
/// <param name="Minimum">Oldest accepted protocol version.</param>
/// <param name="Suites">OpenSSL names of the TLS 1.2 suites in order of preference, or null when <see cref="Grade"/> decides.</param>
/// <param name="Grade">OpenSSL keyword (<c>HIGH</c>) that stands in for a list, or null.</param>
/// <param name="Excluded">OpenSSL names and keywords taken out of the grade.</param>
/// <param name="ServerPreference">True when the server's order decides.</param>
/// <param name="OutboundMinimum">Oldest version that the SMTP client accepts, or null when outbound mail is left alone.</param>
/// <param name="Notes">What an administrator should know about this policy (repaired typos, obsolete directives): shown in the plan.</param>
public sealed record TlsPolicy(
    string Name,
    PolicyCitation Citation,
    TlsVersion Minimum,
    IReadOnlyList<string>? Suites,
    string? Grade,
    IReadOnlyList<string> Excluded,
    bool ServerPreference,
    TlsVersion? OutboundMinimum,
    IReadOnlyList<string> Notes)
{
    /// <summary>The citation in one line.</summary>
    public string Source => Citation.ToString();

    /// <summary>TLS 1.3 suites in order of preference, or null when the policy leaves them to the library.</summary>
    public IReadOnlyList<string>? Tls13Suites { get; init; }

    /// <summary>OpenSSL names of the groups for key exchange in order of preference, or null when the policy leaves them to the library.</summary>
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>True when the policy names a hybrid of a curve and ML-KEM.</summary>
    public bool HasHybrids => Groups?.Any(GroupNames.IsPostQuantum) == true;

    /// <summary>Kinds of key that a certificate may have, <c>rsa</c> and <c>ecdsa</c>; null for any.</summary>
    public IReadOnlyList<string>? KeyTypes { get; init; }

    /// <summary>Shortest RSA modulus of a certificate in bits, or null.</summary>
    public int? MinimumRsaBits { get; init; }

    /// <summary>OpenSSL names of the curves that a certificate's key may lie on; null for any.</summary>
    public IReadOnlyList<string>? Curves { get; init; }

    /// <summary>Hashes that a certificate may be signed with (<c>sha256</c>); null for any.</summary>
    public IReadOnlyList<string>? SignatureHashes { get; init; }

    /// <summary>Whether sessions may be resumed by tickets; null when the policy says nothing.</summary>
    public bool? SessionTickets { get; init; }

    /// <summary>Whether TLS may compress (TLS 1.2; CRIME); null when the policy says nothing.</summary>
    public bool? Compression { get; init; }

    /// <summary>Whether a client may renegotiate (TLS 1.2); null when the policy says nothing.</summary>
    public bool? Renegotiation { get; init; }
}

/// <summary>Where a policy is from.</summary>
/// <param name="Document">Author and title.</param>
/// <param name="Version">Version of the document, or null.</param>
/// <param name="Date">Its date (<c>2026-04-06</c>, <c>2020-04</c>), or null.</param>
/// <param name="Section">Where in it, or null.</param>
/// <param name="Url">Where it can be had, or null.</param>
public sealed record PolicyCitation(string Document, string? Version, string? Date, string? Section, string? Url)
{
    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", new[] { Document, Version, Date == Version ? null : Date }.Where(p => p is not null));
}
