using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>The configuration of one release on the next one, as an upgrade of the host leaves it.</summary>
public sealed class UpgradeTests
{
    private const string Kept = "/etc/postfix/main.cf /etc/postfix/master.cf /etc/pki /root/manifest.yaml /root/mail-ca.pass";

    [Theory]
    [InlineData("bullseye", "bookworm", ">=TLSv1.2")]
    [InlineData("bookworm", "trixie", ">=TLSv1.2")]
    public async Task Postfix_serves_the_same_after_an_upgrade_of(string from, string to, string floor)
    {
        string kept;
        await using (var old = await MailLab.AppliedAsync("intermediate", Postfix, from))
        {
            kept = (await old.RunAsync($"tar -C / -cf - {Kept.Replace(" /", " ", StringComparison.Ordinal)[1..]} | base64 -w0")).Output;
        }

        await using var lab = await MailLab.StartAsync("intermediate", Postfix, to);
        (await lab.Host.RunAsync("postfix stop >/dev/null 2>&1; base64 -d | tar -C / -xf - && /run/lab/start-mail.sh 25 587", kept)).Expect(0);
        var before = await lab.Host.ServedCertificateAsync(25, "smtp");
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(before, await lab.Host.ServedCertificateAsync(25, "smtp"));
        Assert.Equal($"{floor}\n", (await lab.RunAsync("postconf -h smtpd_tls_protocols")).Output);
        Assert.Empty((await lab.RunAsync("postconf -n 2>&1 >/dev/null | grep -i tls; :")).Output);
    }

    [Fact]
    public async Task All_of_both_daemons_goes_from_12_to_13_with_what_an_administrator_has_set()
    {
        string kept, before;
        await using (var old = await MailLab.StartAsync("intermediate", release: "bookworm"))
        {
            await old.Host.EnableSaslAsync();
            await old.RunAsync(
                "cd /etc/dovecot/conf.d; sed -i -E 's/^mail_location = .*/mail_location = maildir:~\\/Maildir/' 10-mail.conf; sed -i -E 's/^#?(disable_plaintext_auth|auth_mechanisms) = .*/\\1 = XX/; s/^disable_plaintext_auth = XX/disable_plaintext_auth = yes/; s/^auth_mechanisms = XX/auth_mechanisms = plain login/' 10-auth.conf; "
                + "printf 'verbose_ssl = no\\nlocal_name other.example.org {\\n  ssl_cert = </etc/dovecot/private/dovecot.pem\\n  ssl_key = </etc/dovecot/private/dovecot.key\\n}\\n' >/etc/dovecot/local.conf; "
                + "printf 'protocol imap {\\n  mail_max_userip_connections = 20\\n}\\n' >95-site.conf; "
                + "postconf -e 'smtpd_banner = $myhostname ESMTP' 'smtp_tls_security_level = may' smtpd_use_tls=yes tls_preempt_cipherlist=yes; doveconf -n >/dev/null && /run/lab/reload.sh");
            await old.ApplyAsync(0);
            before = Fingerprint(await old.Host.ServedCertificateAsync(25, "smtp"));
            kept = (await old.RunAsync("tar -C / -cf - etc/postfix etc/dovecot etc/pki root/manifest.yaml root/mail-ca.pass | base64 -w0")).Output;
        }

        await using var lab = await MailLab.StartAsync("intermediate", release: "trixie");
        await lab.Host.StopMailAsync();
        (await lab.Host.RunAsync("mv /etc/postfix /root/postfix.13; mv /etc/dovecot /root/dovecot.13; base64 -d | tar -C / -xf -", kept)).Expect(0);
        await lab.RunAsync("dovecot", 89);

        // What stops Dovecot is named, with its place and what takes its place; what is TLS's is translated and said.
        var error = (await lab.PlanAsync(1)).Error;
        Assert.Matches(@"/etc/dovecot/dovecot\.conf:1:1: error MTS0406: .*dovecot_config_version = 2\.4\.0", error);
        Assert.Matches(@"10-mail\.conf:\d+:1: error MTS0404: .*mail_location.* hint: use mail_driver, mail_path", error);
        Assert.Matches(@"auth-system\.conf\.ext:\d+:1: error MTS0404: .*passdb.* hint: give it a name", error);
        Assert.Matches(@"90-quota\.conf:\d+:1: error MTS0404: .*plugin", error);
        Assert.Matches(@"10-director\.conf:\d+:1: error MTS0404: .*inet_listener.* hint: give it a name", error);
        Assert.Matches(@"10-auth\.conf:\d+:1: note MTS0405: .*auth_allow_cleartext = no", error);
        Assert.Matches(@"/etc/dovecot/local\.conf:3:1: note MTS0405: ""ssl_cert"" is ""ssl_server_cert_file", error);

        // As its hints say, and no more.
        await lab.RunAsync(
            "cd /etc/dovecot; sed -i '1i dovecot_config_version = 2.4.0\\ndovecot_storage_version = 2.4.0' dovecot.conf; sed -i '/^dict {/,/^}/d' dovecot.conf; sed -i '/^plugin {/,/^}/d' conf.d/*.conf; sed -i 's/inet_listener {/inet_listener tcp {/' conf.d/10-director.conf; "
            + "sed -i 's/^mail_location = .*/mail_driver = maildir\\nmail_path = ~\\/Maildir/' conf.d/10-mail.conf; sed -i -e '/^passdb {/,/^}/c passdb pam {\\n}' -e '/^userdb {/,/^}/c userdb passwd {\\n}' conf.d/auth-system.conf.ext");
        var plan = (await lab.PlanAsync(2)).Output;
        Assert.Contains("because Dovecot 2.4 needs the manifest's settings under their new names", plan, StringComparison.Ordinal);
        Assert.Contains("+  ssl_server_cert_file = /etc/dovecot/private/dovecot.pem", plan, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(before, Fingerprint(await lab.Host.ServedCertificateAsync(25, "smtp")));
        Assert.Equal(before, Fingerprint(await lab.Host.ServedCertificateAsync(993)));
        Assert.Equal(
            "local_name other.example.org {\n  ssl_server_cert_file = /etc/dovecot/private/dovecot.pem\n  ssl_server_key_file = /etc/dovecot/private/dovecot.key\n}\n",
            await lab.Host.ReadFileAsync("/etc/dovecot/local.conf"));

        // The next upgrade replaces the programs of daemons that run on: their ports are theirs as before.
        await lab.RunAsync("for f in /usr/sbin/dovecot /usr/lib/postfix/sbin/master; do cp -p $f $f.new && mv $f.new $f; done; ls -l /proc/$(cat /run/dovecot/master.pid)/exe | grep -q '(deleted)$'");
        await lab.ConvergedAsync();
        Assert.Equal("$myhostname ESMTP\n", (await lab.RunAsync("postconf -h smtpd_banner")).Output);
        Assert.Equal("plain login\n20\n", (await lab.RunAsync("doveconf -h auth_mechanisms | xargs; doveconf -f protocol=imap -h mail_max_userip_connections")).Output);
        Assert.Empty((await lab.RunAsync("{ postconf; postconf -M; postconf -P; doveconf -n; } 2>&1 >/dev/null | grep -iE 'tls|ssl'; :")).Output);
    }

    // The releases' openssl writes names differently.
    private static string Fingerprint(string served) => served[served.IndexOf('\n', served.IndexOf("issuer", StringComparison.Ordinal))..].ToUpperInvariant();

    private static string Postfix(string text) => text[..text.IndexOf("  dovecot:", StringComparison.Ordinal)];
}
