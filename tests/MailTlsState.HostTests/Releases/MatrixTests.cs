using System.Text;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>Every policy of the catalogue on every endpoint of both daemons, on every release: the table is printed.</summary>
public sealed class MatrixTests
{
    private static readonly (string Name, int Port, string? StartTls)[] Endpoints =
    [
        ("smtp", 25, "smtp"), ("submission", 587, "smtp"), ("submissions", 465, null), ("imap", 143, "imap"), ("imaps", 993, null), ("pop3", 110, "pop3"), ("pop3s", 995, null),
    ];

    // What the daemons have against the settings; a library problem is a handshake that verify wants refused.
    private const string Complaints =
        "{ postconf; postconf -M; postconf -P; doveconf -n; } 2>&1 >/dev/null; grep -E '(warning|error|fatal|panic|Warning|Error|Fatal|Panic): ' /var/log/mail.log | grep -iE 'tls|ssl|cipher|curve|group|protocol' | grep -v 'TLS library problem' || :";

    /// <summary>What an excluded keyword of OpenSSL looks like in the names of suites.</summary>
    private static readonly Dictionary<string, string[]> Keywords = new()
    {
        ["aNULL"] = ["ADH-", "AECDH-"],
        ["eNULL"] = ["NULL"],
        ["MD5"] = ["MD5"],
        ["DES"] = ["DES-CBC"],
        ["3DES"] = ["DES-CBC3"],
        ["RC4"] = ["RC4"],
        ["PSK"] = ["PSK"],
        ["SRP"] = ["SRP"],
    };

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task From_stock_to_each_policy_every_endpoint_accepts_what_the_policy_says_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        // One host in the normal run, on which each release begins with another policy; under --long each policy begins with stock.
        var names = PolicyCatalogue.Names.ToList();
        var first = DebianReleases.Stable.ToList().IndexOf(release) + 1;
        var order = names.Skip(first % names.Count).Concat(names.Take(first % names.Count)).ToList();
        var table = new StringBuilder();
        foreach (var chunk in order.Chunk(LabEnvironment.Long ? 1 : order.Count))
        {
            await using var lab = await MailLab.StartAsync("intermediate", text => WithPolicy(text, chunk[0]), release);
            foreach (var policy in chunk)
            {
                await lab.WriteManifestAsync("intermediate", text => WithPolicy(text, policy));
                await lab.ApplyAsync(0);
                Assert.Contains("No changes", (await lab.ApplyAsync(0)).Output, StringComparison.Ordinal);
                Assert.Equal("", (await lab.RunAsync(Complaints)).Output);
                var versions = (await lab.RunAsync("postconf -h mail_version; dovecot --version | cut -d' ' -f1; openssl version | cut -d' ' -f2")).Output.Split('\n');
                var scans = await Task.WhenAll(Endpoints.Select(e => SslScan.RunAsync(lab.Host, e.Port, e.StartTls)));
                foreach (var (endpoint, scan) in Endpoints.Zip(scans))
                {
                    var daemon = endpoint.StartTls == "smtp" || endpoint.Port == 465 ? $"Postfix {versions[0]}" : $"Dovecot {versions[1]}";
                    table.AppendLine($"{release,-9} {daemon,-17} OpenSSL {versions[2],-7} {policy,-15} {endpoint.Name,-11} {Row(scan)}");
                    Judge(PolicyCatalogue.Find(policy)!, scan, IsDovecotSince2315(daemon), $"{release}, {daemon}, {policy}, {endpoint.Name}: {Row(scan)}");
                }

                // Debian 13's OpenSSL has the hybrid, and its client is the one that can ask for it.
                if (release == DebianReleases.Stable[^1] && PolicyCatalogue.Find(policy)!.HasHybrids)
                {
                    foreach (var (name, port, startTls) in Endpoints)
                    {
                        var seen = await lab.RunAsync($"openssl s_client -groups X25519MLKEM768 {(startTls is null ? "" : $"-starttls {startTls}")} -connect 127.0.0.1:{port} </dev/null 2>&1");
                        Assert.True(seen.Output.Contains("X25519MLKEM768", StringComparison.Ordinal), $"no post-quantum key exchange: {policy}, {name}");
                    }
                }
            }
        }

        Console.WriteLine($"policy × release × endpoint, as sslscan saw them:\n{table}");
    });

    private static void Judge(TlsPolicy policy, SslScan scan, bool knowsTls13Suites, string context)
    {
        var versions = new[] { TlsVersion.Tls12, TlsVersion.Tls13 }.Where(v => v >= policy.Minimum).Select(v => v.Name());
        Assert.True(versions.SequenceEqual(scan.Versions), $"versions: {context}");
        Assert.True(scan.Tls13Suites.Count > 0, $"no suite of TLS 1.3: {context}");
        if (policy.Tls13Suites is { } tls13 && knowsTls13Suites)
        {
            Assert.True(tls13.Order(StringComparer.Ordinal).SequenceEqual(scan.Tls13Suites), $"suites of TLS 1.3: {context}");
        }

        if (policy.Groups is { } groups)
        {
            var names = groups.Select(g => GroupNames.All.Single(n => n.OpenSsl == g).Iana).ToList();
            Assert.True(scan.Groups.All(names.Contains), $"groups that the policy has not: {context}");
            Assert.True(names.Intersect(["x25519", "secp256r1", "secp384r1"]).All(scan.Groups.Contains), $"groups that are missing: {context}");
        }

        if (policy.Minimum > TlsVersion.Tls12)
        {
            Assert.True(scan.Suites.Count == 0, $"suites of TLS 1.2: {context}");
        }
        else if (policy.Suites is { } suites)
        {
            // The manifest's key is an ECDSA one.
            Assert.True(suites.Where(s => s.Contains("ECDSA", StringComparison.Ordinal)).Order(StringComparer.Ordinal).SequenceEqual(scan.Suites), $"suites: {context}");
        }
        else
        {
            Assert.True(scan.Suites.Count > 0, $"no suite of TLS 1.2: {context}");
            Assert.All(policy.Excluded, e => Assert.True(Keywords.ContainsKey(e), e));
            Assert.All(policy.Excluded.SelectMany(e => Keywords[e]), part => Assert.True(!scan.Suites.Any(s => s.Contains(part, StringComparison.Ordinal)), $"{part}: {context}"));
        }
    }

    // Neither Postfix nor an older Dovecot has a setting for them.
    private static bool IsDovecotSince2315(string daemon) => daemon.Split(' ', '-') is ["Dovecot", var version, ..] && Version.Parse(version) >= new Version(2, 3, 15);

    private static string Row(SslScan scan) => $"{string.Join('+', scan.Versions)}  {string.Join('+', scan.Groups)}  {scan.Tls13Suites.Count} of TLS 1.3  {(scan.Suites.Count > 12 ? $"{scan.Suites.Count} suites of TLS 1.2" : string.Join(' ', scan.Suites))}";

    private static string WithPolicy(string text, string policy) => text.Replace("base: intermediate", $"base: {policy}", StringComparison.Ordinal);
}
