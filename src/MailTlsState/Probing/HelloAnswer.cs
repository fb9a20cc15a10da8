using Org.BouncyCastle.Tls;

namespace MailTlsState.Probing;

/// <summary>What a server answered to a ClientHello; exactly one of version, alert and failure is set.</summary>
/// <param name="Version">The version that it chose, or null.</param>
/// <param name="Suite">The suite that it chose, or null.</param>
/// <param name="Group">The group that it chose (up to TLS 1.2 only when the answer was read on), or null.</param>
/// <param name="Alert">The alert by which it refused ("TLS Alerts" registry), or null.</param>
/// <param name="Failure">What else came instead of an answer (closed, clear text, malformed), or null.</param>
/// <param name="Closed">True when it closed the connection instead of answering.</param>
public sealed record HelloAnswer(WireVersion? Version, int? Suite, int? Group, int? Alert, string? Failure, bool Closed)
{
    /// <summary>True when it closed after it had read the hello, as far as that can be known: then it has refused the hello, and not the connection.</summary>
    public bool HasRead { get; init; }

    /// <summary>The alert's registered name, or null.</summary>
    public string? AlertName => Alert is { } alert ? AlertDescription.GetName((short)alert) : null;

    /// <summary>The compression method that it chose; 0 is none.</summary>
    public int Compression { get; init; }

    /// <summary>Types of the extensions in its hello ("TLS ExtensionType Values" registry).</summary>
    public IReadOnlyList<int> Extensions { get; init; } = [];

    /// <summary>The application protocol that it chose in the clear, or null.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>Up to TLS 1.2, when the answer was read on: the signature scheme of its key exchange, or null where nothing is signed.</summary>
    public int? Signature { get; init; }

    /// <summary>Up to TLS 1.2, when the answer was read on: bits of the finite-field prime, or null for another exchange.</summary>
    public int? PrimeBits { get; init; }

    /// <summary>Up to TLS 1.2, when the answer was read on: certificates as sent, DER.</summary>
    public IReadOnlyList<byte[]> Chain { get; init; } = [];
}
