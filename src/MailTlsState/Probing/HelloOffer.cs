using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>A ClientHello that offers exactly this.</summary>
/// <param name="ServerName">SNI name; empty for none.</param>
/// <param name="Version">The version offered. TLS 1.3 stands alone; up to TLS 1.2 the server may choose an older one (RFC 5246 appendix E.1).</param>
/// <param name="Suites">Code points of the suites in this order; unknown ones are sent as well.</param>
/// <param name="Groups">Code points of the groups in this order ("TLS Supported Groups" registry).</param>
public sealed record HelloOffer(string ServerName, WireVersion Version, IReadOnlyList<int> Suites, IReadOnlyList<int> Groups)
{
    /// <summary>X25519, P-256, P-384, P-521, X448, ffdhe2048, ffdhe3072, ffdhe4096.</summary>
    public static IReadOnlyList<int> CommonGroups { get; } = [0x1D, 0x17, 0x18, 0x19, 0x1E, 0x100, 0x101, 0x102];

    /// <summary>Code points of the signature schemes in this order; by default all, so that a refusal is due to what else is offered.</summary>
    public IReadOnlyList<int> Signatures { get; init; } = SignatureSchemes.All;

    /// <summary>True to offer DEFLATE beside no compression (RFC 3749); TLS 1.3 has none.</summary>
    public bool Compression { get; init; }

    /// <summary>An application protocol to offer (RFC 7301), or null.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>One version with every common suite and group, so that a refusal is due to the version.</summary>
    public static HelloOffer Everything(string serverName, TlsVersion version) => new(serverName, version.Wire(), CipherSuites.All, CommonGroups);
}
