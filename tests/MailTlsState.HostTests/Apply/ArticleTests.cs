using System.Globalization;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>The article's manifest on a stock host, from the distribution's defaults to "No changes".</summary>
public sealed class ArticleTests
{
    private const string Connect = "--connect mail.mydomain.com=10.77.0.1";

    [Fact]
    public async Task The_articles_manifest_secures_a_stock_host_and_leaves_the_rest_alone()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync("cp -a /etc/postfix /root/postfix.before");
        var before = await lab.Host.SnapshotAsync();

        Assert.Contains("Plan: 9 to add, 2 to change, 0 to destroy; 2 services to reload.", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        var applied = await lab.Host.SnapshotAsync();
        await lab.ConvergedAsync();
        Assert.Empty(applied.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal("1", (await lab.RunAsync("find /var/lib/mailtlsstate/applied -type f | wc -l")).Output.Trim());

        Assert.Equal(
            [
                "/etc/dovecot/conf.d/99-mailtlsstate.conf", "/etc/pki", "/etc/pki/mailtls", "/etc/pki/mailtls/ca", "/etc/pki/mailtls/ca/ca.key",
                MailLab.Root, MailLab.Bundle, "/etc/postfix/main.cf", "/etc/postfix/master.cf",
            ],
            before.ChangedPaths(applied));
        Assert.Equal(
            "755 /etc/pki\n700 /etc/pki/mailtls\n700 /etc/pki/mailtls/ca\n600 /etc/pki/mailtls/ca/ca.key\n600 /etc/pki/mailtls/ca/ca.pem\n600 /etc/pki/mailtls/mail.mydomain.com.pem\n",
            (await lab.RunAsync("find /etc/pki -printf '%m %p\\n' | sort -k 2")).Output);
        await OnlyManagedLinesDifferAsync(lab);
        await NoSecretInSightAsync(lab);
        await CertificatesAreAsTheyShouldAsync(lab);
        await ClientsAreServedAsync(lab);
        await RemoteVerificationAsync(lab);
    }

    private static async Task OnlyManagedLinesDifferAsync(MailLab lab)
    {
        var diff = (await lab.Host.RunAsync("diff -r -U 0 /root/postfix.before /etc/postfix")).Expect(1).Output.Split('\n');
        Assert.Equal(
            ["-smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem", "-smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key"],
            diff.Where(line => line.StartsWith('-') && !line.StartsWith("---", StringComparison.Ordinal)));
        Assert.All(
            diff.Where(line => line.StartsWith('+') && !line.StartsWith("+++", StringComparison.Ordinal)),
            line => Assert.Matches(@"^\+($|# TLS, managed by MailTlsState for mail\.mydomain\.com$|smtpd?_tls_|tls_preempt_cipherlist = yes$|submissions? inet |  -o )", line));
        Assert.Empty((await lab.RunAsync("postconf -n 2>&1 >/dev/null; doveconf -n 2>&1 >/dev/null")).Output);
    }

    // Neither the passphrase nor a private key is in a plan, a journal or a log.
    private static async Task NoSecretInSightAsync(MailLab lab) => Assert.Empty((await lab.RunAsync(
        "! grep -rlE 'correct horse|PRIVATE KEY' /var/lib/mailtlsstate /var/log; ! grep -l 'BEGIN PRIVATE KEY' /etc/pki/mailtls/ca/ca.key")).Output);

    private static async Task CertificatesAreAsTheyShouldAsync(MailLab lab)
    {
        var root = (await lab.RunAsync($"openssl x509 -in {MailLab.Root} -noout -text")).Output;
        Assert.Contains("Version: 3", root, StringComparison.Ordinal);
        Assert.Contains("CA:TRUE, pathlen:0", root, StringComparison.Ordinal);
        Assert.Contains("Certificate Sign, CRL Sign", root, StringComparison.Ordinal);
        Assert.Contains("X509v3 Subject Key Identifier", root, StringComparison.Ordinal);

        var leaf = (await lab.RunAsync($"openssl x509 -in {MailLab.Bundle} -noout -text")).Output;
        Assert.Contains("Version: 3", leaf, StringComparison.Ordinal);
        Assert.Contains("CA:FALSE", leaf, StringComparison.Ordinal);
        Assert.Contains("DNS:mail.mydomain.com", leaf, StringComparison.Ordinal);
        Assert.Contains("TLS Web Server Authentication", leaf, StringComparison.Ordinal);
        Assert.Contains("Public-Key: (2048 bit)", leaf, StringComparison.Ordinal);
        Assert.Equal(
            (await lab.RunAsync($"openssl x509 -in {MailLab.Root} -noout -ext subjectKeyIdentifier | tail -n 1")).Output.Trim(),
            (await lab.RunAsync($"openssl x509 -in {MailLab.Bundle} -noout -ext authorityKeyIdentifier | tail -n 1")).Output.Trim());
        Assert.True((await lab.RunAsync($"openssl x509 -in {MailLab.Bundle} -noout -serial")).Output.Trim().Length >= "serial=".Length + 16);
        Assert.Equal(1825, await DaysAsync(lab, MailLab.Root), 1.1);
        Assert.Equal(397, await DaysAsync(lab, MailLab.Bundle), 1.1);
        await lab.RunAsync($"openssl verify -x509_strict -CAfile {MailLab.Root} {MailLab.Bundle}");
        await lab.RunAsync("openssl pkey -in /etc/pki/mailtls/ca/ca.key -passin file:/root/mail-ca.pass -noout");
        (await lab.Host.RunAsync("openssl pkey -in /etc/pki/mailtls/ca/ca.key -passin pass:wrong -noout")).Expect(1);
    }

    private static async Task<double> DaysAsync(MailLab lab, string file)
    {
        var end = (await lab.RunAsync($"openssl x509 -in {file} -noout -enddate -dateopt iso_8601")).Output.Trim()["notAfter=".Length..];
        return (DateTimeOffset.Parse(end, CultureInfo.InvariantCulture) - DateTimeOffset.UtcNow).TotalDays;
    }

    private static async Task ClientsAreServedAsync(MailLab lab)
    {
        foreach (var (port, startTls) in new[] { (25, "smtp"), (587, "smtp"), (465, null), (143, "imap"), (993, null), (110, "pop3"), (995, null) })
        {
            var dialogue = startTls is null ? "" : $"-starttls {startTls} ";
            (await lab.Host.RunRemoteAsync($"openssl s_client {dialogue}-connect mail.mydomain.com:{port} {MailLab.Strict}")).Expect(0);
            foreach (var old in new[] { "-tls1", "-tls1_1" })
            {
                var refused = await lab.Host.RunRemoteAsync($"openssl s_client {dialogue}-connect mail.mydomain.com:{port} {old} -cipher ALL:@SECLEVEL=0 </dev/null");
                Assert.Contains("Cipher is (NONE)", refused.Output, StringComparison.Ordinal);

                // Postfix says why by alert; Dovecot 2.3 closes without one.
                Assert.Matches("alert protocol version|unexpected eof while reading", refused.Output + refused.Error);
            }
        }

        // What a client is offered before TLS; openssl's own dialogue is not in the way.
        foreach (var (port, greets) in new[] { (587, "EHLO client.example\\r\\n"), (25, "EHLO client.example\\r\\n"), (143, "a CAPABILITY\\r\\n"), (110, "CAPA\\r\\n") })
        {
            var said = (await lab.Host.RunRemoteAsync(
                $"timeout 9 bash -c 'exec 3<>/dev/tcp/10.77.0.1/{port}; read -r -t 5 greeting <&3; printf \"{greets}\" >&3; while read -r -t 1 line <&3; do echo \"$line\"; done; :'")).Expect(0).Output;
            Assert.Matches("STARTTLS|STLS", said);
            Assert.DoesNotMatch(@"(?m)AUTH[ =]|^SASL \S|^USER", said.Replace("LOGINDISABLED", "", StringComparison.Ordinal));
            if (port == 143)
            {
                Assert.Contains("LOGINDISABLED", said, StringComparison.Ordinal);
            }
        }
    }

    private static async Task RemoteVerificationAsync(MailLab lab)
    {
        await lab.RunAsync($"cp {MailLab.Root} /root/root.pem; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -out /root/other.pem -subj '/O=My Domain/CN=My Mail CA' -days 9 2>/dev/null");
        var seen = (await lab.Host.RunRemoteAsync($"mailtls verify {MailLab.Manifest} {Connect} --root /root/root.pem")).Expect(0);
        Assert.Contains("10.77.0.1:587", seen.Output, StringComparison.Ordinal);
        (await lab.Host.RunRemoteAsync($"mailtls verify {MailLab.Manifest} {Connect} --root /root/other.pem")).Expect(2);
        (await lab.Host.RunRemoteAsync($"mailtls verify {MailLab.Manifest} --connect mail.mydomain.com=10.77.0.9 --root /root/root.pem", timeLimit: TimeSpan.FromSeconds(90))).Expect(2);
    }
}
