using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Services;

/// <summary>What a service's configuration says of one of its listeners, as far as it is clear.</summary>
/// <param name="Port">TCP port.</param>
/// <param name="Address">Address or host name that it is bound to, or null for all that the service binds.</param>
/// <param name="Kind">The endpoint that it is like: by what is spoken, and by whether TLS begins with the first byte.</param>
public sealed record ConfiguredListener(int Port, string? Address, EndpointKind Kind)
{
    /// <summary>True where a proxy header comes first, so that nobody else can ask it.</summary>
    public bool BehindProxy { get; init; }

    /// <summary>True where it offers TLS with the service's own certificate and protocols, to clients that need no certificate: then the manifest can measure it on any port.</summary>
    public bool FollowsService { get; init; }

    /// <summary>True for a socket that this entry made.</summary>
    public bool Made(Listener socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return socket.Port == Port && (Address is null || BoundAddress.IsSame(Address, socket.Address));
    }
}
