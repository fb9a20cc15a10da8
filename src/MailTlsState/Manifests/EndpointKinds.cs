using MailTlsState.Probing;

namespace MailTlsState.Manifests;

/// <summary>What the registered names of mail endpoints stand for.</summary>
public static class EndpointKinds
{
    /// <summary>The registered TCP port (IANA service names).</summary>
    public static int DefaultPort(this EndpointKind kind) => kind switch
    {
        EndpointKind.Smtp => 25,
        EndpointKind.Submission => 587,
        EndpointKind.Submissions => 465,
        EndpointKind.Imap => 143,
        EndpointKind.Imaps => 993,
        EndpointKind.Pop3 => 110,
        EndpointKind.Pop3s => 995,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>The name in a manifest.</summary>
    public static string Name(this EndpointKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The dialogue spoken there.</summary>
    public static MailProtocol Protocol(this EndpointKind kind) => kind switch
    {
        EndpointKind.Smtp or EndpointKind.Submission or EndpointKind.Submissions => MailProtocol.Smtp,
        EndpointKind.Imap or EndpointKind.Imaps => MailProtocol.Imap,
        EndpointKind.Pop3 or EndpointKind.Pop3s => MailProtocol.Pop3,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>True for TLS from the first byte (RFC 8314).</summary>
    public static bool IsImplicit(this EndpointKind kind) => kind is EndpointKind.Submissions or EndpointKind.Imaps or EndpointKind.Pop3s;
}
