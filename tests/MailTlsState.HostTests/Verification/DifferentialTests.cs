using System.Text;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Verification;

/// <summary>
/// What <c>verify</c> says that a port accepts is what sslscan says, on generated configurations of both daemons: versions, suites, groups and
/// order, with two kinds of key. Ten in the normal run, a hundred under --long, and then testssl.sh is asked about each tenth.
/// </summary>
public sealed class DifferentialTests
{
    private static readonly int Count = LabEnvironment.Long ? 100 : 10;

    private static readonly string[] Suites =
    [
        "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256", "AES256-SHA",
        "CAMELLIA128-SHA", "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ARIA128-GCM-SHA256", "ADH-AES128-SHA", "AECDH-AES256-SHA", "NULL-SHA256", "ECDHE-RSA-NULL-SHA", "DHE-RSA-AES128-SHA256",
    ];

    private static readonly string[] Curves = ["X25519", "prime256v1", "secp384r1", "secp521r1", "X448"];

    [Fact]
    public async Task What_each_port_accepts_is_what_other_scanners_say()
    {
        var random = new Random(20261128);
        await using var lab = await MailLab.AppliedAsync("intermediate", text => text.Replace("[ecdsa-p256]", "[rsa-2048, ecdsa-p256]", StringComparison.Ordinal));
        await lab.RunAsync("cp -p /etc/postfix/main.cf /root/main.cf; openssl dhparam -dsaparam -out /root/dh.pem 2048 2>/dev/null");
        var (table, disagreements) = (new StringBuilder(), new List<string>());
        for (var n = 1; n <= Count; n++)
        {
            var settings = new Settings(random);
            await settings.WriteAsync(lab);
            var ours = await VerifiedScan.RunAsync(lab);
            var theirs = await Task.WhenAll(SslScan.RunAsync(lab.Host, 465, null), SslScan.RunAsync(lab.Host, 993, null));
            foreach (var (port, their) in new[] { 465, 993 }.Zip(theirs))
            {
                var mine = ours[port];
                IReadOnlyList<(string Name, SslScan Scan)> others = LabEnvironment.Long && n % 10 == 0 ? [("sslscan", their), ("testssl.sh", await TestSsl.RunAsync(lab.Host, port))] : [("sslscan", their)];
                table.AppendLine($"{n,3} {port} {string.Join(" ", their.Versions),-32} {their.Suites.Count,2} suites, {their.Tls13Suites.Count} of TLS 1.3, {their.Groups.Count} groups, {mine.Connections} connections  {settings}");
                foreach (var (name, other) in others)
                {
                    Compare(name, "versions", mine.Facts.Versions, other.Versions);
                    Compare(name, "suites", mine.Facts.Suites, other.Suites);
                    Compare(name, "suites of TLS 1.3", mine.Facts.Tls13Suites, other.Tls13Suites);

                    // Without TLS 1.3 sslscan offers all its suites with one group at a time. Where a suite without a curve comes first in the order that counts, or an
                    // ECDSA suite does and the key's own curve is not the one offered (RFC 8422 section 5.1), it is answered without the group and does not see
                    // it. verify is right there: it says what the configuration has, and sslscan must not have more.
                    var hides = name == "sslscan" && other.Tls13Suites.Count == 0 && mine.Facts.Suites.Any(s => !s.StartsWith("ECDHE-", StringComparison.Ordinal) && !s.StartsWith("AECDH-", StringComparison.Ordinal));
                    Compare(name, "groups", hides ? [] : mine.Facts.Groups, hides ? [.. other.Groups.Except(mine.Facts.Groups)] : other.Groups);
                }

                Compare("the configuration", "groups", mine.Facts.Groups, settings.Groups);

                Compare("the configuration", "order", [$"{mine.ServerOrder ?? settings.ServerOrder}"], [$"{settings.ServerOrder}"]);
                if (mine.First is { } first && their.Preferred is { } preferred)
                {
                    Compare("sslscan", "first suite", [first], [preferred]);
                }

                void Compare(string scanner, string what, IReadOnlyList<string> own, IReadOnlyList<string> other)
                {
                    if (!own.SequenceEqual(other))
                    {
                        disagreements.Add($"{n} {port} {what}: verify alone {string.Join(" ", own.Except(other))}; {scanner} alone {string.Join(" ", other.Except(own))}; {settings}");
                    }
                }
            }
        }

        Console.WriteLine($"verify and sslscan, {Count} configurations, {disagreements.Count} disagreements:\n{table}");
        Assert.True(disagreements.Count == 0, string.Join("\n", disagreements));
    }

    /// <summary>One configuration of both daemons.</summary>
    private sealed class Settings
    {
        private readonly int _minimum;
        private readonly int _maximum;
        private readonly string _ciphers;
        private readonly string _curves;

        public Settings(Random random)
        {
            _minimum = random.Next(4);
            _maximum = random.Next(Math.Max(_minimum, 2), 4);
            var suites = Suites.Where(_ => random.Next(3) > 0).OrderBy(_ => random.Next()).ToList();
            // At least one that a mail client takes, for each kind of key.
            _ciphers = string.Join(':', suites.Append("ECDHE-RSA-AES128-GCM-SHA256").Append("ECDHE-ECDSA-AES128-GCM-SHA256").Append("ECDHE-RSA-AES128-SHA").Append("ECDHE-ECDSA-AES256-SHA").Distinct()) + ":@SECLEVEL=0";
            _curves = string.Join(' ', Curves.Where(_ => random.Next(2) > 0).Append("prime256v1").Distinct().OrderBy(_ => random.Next()));
            ServerOrder = random.Next(2) == 0;
        }

        public bool ServerOrder { get; }

        /// <summary>The curves by IANA's names, in ordinal order.</summary>
        public IReadOnlyList<string> Groups => [.. _curves.Split(' ').Select(c => c == "prime256v1" ? "secp256r1" : c.ToLowerInvariant()).Order(StringComparer.Ordinal)];

        public async Task WriteAsync(MailLab lab)
        {
            string[] names = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
            await lab.Host.WriteFileAsync(
                "/root/more.cf",
                $"""
                smtpd_tls_protocols = >={names[_minimum]}, <={names[_maximum]}
                smtpd_tls_mandatory_protocols = >={names[_minimum]}, <={names[_maximum]}
                smtpd_tls_ciphers = high
                smtpd_tls_mandatory_ciphers = high
                smtpd_tls_exclude_ciphers =
                smtpd_tls_mandatory_exclude_ciphers =
                tls_preempt_cipherlist = {(ServerOrder ? "yes" : "no")}
                smtpd_tls_dh1024_param_file = /root/dh.pem

                """);
            await lab.Host.WriteFileAsync(
                "/etc/dovecot/conf.d/99-zz-differential.conf",
                $"""
                ssl_min_protocol = {names[_minimum]}
                ssl_cipher_list = {_ciphers}
                ssl_curve_list = {_curves.Replace(' ', ':')}
                ssl_prefer_server_ciphers = {(ServerOrder ? "yes" : "no")}
                ssl_dh = </root/dh.pem

                """);
            var changed = await lab.Host.RunAsync($"cat /root/main.cf /root/more.cf >/etc/postfix/main.cf; postconf -P 'submissions/inet/tls_high_cipherlist={_ciphers}' 'submissions/inet/tls_eecdh_auto_curves={_curves.Replace(' ', ',')}'; /run/lab/reload.sh");
            Assert.Equal("", changed.Expect(0).Error);
        }

        public override string ToString() => $"TLS 1.{_minimum} to 1.{_maximum}, {(ServerOrder ? "server" : "client")}, {_curves}, {_ciphers}";
    }
}
