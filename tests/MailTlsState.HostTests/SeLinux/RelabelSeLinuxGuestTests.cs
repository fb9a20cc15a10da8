using MailTlsState.Hosts.SeLinux;
using Xunit;

namespace MailTlsState.HostTests.SeLinux;

/// <summary>What no process can prepare for: the whole file system labelled anew, and power cuts, after which the boot itself recovers.</summary>
[Trait("Run", "Long")]
public class RelabelSeLinuxGuestTests
{
    private const string Journal = "/var/lib/mailtlsstate/journal";

    // Its timer would recover it first: the clock of a guest that has nothing to do runs ahead.
    private const string Hung = LabelledGuest.Apply + " --deadline 10h";

    [Fact]
    public async Task A_full_relabel_is_no_drift_and_after_a_power_cut_the_boot_brings_labels_and_rules_back()
    {
        // The policy's own rule for the directory gives a type that no daemon may read.
        await using var host = await LabelledGuest.StartAsync("/srv/tls");
        var guest = host.Guest;
        Assert.Contains("+ labelRule /srv/tls(/.*)?", await host.TellAsync(LabelledGuest.Apply), StringComparison.Ordinal);
        await SettledAsync(host, "cert_t");

        // What touch /.autorelabel does, and the boot after it. It sets the contexts' user as well, which files keep from their maker.
        await guest.ExpectAsync("restorecon -RF /etc /srv");
        var before = await host.StateAsync();
        await host.TellAsync("fixfiles -F -f relabel 2>&1 | tail -n 5; sync");
        await RebootAsync(host);
        Assert.Equal(before, await host.StateAsync());
        await SettledAsync(host, "cert_t");

        // The domain of the unit is that of any program that it starts.
        await guest.ExpectAsync("d=/etc/systemd/system/mailtls-recover.service.d; mkdir -p $d; printf '[Service]\\nExecStartPre=/usr/bin/cat /proc/self/attr/current\\n' >$d/lab.conf; sync");

        // Cut off in the middle of semanage: its store has the new rule, and the kernel's policy files the old one.
        await host.WatchSeManageAsync();
        await guest.ExpectAsync($"chcon -t usr_t {host.Bundle}");
        await host.EditAsync("s/directory: .*/&\\n  selinuxType: tls_privkey_t/");
        before = await host.StateAsync();
        await host.TellAsync($"echo hang >/run/lab/die; {Hung} >/run/hung.out 2>&1 & until [ -e /run/lab/hangs ]; do sleep 0.1; done; sync; diff /var/lib/selinux/default/active/file_contexts.local {LabelledGuest.LocalRules} || :");
        await RecoveredAtBootAsync(host, before);

        // And when everything was in its place, but not yet seen.
        await host.EditAsync("s/keys: .*/keys: [ecdsa-p384]/");
        await host.TellAsync(
            $"{Hung} >/run/hung.out 2>&1 & p=$!; "
            + $"until grep -q '^Committed ' {Journal} 2>/dev/null; do kill -0 $p 2>/dev/null || {{ cat /run/hung.out >&2; exit 98; }}; done; kill -STOP $p; cat {LabelledGuest.LocalRules}; ls -Z {host.Bundle}");
        await RecoveredAtBootAsync(host, before);

        await host.TellAsync(LabelledGuest.Apply);
        await SettledAsync(host, "tls_privkey_t");
    }

    private static async Task RebootAsync(LabelledGuest host)
    {
        await host.Guest.CutPowerAsync();
        await host.Guest.BootAsync();
        await host.Guest.WaitAsync(LabelledGuest.Up);
    }

    // Files, labels and rules are as before when the daemons start, and the next run sees that they serve it.
    private static async Task RecoveredAtBootAsync(LabelledGuest host, string before)
    {
        await RebootAsync(host);
        await host.TellAsync("getenforce; systemctl status --no-pager -l mailtls-recover.service || :; journalctl -q -b --no-pager -o cat -u mailtls-recover.service; journalctl -q -b --no-pager -o cat _TRANSPORT=audit | grep -E 'avc: +denied' || :");
        Assert.Contains("VerifyLater", await host.Guest.ExpectAsync($"cat {Journal}"), StringComparison.Ordinal);
        Assert.Equal(before, await host.StateAsync());
        Assert.Contains("verified", (await host.TellRunAsync("mailtls recover")).Expect(0).ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await host.StateAsync());
    }

    private static async Task SettledAsync(LabelledGuest host, string type)
    {
        Assert.All(await host.TypesAsync(), t => Assert.Equal(type, t));
        await host.VerifyAsync();
        await host.NothingToDoAsync();
    }
}
