using System.Globalization;

namespace MailTlsState.Services.Postfix.Editing;

/// <summary>Takes the name of an <c>inet</c> service apart, as <c>host_port()</c> of Postfix does.</summary>
public static class ServiceEndpoint
{
    /// <summary>Ports by name: <c>known_tcp_ports</c> of Postfix 3.6 and later; services(5) says the same.</summary>
    public static IReadOnlyDictionary<string, int> KnownPorts { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["smtp"] = 25,
        ["smtps"] = 465,
        ["submissions"] = 465,
        ["submission"] = 587,
        ["lmtp"] = 24,
    };

    /// <summary>Host (null for none) and port (null when the name is not known) of <c>25</c>, <c>host:25</c>, <c>[::]:smtp</c> or <c>:25</c>.</summary>
    public static (string? Host, int? Port) Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string host;
        string port;
        if (name.StartsWith('[') && name.IndexOf(']') is var end and > 0)
        {
            host = name[1..end];
            port = name[(end + 1)..].TrimStart(':');
            if (host.StartsWith("ipv6:", StringComparison.OrdinalIgnoreCase))
            {
                host = host[5..];
            }
        }
        else
        {
            var colon = name.LastIndexOf(':');
            (host, port) = colon < 0 ? ("", name) : (name[..colon], name[(colon + 1)..]);
        }

        return (host.Length == 0 ? null : host, PortOf(port));
    }

    private static int? PortOf(string port)
    {
        if (int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number is >= 0 and <= 65535 ? number : null;
        }

        return KnownPorts.TryGetValue(port, out var known) ? known : null;
    }
}
