using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>What administrators do to a good host: seen by plan and verify, repaired by apply.</summary>
public sealed class DisasterTests
{
    [Fact]
    public async Task Damaged_certificate_files_are_found_and_repaired()
    {
        await using var lab = await MailLab.AppliedAsync();

        // The article's own: the shell empties the file before cat reads it.
        await lab.RunAsync($"cp {MailLab.Root} /root/gd.crt && cd /etc/pki/mailtls && cat mail.mydomain.com.pem /root/gd.crt >mail.mydomain.com.pem && /run/lab/reload.sh");
        await lab.RepairsAsync("FAIL");

        // Another key than the certificate's.
        await lab.RunAsync($"umask 077; openssl genrsa 2048 >/root/k 2>/dev/null; openssl x509 -in {MailLab.Bundle} >>/root/k; cat /root/k >{MailLab.Bundle}; /run/lab/reload.sh");
        await lab.RepairsAsync("FAIL");

        // Only the mode: what is served stays right, so verify has nothing to say.
        var served = await lab.Host.ServedCertificateAsync(993, null);
        await lab.RunAsync($"chmod 644 {MailLab.Bundle}");
        Assert.Contains("0644 → 0600", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        Assert.Equal("600", (await lab.RunAsync($"stat -c %a {MailLab.Bundle}")).Output.Trim());
        Assert.Equal(served, await lab.Host.ServedCertificateAsync(993, null));
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_renewed_certificate_that_was_never_loaded_is_found_and_loaded()
    {
        await using var lab = await MailLab.AppliedAsync();
        await lab.Host.WriteFileAsync(
            "/root/renew.ext",
            "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature, keyEncipherment\nextendedKeyUsage = serverAuth\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n");
        await lab.RunAsync(
            """
            set -e; umask 077; cd /etc/pki/mailtls
            openssl pkey -in mail.mydomain.com.pem -out /root/new.pem
            openssl req -new -key /root/new.pem -subj /CN=mail.mydomain.com -addext subjectAltName=DNS:mail.mydomain.com |
                openssl x509 -req -CA ca/ca.pem -CAkey ca/ca.key -passin file:/root/mail-ca.pass -days 397 -sha256 -copy_extensions copy -extfile /root/renew.ext >>/root/new.pem
            cat /root/new.pem >mail.mydomain.com.pem
            """);
        var disk = (await lab.RunAsync($"openssl x509 -in {MailLab.Bundle} -noout -subject -issuer -fingerprint -sha256")).Output;
        Assert.NotEqual(disk, await lab.Host.ServedCertificateAsync(993, null));
        await lab.RepairsAsync("FAIL");
        Assert.Equal(disk, await lab.Host.ServedCertificateAsync(993, null));
        Assert.Equal(disk, await lab.Host.ServedCertificateAsync(25, "smtp"));
    }

    // A new smtpd reads the file at once, and an old one that is with a client is met by no handshake of ours: the next client of its would be.
    [Fact]
    public async Task A_renewed_certificate_that_only_new_processes_serve_is_loaded_by_all()
    {
        await using var lab = await MailLab.AppliedAsync();
        await lab.RunAsync(
            $$"""
            set -e
            /run/lab/reload.sh; {{MailLab.StayingClient}}; pgrep -x smtpd >/run/former; sleep 0.2
            openssl pkey -in {{MailLab.Bundle}} >/root/new.pem
            printf 'basicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:mail.mydomain.com\nextendedKeyUsage = serverAuth\nauthorityKeyIdentifier = keyid\n' >/root/renew.ext
            openssl req -new -key /root/new.pem -subj /CN=mail.mydomain.com |
                openssl x509 -req -CA {{MailLab.Root}} -CAkey /etc/pki/mailtls/ca/ca.key -passin file:/root/mail-ca.pass -days 397 -sha256 -set_serial 0x11 -extfile /root/renew.ext >>/root/new.pem
            cat /root/new.pem >{{MailLab.Bundle}}
            doveadm reload; until openssl s_client -connect 127.0.0.1:993 </dev/null 2>/dev/null | openssl x509 -noout -serial | grep -q 11; do sleep 0.2; done
            """);
        Assert.Contains("service postfix\n      because some of its processes are older than the certificate's files", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        var verified = (await lab.VerifyAsync(2)).Output;
        Assert.Contains("MTS0838", verified, StringComparison.Ordinal);
        Assert.DoesNotContain("MTS0806", verified, StringComparison.Ordinal);
        Assert.Contains("1 service to reload", (await lab.ApplyAsync(0)).Output, StringComparison.Ordinal);
        await lab.ConvergedAsync();
        await lab.VerifyAsync(0);

        // Its client was not sent away, and it ends with that.
        await lab.RunAsync("kill -0 $(cat /run/former); touch /run/quit; i=0; while kill -0 $(cat /run/former) 2>/dev/null; do i=$((i + 1)); [ $i -lt 50 ] || exit 1; sleep 0.1; done");
        await lab.VerifyAsync(0);
    }

    [Fact]
    public async Task Overrides_in_the_daemons_configuration_are_found_and_removed()
    {
        await using var lab = await MailLab.AppliedAsync();
        await lab.RunAsync(
            """
            cat >>/etc/dovecot/dovecot.conf <<END
            local_name mail.mydomain.com {
              ssl_cert = </etc/ssl/certs/ssl-cert-snakeoil.pem
              ssl_key = </etc/ssl/private/ssl-cert-snakeoil.key
            }
            END
            /run/lab/reload.sh
            """);
        await lab.RepairsAsync("FAIL");

        await lab.RunAsync("postconf -P smtp/inet/smtpd_tls_security_level=none && /run/lab/reload.sh");
        await lab.RepairsAsync("FAIL");
        Assert.DoesNotContain("smtp/inet/smtpd_tls_security_level", (await lab.RunAsync("postconf -P")).Output, StringComparison.Ordinal);

        // The last line wins, and every daemon warns.
        await lab.RunAsync("echo 'smtpd_tls_protocols = >=TLSv1' >>/etc/postfix/main.cf && /run/lab/reload.sh");
        await lab.PlanAsync(2);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal("1", (await lab.RunAsync("grep -c '^smtpd_tls_protocols' /etc/postfix/main.cf")).Output.Trim());
        Assert.DoesNotContain("overriding earlier entry", (await lab.RunAsync("postconf -n 2>&1")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stopped_daemons_are_started()
    {
        await using var lab = await MailLab.AppliedAsync();
        await lab.Host.StopMailAsync();
        await lab.RepairsAsync("FAIL");
        await lab.RunAsync("pgrep -x master && pgrep -x dovecot");
    }
}
