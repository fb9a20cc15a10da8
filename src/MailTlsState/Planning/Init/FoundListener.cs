using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Planning.Init;

/// <summary>What a server's configuration says of one listener of an endpoint.</summary>
/// <param name="Name">How the configuration names it.</param>
/// <param name="ClearText">The settings that let its clients go on without TLS, as they stand; empty where none can.</param>
internal sealed record FoundListener(string Name, IReadOnlyList<string> ClearText)
{
    /// <summary>True where it takes TLS 1.3 alone.</summary>
    public bool Tls13Only { get; init; }

    /// <summary>True where a proxy header comes first.</summary>
    public bool BehindProxy { get; init; }

    /// <summary>Where the first of <see cref="ClearText"/> stands, or null.</summary>
    public SourceLocation? At { get; init; }
}

/// <summary>An endpoint that the manifest will name, and its listeners as the configuration has them; none where it could not be read.</summary>
/// <param name="Definition">Which endpoint.</param>
/// <param name="Listeners">Its listeners.</param>
internal sealed record FoundEndpoint(EndpointDefinition Definition, IReadOnlyList<FoundListener> Listeners)
{
    /// <summary>True where all of it takes TLS 1.3 alone.</summary>
    public bool Tls13Only => Listeners.Count > 0 && Listeners.All(l => l.Tls13Only);

    /// <summary>True where a proxy header comes first on all of it.</summary>
    public bool BehindProxy => Listeners.Count > 0 && Listeners.All(l => l.BehindProxy);

    /// <summary>The security that keeps what works: clear text on port 25 where any listener takes it; a login is never to go without TLS.</summary>
    public EndpointSecurity Security => Definition.Kind switch
    {
        { } kind when kind.IsImplicit() => EndpointSecurity.Implicit,
        EndpointKind.Smtp when Listeners.Count == 0 || Listeners.Any(l => l.ClearText.Count > 0) => EndpointSecurity.Opportunistic,
        _ => EndpointSecurity.Required,
    };
}
