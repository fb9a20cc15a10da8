using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>An apply that cannot succeed leaves the former state, served and on disk.</summary>
public sealed class RollbackTests
{
    [Fact]
    public async Task What_breaks_only_together_with_the_new_state_is_found_by_the_rehearsal()
    {
        await using var lab = await MailLab.StartAsync();

        // Without TLS nobody reads the curves: this host works until somebody switches TLS on.
        await lab.RunAsync("sed -i 's/^ssl = yes/ssl = no/' /etc/dovecot/conf.d/10-ssl.conf; echo 'ssl_curve_list = nosuchcurve' >>/etc/dovecot/dovecot.conf; /run/lab/reload.sh");
        var error = await lab.RefusesAsync(1, ["MTS07", "dovecot"]);
        Assert.DoesNotContain("committing", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Disconnected", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_without_effect_brings_the_old_state_back()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync("mv /usr/bin/doveadm /usr/bin/doveadm.real; printf '#!/bin/sh\\nexit 0\\n' >/usr/bin/doveadm; chmod 755 /usr/bin/doveadm");
        var smtp = await lab.Host.ServedCertificateAsync(25, "smtp");
        var error = await lab.RefusesAsync(5, ["MTS07", "committing", "rolling back"]);
        Assert.Contains("imaps", error, StringComparison.Ordinal);
        Assert.Equal(smtp, await lab.Host.ServedCertificateAsync(25, "smtp"));
        Assert.Empty((await lab.RunAsync("ss -Hltn 'sport = :587 or sport = :465'")).Output);

        // With the cause gone the same manifest succeeds.
        await lab.RunAsync("mv -f /usr/bin/doveadm.real /usr/bin/doveadm");
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_reload_that_ends_the_master_is_noticed_and_undone_with_its_own_words()
    {
        await using var lab = await MailLab.StartAsync();

        // Another program takes port 587 between the rehearsal and the reload, and master(8) dies of it.
        await new HeldApply(lab).ReplaceAsync(
            "/usr/sbin/postfix",
            "*reload",
            "openssl s_server -quiet -accept 587 -cert /etc/ssl/certs/ssl-cert-snakeoil.pem -key /etc/ssl/private/ssl-cert-snakeoil.key </dev/zero >/dev/null 2>&1 & while [ -z \"$(ss -Hltn 'sport = :587')\" ]; do sleep 0.1; done");
        var smtp = await lab.Host.ServedCertificateAsync(25, "smtp");
        var before = await lab.Host.SnapshotAsync();
        var error = (await lab.ApplyAsync(5)).Error;
        Assert.Contains("Address already in use", error, StringComparison.Ordinal);
        Assert.Contains("the daemons logged meanwhile", error, StringComparison.Ordinal);
        Assert.Contains("starting postfix", error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal(smtp, await lab.Host.ServedCertificateAsync(25, "smtp"));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task A_dovecot_whose_old_processes_still_hold_the_ports_is_brought_back()
    {
        await using var lab = await MailLab.StartAsync();
        var imap = await lab.Host.ServedCertificateAsync(993);

        // The reload ends the master alone: its login processes, held for a while, go on listening.
        await new HeldApply(lab).ReplaceAsync(
            "/usr/bin/doveadm",
            "*reload",
            "p=$(pgrep -f '^dovecot/imap-login'); kill -STOP $p; kill -KILL $(cat /run/dovecot/master.pid); (sleep 3; kill -CONT $p; kill -KILL $p) >/dev/null 2>&1 & exit 0");
        await lab.Host.ServedCertificateAsync(993);
        var before = await lab.Host.SnapshotAsync();
        var error = (await lab.ApplyAsync(5)).Error;
        Assert.Contains("starting dovecot", error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal(imap, await lab.Host.ServedCertificateAsync(993));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task A_service_that_master_has_given_up_for_a_while_is_brought_back_by_a_restart_that_is_reported()
    {
        await using var lab = await MailLab.StartAsync();

        // smtpd dies of the new settings, but not in the rehearsal, which has a network of its own.
        await new HeldApply(lab).ReplaceAsync(
            "/usr/lib/postfix/sbin/smtpd", "*", "if [ \"$(readlink /proc/self/ns/net)\" = \"$(cat /root/net)\" ] && grep -q mailtls /etc/postfix/main.cf; then exit 1; fi");
        await lab.RunAsync("readlink /proc/self/ns/net >/root/net; postconf -e service_throttle_time=600s; /run/lab/reload.sh");
        var smtp = await lab.Host.ServedCertificateAsync(25, "smtp");
        var before = await lab.Host.SnapshotAsync();
        var error = (await lab.ApplyAsync(5)).Error;
        Assert.Contains("MTS0717", error, StringComparison.Ordinal);
        Assert.Contains("throttling", error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal(smtp, await lab.Host.ServedCertificateAsync(25, "smtp"));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task The_old_policy_is_seen_again_or_the_service_is_restarted()
    {
        await using var lab = await MailLab.AppliedAsync("intermediate");
        await lab.WriteManifestAsync("intermediate", text => text.Replace("base: intermediate", "base: modern", StringComparison.Ordinal));
        var before = await lab.Host.SnapshotAsync();

        // Postfix dies of its reload, so all goes back; Dovecot has loaded the new policy by then, and its second reload does nothing.
        await new HeldApply(lab).ReplaceAsync("/usr/bin/doveadm", "*reload", "if [ -e /run/told ]; then exit 0; fi; : >/run/told; postfix stop");
        var error = (await lab.ApplyAsync(5)).Error;
        Assert.Matches("MTS0717.*dovecot was restarted.*Tls12 Accepted.*Tls12 Refused", error);
        await lab.RestoreAsync("/usr/bin/doveadm");
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        await lab.RunAsync($"openssl s_client -connect mail.mydomain.com:993 -tls1_2 {MailLab.Strict}");
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task What_cannot_be_restored_is_listed_and_recover_tries_again()
    {
        await using var lab = await MailLab.StartAsync();
        var before = await lab.Host.SnapshotAsync();
        var held = new HeldApply(lab);

        // The reload ends Dovecot, and for a while it cannot be started.
        await held.ReplaceAsync("/usr/bin/doveadm", "*reload", "mv /usr/sbin/dovecot /usr/sbin/dovecot.away; printf '#!/bin/sh\\nexit 89\\n' >/usr/sbin/dovecot; chmod 755 /usr/sbin/dovecot; pkill -x dovecot; while pgrep -x dovecot >/dev/null; do sleep 0.1; done; exit 0");
        var error = (await lab.ApplyAsync(6)).Error;
        Assert.Contains("error MTS0704", error, StringComparison.Ordinal);
        Assert.Contains("port 993", error, StringComparison.Ordinal);
        Assert.Contains("mailtls recover", error, StringComparison.Ordinal);
        await lab.RunAsync("mailtls recover", 6);
        await lab.RunAsync("mv -f /usr/sbin/dovecot.away /usr/sbin/dovecot");
        await lab.RestoreAsync("/usr/bin/doveadm");
        await lab.RunAsync("mailtls recover");
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        await lab.Host.ServedCertificateAsync(993);
        await lab.NothingLeftAsync();
        await lab.ApplyAsync(0);
    }
}
