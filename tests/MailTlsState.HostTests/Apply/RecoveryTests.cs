using MailTlsState.HostTests.Crash;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>An apply that was killed: seen by commands that only read, and taken back to what was served before.</summary>
public sealed class RecoveryTests
{
    private const string Journal = "/var/lib/mailtlsstate/journal";
    private const string KillAtReload = "kill -9 $PPID; exit 1";

    [Fact]
    public async Task A_killed_apply_is_reported_by_plan_and_verify_and_taken_back_by_recover()
    {
        await using var lab = await MailLab.StartAsync();
        var (before, served) = await KillAsync(lab);
        Assert.NotEmpty(before.ChangesTo(await lab.Host.SnapshotAsync()));

        // Commands that only read say so, and change nothing.
        var all = await lab.Host.SnapshotAsync("/var/lib/mailtlsstate");
        var half = await lab.Host.SnapshotAsync();
        Assert.Contains("warning MTS0711", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);
        Assert.Contains("warning MTS0711", (await lab.VerifyAsync(2)).Error, StringComparison.Ordinal);
        await lab.RunAsync("cp /root/manifest.yaml /tmp/m.yaml; chmod 644 /tmp/m.yaml");
        Assert.DoesNotContain("MTS071", (await lab.Host.RunAsync("setpriv --reuid 65534 --regid 65534 --clear-groups mailtls plan /tmp/m.yaml")).Error, StringComparison.Ordinal);
        Assert.Empty(half.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Empty(all.ChangesTo(await lab.Host.SnapshotAsync("/var/lib/mailtlsstate")));

        // A recovery that is killed as well is recovered by the next.
        await lab.RunAsync("mailtls recover", 137);
        await lab.RestoreAsync("/usr/bin/doveadm");
        var halfBack = (await lab.PlanAsync(1)).Error;

        // The CA is gone again and its leaf still served: that is half a recovery, and no loss.
        Assert.Contains("error MTS0711", halfBack, StringComparison.Ordinal);
        Assert.DoesNotContain("MTS0536", halfBack, StringComparison.Ordinal);
        Assert.Contains("verified", (await lab.RunAsync("mailtls recover")).Error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal(served, await ServedAsync(lab));
        await lab.NothingLeftAsync();
        Assert.Equal("Nothing to recover.\n", (await lab.RunAsync("mailtls recover")).Output);
        Assert.Contains("\"outcome\": \"nothing\"", (await lab.RunAsync("mailtls recover --format json")).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task The_next_apply_recovers_first_and_then_does_its_work()
    {
        await using var lab = await MailLab.StartAsync();
        await KillAsync(lab);
        await lab.RestoreAsync("/usr/bin/doveadm");
        var result = await lab.ApplyAsync(0);
        Assert.Contains("MTS0705", result.Error, StringComparison.Ordinal);
        Assert.Contains("Apply complete", result.Output, StringComparison.Ordinal);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task Files_restored_at_boot_are_proven_by_the_next_run()
    {
        await using var lab = await MailLab.StartAsync();
        var (before, served) = await KillAsync(lab);
        await lab.RestoreAsync("/usr/bin/doveadm");

        // As after a power cut: no daemon runs, and the recovery comes before they do.
        await lab.RunAsync("pkill -9 -x master; pkill -9 -x dovecot; pkill -9 smtpd; while pgrep -x 'master|dovecot|smtpd' >/dev/null; do sleep 0.1; done");
        Assert.Contains("MTS0705", (await lab.RunAsync("mailtls recover --files-only")).Error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()).Where(change => !change.Contains(".mtls-", StringComparison.Ordinal)));
        await lab.Host.StartMailAsync();
        Assert.Contains("with its files put back", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);
        await lab.RunAsync("mailtls recover");
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal(served, await ServedAsync(lab));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task What_daemons_serve_from_memory_alone_goes_on_being_served()
    {
        await using var lab = await MailLab.AppliedAsync(options: Strace.Options);
        await lab.WriteManifestAsync("article", text => text.Replace("names: [mail.mydomain.com]", "names: [mail.mydomain.com, imap.mydomain.com]", StringComparison.Ordinal));

        // Killed before anybody was told, so nobody reads what an administrator has written without a reload.
        await lab.RunAsync(RandomCase.AllDrifts["local_name"]);
        await lab.RunAsync(Strace.Kill("renameat", 1, CrashHost.Apply), 137);
        Assert.Contains("while files were put in place", (await lab.Host.RunAsync($"mailtls plan {MailLab.Manifest}")).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("reloading", (await lab.RunAsync("mailtls recover")).Error, StringComparison.Ordinal);
        await lab.RunAsync($"openssl s_client -connect mail.mydomain.com:993 {MailLab.Strict}");
        await lab.NothingLeftAsync();

        // Dovecot was told, and does not start on its former files: it stays up with what it has, until the next apply mends it.
        await lab.ApplyAsync(0);
        await lab.WriteManifestAsync("article");
        await lab.RunAsync($"rm {MailLab.Bundle}");
        await new HeldApply(lab).ReplaceAsync("/usr/sbin/postfix", "*reload", "exit 0");
        foreach (var command in new[] { CrashHost.Apply, "mailtls recover" })
        {
            var error = (await lab.RunAsync(command, 6)).Error;
            Assert.Matches("MTS0704.*port 993 served Completed", error);
            Assert.Matches("MTS0718: dovecot was not restarted.*No such file", error);
            await lab.Host.ServedCertificateAsync(993);
        }

        await lab.RestoreAsync("/usr/sbin/postfix");
        Assert.Contains("warning MTS0719", (await lab.ApplyAsync(0)).Error, StringComparison.Ordinal);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_damaged_journal_is_kept_and_nothing_is_changed()
    {
        await using var lab = await MailLab.StartAsync();
        await KillAsync(lab);
        await lab.RestoreAsync("/usr/bin/doveadm");
        await lab.RunAsync($"cp -p {Journal} /root/good; sed -i '1s/intermediate\\|mailtls/xailtls/' {Journal}");
        var half = await lab.Host.SnapshotAsync();
        foreach (var command in new[] { "mailtls recover", $"mailtls apply {MailLab.Manifest} --auto-approve" })
        {
            var result = await lab.RunAsync(command, 6);
            Assert.Contains("error MTS0712", result.Error, StringComparison.Ordinal);
            Assert.Contains("the former content of main.cf", result.Error, StringComparison.Ordinal);
        }

        Assert.Contains("warning MTS0712", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);
        Assert.Empty(half.ChangesTo(await lab.Host.SnapshotAsync()));

        // A last line that was cut off is an ordinary power cut.
        await lab.RunAsync($"mv /root/good {Journal}; printf 'Activ' >>{Journal}; mailtls recover");
        await lab.NothingLeftAsync();
    }

    // The script runs as mailtls's child, so its parent is who has to die.
    private static async Task<(TreeSnapshot Before, string Served)> KillAsync(MailLab lab)
    {
        var before = await lab.Host.SnapshotAsync();
        var served = await ServedAsync(lab);
        await new HeldApply(lab).ReplaceAsync("/usr/bin/doveadm", "*reload", KillAtReload);
        await lab.ApplyAsync(137);
        return (before, served);
    }

    private static async Task<string> ServedAsync(MailLab lab) =>
        await lab.Host.ServedCertificateAsync(25, "smtp") + await lab.Host.ServedCertificateAsync(993)
        + (await lab.RunAsync("ss -Hltn 'sport = :587 or sport = :465'")).Output;
}
