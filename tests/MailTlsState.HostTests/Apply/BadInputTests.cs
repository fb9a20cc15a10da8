using System.Text.RegularExpressions;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>What stands in the way is said with code, fact and remedy, and nothing is changed. (A wrong clock is the planner's own tests' matter: a namespace cannot set one.)</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task Daemons_that_cannot_be_managed_are_named()
    {
        await using var lab = await MailLab.StartAsync();
        await WithAsync(lab, "mv /usr/sbin/postconf /usr/sbin/postconf.away", "mv /usr/sbin/postconf.away /usr/sbin/postconf", "MTS0301", "Postfix is not installed");
        await WithAsync(lab, "mv /usr/bin/doveconf /usr/bin/doveconf.away", "mv /usr/bin/doveconf.away /usr/bin/doveconf", "MTS0301", "Dovecot is not installed");
        await WithAsync(
            lab,
            "mv /usr/sbin/dovecot /usr/sbin/dovecot.away; printf '#!/bin/sh\\necho \"2.9.1 (0000000000)\"\\n' >/usr/sbin/dovecot; chmod 755 /usr/sbin/dovecot",
            "mv -f /usr/sbin/dovecot.away /usr/sbin/dovecot",
            "MTS0302",
            "2.9.1");
        // An smtpd that met the broken file makes the master hold back the next one for a minute: hence the restart.
        await WithAsync(lab, "cp -p /etc/postfix/main.cf /root/; echo 'a line without sense' >>/etc/postfix/main.cf", "cp -p /root/main.cf /etc/postfix/; postfix stop; /run/lab/start-mail.sh", "MTS0304", "/etc/postfix/main.cf, line");
        await WithAsync(lab, "cp -p /etc/dovecot/dovecot.conf /root/; echo 'no_such = 1' >>/etc/dovecot/dovecot.conf", "cp -p /root/dovecot.conf /etc/dovecot/", "MTS0304", "Unknown setting: no_such");
        await lab.ApplyAsync(0);
    }

    [Fact]
    public async Task Paths_that_cannot_be_replaced_safely_are_named()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync("mkdir -p /etc/pki/mailtls && chmod 700 /etc/pki/mailtls");
        await WithAsync(lab, $"ln -s /root/elsewhere {MailLab.Bundle}", $"rm {MailLab.Bundle}", "MTS0220", "symbolic link");
        await WithAsync(lab, $"umask 077; echo x >{MailLab.Bundle}; ln {MailLab.Bundle} /etc/pki/second", $"rm {MailLab.Bundle} /etc/pki/second", "MTS0221", "2 hard links");
        await WithAsync(lab, $"mkdir {MailLab.Bundle}", $"rmdir {MailLab.Bundle}", "MTS0605", "is a directory");
        await WithAsync(lab, "mount --bind /etc/pki/mailtls /etc/pki/mailtls && mount -o remount,bind,ro /etc/pki/mailtls", "umount /etc/pki/mailtls", "MTS0224", "read-only");
        await WithAsync(lab, "cd /etc/postfix && mv main.cf real.cf && ln -s real.cf main.cf", "cd /etc/postfix && rm main.cf && mv real.cf main.cf", "MTS0220", "symbolic link");
        await lab.ApplyAsync(0);
    }

    [Fact]
    public async Task Secrets_that_do_not_serve_are_named_and_not_told()
    {
        await using var lab = await MailLab.StartAsync();
        await WithAsync(lab, "mv /root/mail-ca.pass /root/away", "mv /root/away /root/mail-ca.pass", "MTS0606", "does not exist");
        await WithAsync(lab, "chmod 644 /root/mail-ca.pass", "chmod 600 /root/mail-ca.pass", "MTS0606", "mode 0644");
        await lab.ApplyAsync(0);
        await lab.RunAsync($"rm {MailLab.Bundle}; cp -p /root/mail-ca.pass /root/away; echo 'another passphrase' >/root/mail-ca.pass");
        var error = await lab.RefusesAsync(1, ["MTS0502"]);
        Assert.DoesNotContain("another passphrase", error, StringComparison.Ordinal);
        await lab.RunAsync("mv /root/away /root/mail-ca.pass");
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task Whoever_stands_in_the_way_is_named()
    {
        await using var lab = await MailLab.StartAsync();
        await WithAsync(
            lab,
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout /root/k.pem -out /root/c.pem -subj /CN=x -days 2 2>/dev/null; "
            + "openssl s_server -accept 587 -key /root/k.pem -cert /root/c.pem -quiet </dev/null >/dev/null 2>&1 & echo $! >/root/server.pid; /run/lab/wait-ports.sh 587",
            "kill $(cat /root/server.pid); while ss -Hltn 'sport = :587' | grep -q .; do sleep 0.05; done",
            "MTS0305",
            "port 587 for postfix submission is held by /usr/bin/openssl");

        await lab.RunAsync($"cp {MailLab.Manifest} /tmp/manifest.yaml; chmod 644 /tmp/manifest.yaml");
        var before = await lab.Host.SnapshotAsync();
        Assert.Contains("MTS0710", (await lab.RunAsync("setpriv --reuid 65534 --regid 65534 --clear-groups mailtls apply /tmp/manifest.yaml --auto-approve", 1)).Error, StringComparison.Ordinal);
        Assert.Contains("hint: ", (await lab.RunAsync($"mailtls apply {MailLab.Manifest}", 1)).Error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));

        // The first apply is held up in its reload, where it has the lock.
        await lab.RunAsync(
            "mv /usr/bin/doveadm /usr/bin/doveadm.real; printf '#!/bin/sh\\n: >/root/inside\\nwhile ! [ -e /root/go ]; do sleep 0.05; done\\nexec /usr/bin/doveadm.real \"$@\"\\n' >/usr/bin/doveadm; chmod 755 /usr/bin/doveadm; "
            + $"{{ mailtls apply {MailLab.Manifest} --auto-approve; echo $? >/root/status; }} </dev/null >/root/first 2>&1 & i=0; while ! [ -e /root/inside ]; do i=$((i+1)); [ $i -lt 400 ] || exit 1; sleep 0.05; done");
        var pid = (await lab.RunAsync("pgrep -x mailtls")).Output.Trim();
        var second = await lab.ApplyAsync(4);
        Assert.Matches($@"\b{Regex.Escape(pid)}\b", second.Error);
        await lab.RunAsync("touch /root/go; while ! [ -e /root/status ]; do sleep 0.05; done; cat /root/first; exit $(cat /root/status)");
        await lab.RunAsync("mv -f /usr/bin/doveadm.real /usr/bin/doveadm");
        await lab.ConvergedAsync();
    }

    private static async Task WithAsync(MailLab lab, string damage, string mend, params string[] said)
    {
        await lab.RunAsync(damage);
        await lab.RefusesAsync(1, ["hint: ", .. said]);
        await lab.RunAsync(mend);
    }
}
