using System.Text.Json;

namespace MailTlsState.HostTests.Lab;

/// <summary>What testssl.sh found a port to accept, in the words of <see cref="SslScan"/>. It takes a minute a port.</summary>
internal static class TestSsl
{
    private static readonly Dictionary<string, string> Versions = new()
    {
        ["SSLv2"] = "SSLv2", ["SSLv3"] = "SSLv3", ["TLS1"] = "TLSv1.0", ["TLS1_1"] = "TLSv1.1", ["TLS1_2"] = "TLSv1.2", ["TLS1_3"] = "TLSv1.3",
    };

    /// <summary>Scans a port with implicit TLS of a throwaway host.</summary>
    public static async Task<SslScan> RunAsync(ThrowawayHost host, int port)
    {
        var report = Path.GetTempFileName();
        File.Delete(report);
        try
        {
            // Its exit status counts what it does not like.
            await host.RunInNetworkAsync("sh", "-c", $"testssl --quiet --color 0 --warnings off --nodns none -p -E -f --jsonfile {report} 10.77.0.1:{port} || :");
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(report));
            var findings = json.RootElement.EnumerateArray().Select(f => (Id: f.GetProperty("id").GetString()!, Text: f.GetProperty("finding").GetString()!)).ToList();
            return new SslScan(
                [.. findings.Where(f => Versions.ContainsKey(f.Id) && f.Text.StartsWith("offered", StringComparison.Ordinal)).Select(f => Versions[f.Id])],
                Suites(f => !f.StartsWith("cipher-tls1_3", StringComparison.Ordinal)),
                Suites(f => f.StartsWith("cipher-tls1_3", StringComparison.Ordinal)),
                [.. findings.Where(f => f.Id == "PFS_ECDHE_curves").SelectMany(f => f.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(Group).Order(StringComparer.Ordinal)]);

            // "TLS 1.2   xc030   ECDHE-RSA-AES256-GCM-SHA384       ECDH 253   AESGCM      256      TLS_ECDHE_…"
            IReadOnlyList<string> Suites(Func<string, bool> isOf) =>
            [
                .. findings.Where(f => f.Id.StartsWith("cipher-", StringComparison.Ordinal) && isOf(f.Id))
                    .Select(f => f.Text.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[2]).Distinct().Order(StringComparer.Ordinal),
            ];
        }
        finally
        {
            File.Delete(report);
        }
    }

    private static string Group(string name) => name switch
    {
        "prime256v1" => "secp256r1",
        "X25519" or "X448" => name.ToLowerInvariant(),
        _ => name,
    };
}
