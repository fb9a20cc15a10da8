using System.Net;
using MailTlsState.Certificates;

namespace MailTlsState.Verification;

/// <summary>Whether a certificate is for a name (RFC 9525 section 6): by its SAN only, never by its common name.</summary>
public static class HostNameMatch
{
    /// <summary>True when a SAN entry of <paramref name="certificate"/> matches <paramref name="name"/>, a DNS name in A-label form or an IP address.</summary>
    public static bool Matches(CertificateFacts certificate, string name) => IPAddress.TryParse(name, out var address)
        ? certificate.IpAddresses.Contains(address.ToString())
        : certificate.DnsNames.Any(pattern => Matches(pattern, name));

    /// <summary>RFC 9525 section 6.3: a wildcard is the whole leftmost label and stands for exactly one label.</summary>
    public static bool Matches(string pattern, string name)
    {
        var wanted = name.TrimEnd('.');
        if (!pattern.StartsWith("*.", StringComparison.Ordinal))
        {
            return pattern.Equals(wanted, StringComparison.OrdinalIgnoreCase);
        }

        var dot = wanted.IndexOf('.', StringComparison.Ordinal);
        // "*.com" would be for every domain of a registry: a wildcard needs two labels after it, as clients demand.
        return dot > 0
            && pattern.IndexOf('.', 2) > 0
            && pattern.IndexOf('*', 1) < 0
            && pattern.AsSpan(1).Equals(wanted.AsSpan(dot), StringComparison.OrdinalIgnoreCase);
    }
}
