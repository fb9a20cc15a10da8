using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MailTlsState.HostTests.Apply;

namespace MailTlsState.Benchmarks;

/// <summary>
/// <c>mailtls verify</c> on seven endpoints against the same seven ports one after another by sslscan and testssl.sh, and its plain check
/// against verified handshakes by <c>openssl s_client</c>, without and with an offer of TLS 1.1 that has to fail, turn by turn on one host.
/// </summary>
internal static class Scans
{
    private static readonly (int Port, string? StartTls)[] Ports = [(25, "smtp"), (587, "smtp"), (465, null), (143, "imap"), (993, null), (110, "pop3"), (995, null)];

    /// <param name="rounds">How often; testssl.sh takes minutes and runs once, where it is installed.</param>
    /// <param name="policy">The policy of the host.</param>
    public static async Task RunAsync(int rounds, string policy)
    {
        await using var lab = await MailLab.StartAsync("intermediate", text => text.Replace("base: intermediate", $"base: {policy}", StringComparison.Ordinal));
        await lab.RunAsync("postconf -e inet_protocols=ipv4; touch -d '1 minute ago' /etc/postfix/main.cf; echo 'listen = *' >>/etc/dovecot/dovecot.conf");
        await lab.Host.StopMailAsync();
        await lab.Host.StartMailAsync();
        await lab.ApplyAsync(0);
        var (verify, quick, sslscan, client, floor) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var connections = "";
        for (var round = 0; round < rounds; round++)
        {
            verify.Add(await TimeAsync(async () => connections = Connections((await lab.RunAsync($"mailtls verify {MailLab.Manifest} --format json")).Output)));
            sslscan.Add(await TimeAsync(async () =>
            {
                foreach (var (port, startTls) in Ports)
                {
                    await lab.Host.RunInNetworkAsync("sslscan", [.. startTls is null ? Array.Empty<string>() : [$"--starttls-{startTls}"], "--no-colour", "--show-sigs", $"10.77.0.1:{port}"]);
                }
            }));
            quick.Add(await TimeAsync(() => lab.RunAsync($"mailtls verify {MailLab.Manifest} --quick")));
            var handshakes = string.Join("; ", Ports.Select(p => $"{Client(p)} {MailLab.Strict} >/dev/null 2>&1 || exit 1"));
            client.Add(await TimeAsync(() => lab.RunAsync(handshakes)));

            // The floor, too, as the check does it.
            var refusals = string.Join("; ", Ports.Select(p => $"! {Client(p)} -CAfile {MailLab.Root} -tls1_1 -cipher ALL:@SECLEVEL=0 </dev/null >/dev/null 2>&1 || exit 1"));
            floor.Add(await TimeAsync(() => lab.RunAsync($"{handshakes}; {refusals}")));
        }

        Console.WriteLine($"policy {policy}, connections an endpoint: {connections}");
        Row("verify, all facts", verify);
        Row("  sslscan, seven ports", sslscan, verify);
        Row("verify --quick", quick);
        Row("  openssl s_client, seven", client, quick);
        Row("  and seven of TLS 1.1", floor, quick);
        if (File.Exists("/usr/bin/testssl"))
        {
            var once = await TimeAsync(async () =>
            {
                foreach (var (port, startTls) in Ports)
                {
                    await lab.Host.RunInNetworkAsync("sh", "-c", $"testssl --quiet --color 0 --warnings off --nodns none {(startTls is null ? "" : $"-t {startTls}")} 10.77.0.1:{port} >/dev/null 2>&1 || :");
                }
            });
            Row("  testssl.sh, seven ports", [once], verify);
        }
    }

    private static string Client((int Port, string? StartTls) p) => $"openssl s_client -connect 127.0.0.1:{p.Port} {(p.StartTls is null ? "" : $"-starttls {p.StartTls}")}";

    private static string Connections(string output)
    {
        using var json = JsonDocument.Parse(output);
        return string.Join(", ", json.RootElement.GetProperty("endpoints").EnumerateArray()
            .Select(e => $"{e.GetProperty("port").GetInt32()}: {e.GetProperty("scan").GetProperty("connections").GetInt32()}"));
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var watch = Stopwatch.StartNew();
        await work();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Row(string what, List<double> values, List<double>? ours = null) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what,-28} {Median(values),9:0} ms{(ours is null ? "" : $"   {Median(values) / Median(ours):0.0} times ours")}   ({values.Min():0} to {values.Max():0}, {values.Count} rounds)"));
}
