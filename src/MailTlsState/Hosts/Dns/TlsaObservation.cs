namespace MailTlsState.Hosts.Dns;

/// <summary>What the DNS says of the keys that a server may have (TLSA, RFC 6698).</summary>
/// <param name="Name">The name that was asked for, such as <c>_25._tcp.mail.example.com</c>.</param>
/// <param name="Records">Usage, selector, matching type and data of each record: <c>3 1 1 0123abcd…</c>, in ordinal order; empty where there is none.</param>
/// <param name="Problem">Why nothing is known, else null.</param>
public sealed record TlsaObservation(string Name, IReadOnlyList<string> Records, string? Problem)
{
    /// <summary>The name that is asked for a TCP port of a host (RFC 6698 section 3).</summary>
    public static string NameOf(string host, int port) => $"_{port}._tcp.{host}";
}
