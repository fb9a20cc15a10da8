using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>The dialogue that an endpoint speaks.</summary>
public enum MailProtocol
{
    /// <summary>SMTP (RFC 5321), STARTTLS by RFC 3207.</summary>
    Smtp,

    /// <summary>IMAP4rev1 (RFC 3501), STARTTLS in its section 6.2.1.</summary>
    Imap,

    /// <summary>POP3 (RFC 1939), STLS by RFC 2595.</summary>
    Pop3,
}

/// <summary>One question to one listener.</summary>
/// <param name="Protocol">The dialogue.</param>
/// <param name="Implicit">True for TLS from the first byte, false for STARTTLS.</param>
/// <param name="Address">IP address to connect to.</param>
/// <param name="Port">TCP port.</param>
/// <param name="ServerName">SNI name, and the name given in EHLO's place of a client name is never this one.</param>
/// <param name="SourceAddress">Local address to bind, so that the server sees a client that is not itself; null leaves it to the kernel.</param>
/// <param name="Offers">Versions below the floor, offered in further connections to see that they are refused.</param>
public sealed record ProbeRequest(
    MailProtocol Protocol,
    bool Implicit,
    string Address,
    int Port,
    string ServerName,
    string? SourceAddress,
    IReadOnlyList<TlsVersion> Offers)
{
    /// <summary>
    /// Kinds of key whose certificates are asked for one by one, where a server should have several; none to take the one that it
    /// prefers. The kind that it does not prefer costs a further connection.
    /// </summary>
    public IReadOnlyList<KeyFamily> Families { get; init; } = [];

    /// <summary>True when the service itself holds the socket on this host, so that nobody stands between: what is known of the connection's other end is known of the service.</summary>
    public bool ServedHere { get; init; }
}

/// <summary>How far a probe got.</summary>
public enum ProbeOutcome
{
    /// <summary>The TLS handshake was completed and the protocol answered over it.</summary>
    Completed,

    /// <summary>No TCP connection.</summary>
    NotConnected,

    /// <summary>Connected, but no greeting in time or not of this protocol.</summary>
    NoGreeting,

    /// <summary>The server does not offer STARTTLS.</summary>
    StartTlsNotOffered,

    /// <summary>Offered, then refused (SMTP 454, IMAP NO or BAD, POP3 -ERR).</summary>
    StartTlsRefused,

    /// <summary>The TLS handshake failed.</summary>
    HandshakeFailed,

    /// <summary>TLS stands, but EHLO, CAPABILITY or CAPA over it got no answer.</summary>
    NoAnswerOverTls,
}

/// <summary>What one offer of a single protocol version got.</summary>
public enum OfferOutcome
{
    /// <summary>The server chose the offered version.</summary>
    Accepted,

    /// <summary>The server refused it by alert or close.</summary>
    Refused,

    /// <summary>The offer could not be made.</summary>
    NotTested,
}

/// <summary>What one listener served. A value that can be recorded and replayed; it holds no times.</summary>
/// <param name="Request">The question.</param>
/// <param name="Outcome">How far it got.</param>
/// <param name="Failure">The reason in words when it did not complete, else null.</param>
/// <param name="Greeting">First line of the server in the clear (for implicit TLS: over TLS), or null.</param>
/// <param name="CapabilitiesBefore">Capabilities in the clear before STARTTLS, as sent, upper case; empty for implicit TLS.</param>
/// <param name="CapabilitiesAfter">Capabilities over TLS, as sent, upper case.</param>
/// <param name="Version">Negotiated version, or null.</param>
/// <param name="Suite">IANA name of the negotiated suite, or null.</param>
/// <param name="Chain">Certificates as sent, DER in base64, leaf first as the server sent them.</param>
/// <param name="Offers">One outcome per version in the request.</param>
public sealed record ProbeResult(
    ProbeRequest Request,
    ProbeOutcome Outcome,
    string? Failure,
    string? Greeting,
    IReadOnlyList<string> CapabilitiesBefore,
    IReadOnlyList<string> CapabilitiesAfter,
    TlsVersion? Version,
    string? Suite,
    IReadOnlyList<string> Chain,
    IReadOnlyDictionary<TlsVersion, OfferOutcome> Offers)
{
    /// <summary>The result where nobody answered.</summary>
    internal static ProbeResult Unanswered(ProbeRequest request, string failure) =>
        new(request, ProbeOutcome.NotConnected, failure, null, [], [], null, null, [], new Dictionary<TlsVersion, OfferOutcome>());

    /// <summary>How many connections it took; not a part of a recording.</summary>
    public int Connections { get; init; }

    /// <summary>What a client got that takes one kind of key alone, for each kind in the request; empty unless a handshake was completed.</summary>
    public IReadOnlyDictionary<KeyFamily, FamilyAnswer> ByFamily { get; init; } = new Dictionary<KeyFamily, FamilyAnswer>();
}

/// <summary>What a client got that takes one kind of key alone.</summary>
/// <param name="Chain">Certificates as sent, DER in base64; empty when there was no handshake.</param>
/// <param name="Failure">The reason in words when the handshake did not complete, else null.</param>
public sealed record FamilyAnswer(IReadOnlyList<string> Chain, string? Failure);
