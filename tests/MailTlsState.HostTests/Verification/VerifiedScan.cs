using System.Text.Json;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;

namespace MailTlsState.HostTests.Verification;

/// <summary>What <c>mailtls verify</c> found a port to accept, in the words of <see cref="SslScan"/>.</summary>
/// <param name="Facts">The same facts as sslscan has them.</param>
/// <param name="ServerOrder">Whether the server's order decides in TLS 1.2; null where it has no choice.</param>
/// <param name="First">First suite of TLS 1.2 in the server's order, by OpenSSL's name; null where the client's order decides.</param>
/// <param name="Connections">How many connections it took.</param>
/// <param name="Hybrids">Hybrids of a curve and ML-KEM, which sslscan does not know.</param>
internal sealed record VerifiedScan(SslScan Facts, bool? ServerOrder, string? First, int Connections, IReadOnlyList<string> Hybrids)
{
    /// <summary>Scans every port of the lab's host; findings do not matter.</summary>
    public static async Task<IReadOnlyDictionary<int, VerifiedScan>> RunAsync(MailLab lab)
    {
        var result = await lab.Host.RunAsync($"mailtls verify {MailLab.Manifest} --format json");
        // OpenSSL's own list, since the product knows the names of what a policy may allow only.
        var names = (await lab.RunAsync("openssl ciphers -stdname 'ALL:COMPLEMENTOFALL'")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToDictionary(l => l[0], l => l[2]);
        using var json = JsonDocument.Parse(result.ExitCode is 0 or 2 ? result.Output : throw new InvalidOperationException(result.ToString()));
        return json.RootElement.GetProperty("endpoints").EnumerateArray()
            .Where(e => e.GetProperty("address").GetString() == "127.0.0.1" && e.TryGetProperty("scan", out _))
            .ToDictionary(e => e.GetProperty("port").GetInt32(), e => Read(e.GetProperty("scan"), iana => names.GetValueOrDefault(iana, iana)));
    }

    private static VerifiedScan Read(JsonElement scan, Func<string, string> openSsl)
    {
        var missing = Strings(scan, "missing");
        if (missing.Count > 0)
        {
            throw new InvalidOperationException($"verify had no answer about {string.Join("; ", missing)}");
        }

        var accepted = scan.GetProperty("versions").EnumerateArray().Where(v => v.GetProperty("outcome").GetString() == "accepted").ToList();
        var old = accepted.Where(v => v.GetProperty("version").GetString() != "TLSv1.3").ToList();
        var groups = accepted.SelectMany(v => Strings(v, "groups")).Distinct().ToList();
        var tls12 = old.FirstOrDefault(v => v.GetProperty("version").GetString() == "TLSv1.2");
        bool? order = tls12.ValueKind == JsonValueKind.Object && tls12.GetProperty("serverOrder") is { ValueKind: JsonValueKind.True or JsonValueKind.False } said ? said.GetBoolean() : null;
        return new VerifiedScan(
            new SslScan(
                [.. accepted.Select(v => Version(v.GetProperty("version").GetString()!)).Reverse()],
                [.. old.SelectMany(v => Strings(v, "suites")).Distinct().Select(openSsl).Order(StringComparer.Ordinal)],
                [.. accepted.Except(old).SelectMany(v => Strings(v, "suites")).Order(StringComparer.Ordinal)],
                [.. groups.Where(g => !g.Contains("MLKEM", StringComparison.Ordinal)).Order(StringComparer.Ordinal)]),
            order,
            order == true ? openSsl(Strings(tls12, "suites")[0]) : null,
            scan.GetProperty("connections").GetInt32(),
            [.. groups.Where(g => g.Contains("MLKEM", StringComparison.Ordinal))]);
    }

    private static string Version(string name) => name == "TLSv1" ? "TLSv1.0" : name;

    private static List<string> Strings(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(v => v.GetString()!)];
}
