using System.Text;
using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using MailTlsState.HostTests.Verification;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>
/// Every policy of the catalogue on every endpoint of both daemons, on every release: the table is printed. The normal run applies each policy on one
/// release and has each release's daemons serve the golden settings of all; --long applies each on each.
/// </summary>
public sealed class MatrixTests
{
    private static readonly (string Name, int Port, string? StartTls)[] Endpoints =
    [
        ("smtp", 25, "smtp"), ("submission", 587, "smtp"), ("submissions", 465, null), ("imap", 143, "imap"), ("imaps", 993, null), ("pop3", 110, "pop3"), ("pop3s", 995, null),
    ];

    // What the daemons have against the settings; a library problem is a handshake that verify wants refused. Postfix 3.11 has something against Debian's own main.cf, whose
    // session cache of the outbound client is a btree.
    private const string Complaints =
        "{ postconf; postconf -M; postconf -P; doveconf -n; } 2>&1 >/dev/null; grep -E '(warning|error|fatal|panic|Warning|Error|Fatal|Panic): ' /var/log/mail.log | grep -iE 'tls|ssl|cipher|curve|group|protocol' | grep -vE 'TLS library problem|hash/btree support is deprecated|NON_BERKELEYDB_README' || :";

    /// <summary>Where the golden files have what a release's daemons get.</summary>
    private static readonly Dictionary<string, (string Postfix, string Dovecot)> Headings = new()
    {
        ["bullseye"] = ("Postfix 3.5.25", "Dovecot 2.3.13"),
        ["bookworm"] = ("Postfix 3.7.11", "Dovecot 2.3.19"),
        ["trixie"] = ("Postfix 3.10.5", "Dovecot 2.4.1 on OpenSSL 3.5.4"),
        ["forky"] = ("Postfix 3.11.2", "Dovecot 2.4.1 on OpenSSL 3.5.4"),
    };

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
        // In the normal run a host goes from one policy to the next; under --long each policy begins with stock.
        var at = DebianReleases.Stable.ToList().IndexOf(release);
        var order = PolicyCatalogue.Names.Where((_, i) => LabEnvironment.Long || i % DebianReleases.Stable.Count == at).ToList();
        Assert.NotEmpty(order);
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
                var scans = await Task.WhenAll(Endpoints.Select(e => SslScan.RunAsync(lab.Host, e.Port, e.StartTls, groups: LabEnvironment.Long || PolicyCatalogue.Find(policy)!.Groups is not null)));
                var ours = await VerifiedScan.RunAsync(lab);
                foreach (var (endpoint, scan) in Endpoints.Zip(scans))
                {
                    var own = ours[endpoint.Port].Facts;
                    Assert.Equal((string.Join(" ", scan.Versions), string.Join(" ", scan.Suites), string.Join(" ", scan.Tls13Suites)), (string.Join(" ", own.Versions), string.Join(" ", own.Suites), string.Join(" ", own.Tls13Suites)));
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
                        Assert.Contains("X25519MLKEM768", ours[port].Hybrids);
                        Assert.True(seen.Output.Contains("X25519MLKEM768", StringComparison.Ordinal), $"no post-quantum key exchange: {policy}, {name}");
                    }
                }
            }
        }

        Console.WriteLine($"policy × release × endpoint, as sslscan saw them:\n{table}");
    });

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task The_golden_settings_of_each_policy_are_served_without_a_complaint_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        const string Stop = "doveadm stop 2>/dev/null; while pgrep -x dovecot >/dev/null; do sleep 0.02; done";
        await using var host = await ThrowawayHost.StartMailHostAsync(new ThrowawayHostOptions { WithBinary = false, Release = release });
        (await host.RunAsync(
            "mkdir -p /etc/pki/mailtls && cd /etc/pki/mailtls && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c -subj /CN=mail.mydomain.com 2>/dev/null && cat k c >mail.mydomain.com.pem; "
            + "postconf -X smtpd_tls_cert_file smtpd_tls_key_file; cp -p /etc/postfix/main.cf /etc/postfix/master.cf /root/; sed -i -E 's/^ssl(_server)?_(cert|key|dh)/#&/' /etc/dovecot/conf.d/10-ssl.conf")).Expect(0);
        var (postfix, dovecot) = Headings[release];
        foreach (var policy in PolicyCatalogue.Names)
        {
            var golden = await File.ReadAllTextAsync(Path.Combine(LabEnvironment.Repository, "tests", "MailTlsState.Tests", "Policies", "Golden", $"{policy}.txt"));
            var settings = Section(golden, postfix).ToLookup(l => l.StartsWith("-o ", StringComparison.Ordinal));
            await host.WriteFileAsync("/root/main.more", string.Concat(settings[false].Select(l => l + "\n")));
            await host.WriteFileAsync("/etc/dovecot/conf.d/99-policy.conf", string.Concat(Section(golden, dovecot).Select(l => l + "\n")));
            var overrides = string.Concat(settings[true].Select(l => $" smtp/inet/{ThrowawayHost.Quote(l[3..])}"));
            var told = (await host.RunAsync(
                $"cp -p /root/main.cf /root/master.cf /etc/postfix/; cat /root/main.more >>/etc/postfix/main.cf; {(overrides.Length == 0 ? ":" : "postconf -P" + overrides)}; "
                + $"touch -d '1 minute ago' /etc/postfix/main.cf; : >/var/log/mail.log; postfix reload >/dev/null 2>&1; {Stop}; /run/lab/start-mail.sh && "
                + "for how in '-starttls smtp -connect 127.0.0.1:25' '-connect 127.0.0.1:993'; do openssl s_client $how </dev/null 2>/dev/null | openssl x509 -noout -subject; done; "
                + Complaints)).Expect(0);
            Assert.True(Regex.IsMatch(told.Output, @"\A(subject=CN ?= ?mail\.mydomain\.com\n){2}\z"), $"{policy}\n{told}");
        }
    });

    /// <summary>The settings below a heading of a golden file.</summary>
    private static string[] Section(string golden, string heading) =>
        [.. golden.Split("\n\n").Single(s => s.StartsWith($"[{heading}]\n", StringComparison.Ordinal)).Split('\n').Where(l => Regex.IsMatch(l, @"^(-o )?\w+ ?="))];

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
