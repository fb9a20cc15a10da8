namespace MailTlsState.Probing.Scan;

/// <summary>Everything that one listener accepts, by name. A value that holds no times.</summary>
/// <param name="Versions">SSL 3.0 to TLS 1.3, the newest first.</param>
/// <param name="Connections">How many connections it took, the probe's included.</param>
public sealed record TlsScan(IReadOnlyList<VersionScan> Versions, int Connections)
{
    /// <summary>What could not be asked, in words; empty when the picture is whole.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Whether TLS 1.2 binds the session's secret to the handshake (RFC 7627), or null when TLS 1.2 is refused.</summary>
    public bool? ExtendedMasterSecret { get; init; }

    /// <summary>Whether the server knows secure renegotiation (RFC 5746), or null when every version before TLS 1.3 is refused.</summary>
    public bool? SecureRenegotiation { get; init; }

    /// <summary>Whether CBC suites authenticate the ciphertext (RFC 7366), or null when TLS 1.2 chose another kind of suite.</summary>
    public bool? EncryptThenMac { get; init; }

    /// <summary>Whether the server compresses (CRIME), or null when every version before TLS 1.3 is refused.</summary>
    public bool? Compression { get; init; }

    /// <summary>Whether sessions may be resumed by ticket (RFC 5077; RFC 8446 section 4.6.1), or null when it is not known.</summary>
    public bool? SessionTickets { get; init; }

    /// <summary>Bytes of 0-RTT data that a ticket allows (RFC 8446 section 4.2.10); 0 for none, null when no ticket of TLS 1.3 came.</summary>
    public long? EarlyData { get; init; }

    /// <summary>What the server does with an application protocol (RFC 7301): <c>ignored</c>, <c>refused</c> or the one that it chose; null when it is not known.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>Bits of the smallest finite-field prime that a suite of TLS 1.2 or older was keyed with, or null.</summary>
    public int? PrimeBits { get; init; }

    /// <summary>What became of a command sent together with STARTTLS.</summary>
    public InjectionOutcome Injection { get; init; }

    /// <summary>The scan of one version.</summary>
    public VersionScan? Of(WireVersion version) => Versions.FirstOrDefault(v => v.Version == version);
}

/// <summary>What one version accepts.</summary>
/// <param name="Version">The version.</param>
/// <param name="Outcome">Whether it is accepted.</param>
public sealed record VersionScan(WireVersion Version, OfferOutcome Outcome)
{
    /// <summary>Names of the suites: in the server's order where it has one, else in ours.</summary>
    public IReadOnlyList<string> Suites { get; init; } = [];

    /// <summary>True when the server's order decides, false when the client's does, null where there is nothing to choose.</summary>
    public bool? ServerOrder { get; init; }

    /// <summary>Names of the groups in the order in which they were chosen; empty where it was not asked.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>Names of the signature schemes of the server's key exchange (in TLS 1.3 of its certificate); empty where it was not asked.</summary>
    public IReadOnlyList<string> Signatures { get; init; } = [];
}

/// <summary>What became of a command that a client sends in the clear together with STARTTLS (CVE-2011-0411).</summary>
public enum InjectionOutcome
{
    /// <summary>Not asked: implicit TLS, or the server did not come so far.</summary>
    NotTested,

    /// <summary>Dropped, or the session was ended.</summary>
    Dropped,

    /// <summary>Carried out over TLS: whoever sits in between can put commands into the session.</summary>
    Executed,
}
