using System.Globalization;
using System.Xml.Linq;

namespace MailTlsState.HostTests.Lab;

/// <summary>What sslscan, a scanner that shares no code with the product, found a port to accept.</summary>
/// <param name="Versions">Accepted protocol versions, oldest first: <c>SSLv2</c> to <c>TLSv1.3</c>.</param>
/// <param name="Suites">Accepted suites of TLS 1.2 and older in ordinal order, by OpenSSL's names.</param>
/// <param name="Tls13Suites">Accepted suites of TLS 1.3 in ordinal order.</param>
/// <param name="Groups">Groups of key exchange that it accepted and that the scanner knows (it offers no post-quantum ones), by IANA's names.</param>
internal sealed record SslScan(IReadOnlyList<string> Versions, IReadOnlyList<string> Suites, IReadOnlyList<string> Tls13Suites, IReadOnlyList<string> Groups)
{
    /// <summary>The suite of TLS 1.2 that the server chose first of all, or null.</summary>
    public string? Preferred { get; init; }

    /// <summary>Scans a port of a throwaway host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="startTls">smtp, imap or pop3, or null for implicit TLS.</param>
    /// <param name="groups">False where nobody asks for the groups: they take a handshake each.</param>
    public static async Task<SslScan> RunAsync(ThrowawayHost host, int port, string? startTls, bool groups = true)
    {
        string[] how = [.. startTls is null ? Array.Empty<string>() : [$"--starttls-{startTls}"], .. groups ? Array.Empty<string>() : ["--no-groups"]];
        var output = await host.RunInNetworkAsync(
            "sslscan",
            [
                "--no-colour", "--xml=-", "--no-heartbleed", "--no-compression", "--no-fallback", "--no-renegotiation", "--no-check-certificate", "--no-cipher-details",
                "--timeout=30", .. how, string.Create(CultureInfo.InvariantCulture, $"10.77.0.1:{port}"),
            ]);
        var scan = XDocument.Parse(output[output.IndexOf("<?xml", StringComparison.Ordinal)..]).Descendants("ssltest").Single();
        string Of(XElement e, string name) => e.Attribute(name)!.Value;
        return new SslScan(
            [.. scan.Elements("protocol").Where(p => Of(p, "enabled") == "1").Select(p => (Of(p, "type") == "ssl" ? "SSLv" : "TLSv") + Of(p, "version"))],
            [.. scan.Elements("cipher").Where(c => Of(c, "sslversion") != "TLSv1.3").Select(c => Of(c, "cipher")).Distinct().Order(StringComparer.Ordinal)],
            [.. scan.Elements("cipher").Where(c => Of(c, "sslversion") == "TLSv1.3").Select(c => Of(c, "cipher")).Distinct().Order(StringComparer.Ordinal)],
            // "secp256r1 (NIST P-256)"
            [.. scan.Elements("group").Select(g => Of(g, "name").Split(' ')[0]).Distinct().Order(StringComparer.Ordinal)])
        {
            Preferred = scan.Elements("cipher").Where(c => Of(c, "sslversion") == "TLSv1.2" && Of(c, "status") == "preferred").Select(c => Of(c, "cipher")).FirstOrDefault(),
        };
    }
}
