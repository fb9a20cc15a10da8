using System.Net;

namespace MailTlsState.Hosts;

/// <summary>Addresses that sockets are bound to.</summary>
internal static class BoundAddress
{
    /// <summary>True for an address that stands for all of its family.</summary>
    public static bool IsAny(string address) => address is "0.0.0.0" or "::";

    /// <summary>True for two spellings of one address.</summary>
    public static bool IsSame(string? address, string other) =>
        address is not null && IPAddress.TryParse(address, out var one) && IPAddress.TryParse(other, out var two) && one.Equals(two);

    /// <summary>True where a socket on <paramref name="held"/> keeps another program from binding the port on <paramref name="wanted"/>, of which an empty list tells nothing.</summary>
    public static bool Keeps(string held, IReadOnlyList<string> wanted) => wanted.Count == 0 ? IsAny(held) : wanted.Any(w => Clash(w, held));

    /// <summary>True where two programs cannot both bind a port. Postfix and Dovecot bind an IPv6 address for IPv6 alone (IPV6_V6ONLY).</summary>
    public static bool Clash(string one, string other) =>
        one.Contains(':', StringComparison.Ordinal) == other.Contains(':', StringComparison.Ordinal) && (IsAny(one) || IsAny(other) || IsSame(one, other));
}
