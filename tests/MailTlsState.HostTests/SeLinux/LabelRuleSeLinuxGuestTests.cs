using Xunit;

namespace MailTlsState.HostTests.SeLinux;

/// <summary>Local rules where the policy's own gives another type: added, changed with the manifest, taken away, and a death around each.</summary>
[Trait("Run", "Long")]
public class LabelRuleSeLinuxGuestTests
{
    [Fact]
    public async Task A_local_rule_follows_the_manifest_and_a_death_around_semanage_leaves_the_old_rule_or_the_new_one()
    {
        // The policy has a rule of the very same pattern, with a type that Postfix may not read.
        await using var host = await LabelledGuest.StartAsync("/etc/ssl/dovecot");
        await host.WatchSeManageAsync();
        await DieAsync(host, "before", "start", "middle", "after");
        Assert.Contains("+ labelRule /etc/ssl/dovecot(/.*)?", await host.TellAsync(LabelledGuest.Apply), StringComparison.Ordinal);
        await SettledAsync(host, "cert_t");
        var before = await host.StateAsync();

        // Another type by the manifest.
        await host.EditAsync("s/directory: .*/&\\n  selinuxType: tls_privkey_t/");
        await DieAsync(host, "start", "middle");
        var changed = await host.TellAsync(LabelledGuest.Apply);
        Assert.Contains("~ labelRule /etc/ssl/dovecot(/.*)?", changed, StringComparison.Ordinal);
        Assert.Contains("type  cert_t → tls_privkey_t", changed, StringComparison.Ordinal);
        await SettledAsync(host, "tls_privkey_t");

        // And back, by taking the applies back.
        await host.TellAsync("mailtls rollback --auto-approve");
        Assert.Equal(before, await host.StateAsync());
        await host.EditAsync("/selinuxType/d");
        await SettledAsync(host, "cert_t");
    }

    private static async Task DieAsync(LabelledGuest host, params string[] moments)
    {
        foreach (var moment in moments)
        {
            var before = await host.StateAsync();
            var run = await host.TellRunAsync($"echo {moment} >/run/lab/die; {LabelledGuest.Apply}; s=$?; cd /var/lib/selinux/default/active; touch file_contexts.local; diff file_contexts.local {LabelledGuest.LocalRules}; exit $s");
            Assert.Equal(137, run.ExitCode);
            await host.TellAsync("mailtls recover; semanage fcontext -l -C | cat");
            Assert.Equal(before, await host.StateAsync());
        }
    }

    // Right on disk, on the wire, and after a relabel; and nothing that semanage started was refused the file that we lock.
    private static async Task SettledAsync(LabelledGuest host, string type)
    {
        Assert.Empty(await host.TellAsync("journalctl -q -b --no-pager -o cat _TRANSPORT=audit | grep -E 'avc: +denied.*semanage_exec_t' || :"));
        Assert.All(await host.TypesAsync(), t => Assert.Equal(type, t));
        await host.TellAsync($"restorecon -RFv {host.Directory}; semanage fcontext -l -C -n | cat");
        Assert.All(await host.TypesAsync(), t => Assert.Equal(type, t));
        await host.VerifyAsync();
        await host.NothingToDoAsync();
    }
}
