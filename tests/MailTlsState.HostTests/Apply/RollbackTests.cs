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
        await lab.RunAsync("sed -i 's/^ssl = yes/ssl = no/' /etc/dovecot/conf.d/10-ssl.conf; echo 'ssl_curve_list = nosuchcurve' >>/etc/dovecot/dovecot.conf; doveadm reload");
        var error = await lab.RefusesAsync(1, ["MTS07", "dovecot"]);
        Assert.DoesNotContain("committing", error, StringComparison.Ordinal);
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
}
