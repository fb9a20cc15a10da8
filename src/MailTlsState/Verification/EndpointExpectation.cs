using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;

namespace MailTlsState.Verification;

/// <summary>What one listener should serve. Made by the planner for a host, or by <c>verify</c> for a connection from elsewhere.</summary>
/// <param name="Service">Its service.</param>
/// <param name="Kind">Which endpoint it is.</param>
/// <param name="Security">How it should protect its connections; for an endpoint that the manifest does not name, what its kind says.</param>
/// <param name="Address">IP address to connect to.</param>
/// <param name="Port">TCP port.</param>
/// <param name="ServerName">The name that clients connect to: SNI, and what the certificate must be for.</param>
public sealed record EndpointExpectation(ServiceKind Service, EndpointKind Kind, EndpointSecurity Security, string Address, int Port, string ServerName)
{
    /// <summary>
    /// Lower-case hex SHA-256 of the leaves of which one must be served, to each kind of client (an RSA and an ECDSA one stand
    /// side by side); empty when it is not known, as off the host.
    /// </summary>
    public IReadOnlyList<string> LeafFingerprints { get; init; } = [];

    /// <summary>The kinds of key that must each be served, to a client that takes that kind alone; none where there is one certificate.</summary>
    public IReadOnlyList<KeyFamily> Families { get; init; } = [];

    /// <summary>DER of the roots to be trusted, or null when trust is not judged (names, dates and uses still are).</summary>
    public IReadOnlyList<byte[]>? TrustAnchors { get; init; }

    /// <summary>The oldest version that may be accepted, or null when there is no floor.</summary>
    public TlsVersion? MinimumVersion { get; init; }

    /// <summary>The policy that everything the listener accepts is measured by, or null when it is not.</summary>
    public TlsPolicy? Policy { get; init; }

    /// <summary>True when this is about a further name of the certificate: what does not depend on the name is judged elsewhere.</summary>
    public bool FurtherName { get; init; }

    /// <summary>True when logging in must not be offered before TLS. Only meaningful where the server sees the probe as a remote client.</summary>
    public bool AuthForbiddenBeforeTls { get; init; }

    /// <summary>True when logging in must be offered over TLS.</summary>
    public bool AuthRequiredOverTls { get; init; }

    /// <summary>True when a proxy header comes first: the endpoint is then not probed, and said so.</summary>
    public bool ProxyProtocol { get; init; }

    /// <summary>True when the manifest names the endpoint.</summary>
    public bool Named { get; init; } = true;

    /// <summary>True when the server sees the probe as a remote client.</summary>
    public bool SeenAsRemote { get; init; }

    /// <summary>True when the service itself was seen to hold the socket on this host.</summary>
    public bool ServedHere { get; init; }

    /// <summary>Local address to come from, or null.</summary>
    public string? SourceAddress { get; init; }

    /// <summary>The listener in findings.</summary>
    public FindingEndpoint Endpoint => new(Service, Kind, Address, Port);

    /// <summary>The question to put to the listener.</summary>
    /// <param name="withOffers">True to offer the versions below the floor as well.</param>
    public ProbeRequest Question(bool withOffers = true)
    {
        var offers = withOffers && MinimumVersion is { } floor && Security != EndpointSecurity.Disabled
            ? Enum.GetValues<TlsVersion>().Where(v => v < floor).ToArray()
            : [];
        var isImplicit = Security == EndpointSecurity.Implicit || (Security == EndpointSecurity.Disabled && Kind.IsImplicit());
        return new ProbeRequest(Kind.Protocol(), isImplicit, Address, Port, ServerName, SourceAddress, offers) { Families = Families, ServedHere = ServedHere };
    }
}
