using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>Runs that meet, and files that somebody else changes meanwhile.</summary>
public sealed class ConcurrencyTests
{
    private const string Apply = $"exec mailtls apply {MailLab.Manifest} --auto-approve";

    [Fact]
    public async Task A_second_run_leaves_at_once_naming_the_first_or_waits_for_it()
    {
        await using var lab = await MailLab.StartAsync();
        var held = new HeldApply(lab);
        await held.StartToReloadAsync(Apply);
        var pid = (await lab.RunAsync("pgrep -x mailtls")).Output.Trim();
        foreach (var command in new[] { $"mailtls apply {MailLab.Manifest} --auto-approve", "mailtls recover" })
        {
            var error = (await lab.RunAsync(command, 4)).Error;
            Assert.Contains($"MTS0708: another run holds the lock: process {pid}, mailtls apply {MailLab.Manifest} --auto-approve, since 20", error, StringComparison.Ordinal);
        }

        // A limited wait ends as well.
        Assert.Contains("waiting up to 1 s", (await lab.RunAsync("mailtls recover --lock-timeout 1s", 4)).Error, StringComparison.Ordinal);
        await lab.RunAsync("mailtls recover --lock-timeout 1x", 64);

        // A certbot hook or a timer that may wait finds the work done.
        await lab.RunAsync($"(mailtls apply {MailLab.Manifest} --auto-approve --lock-timeout 5m >/run/second.out 2>/run/second.err; echo $? >/run/second.status) </dev/null >/dev/null 2>&1 & while ! grep -q 'waiting up to' /run/second.err 2>/dev/null; do sleep 0.1; done");
        await held.ReleaseAsync();
        (await held.EndAsync()).Expect(0);
        await lab.RunAsync("while [ ! -s /run/second.status ]; do sleep 0.1; done");
        Assert.Equal("0", (await lab.Host.ReadFileAsync("/run/second.status")).Trim());
        Assert.DoesNotContain("MTS0705", await lab.Host.ReadFileAsync("/run/second.err"), StringComparison.Ordinal);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_killed_run_leaves_no_lock()
    {
        await using var lab = await MailLab.StartAsync();
        var before = await lab.Host.SnapshotAsync();
        var held = new HeldApply(lab);
        await held.StartToReloadAsync(Apply);
        await held.SignalAsync("KILL");
        await held.ReleaseAsync();
        await lab.RunAsync("while pgrep -x mailtls >/dev/null; do sleep 0.1; done; mailtls recover");
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        await lab.NothingLeftAsync();
    }

    [Theory]
    [InlineData("echo '# edited meanwhile' >>/etc/postfix/main.cf", "/etc/postfix/main.cf", "grep '# edited' /etc/postfix/main.cf")]
    [InlineData("cp -p /etc/postfix/master.cf /etc/postfix/x; mv /etc/postfix/x /etc/postfix/master.cf; echo '# edited' >>/etc/postfix/master.cf", "/etc/postfix/master.cf", "grep '# edited' /etc/postfix/master.cf")]
    [InlineData("chgrp adm /etc/postfix/main.cf", "/etc/postfix/main.cf", "stat -c %G /etc/postfix/main.cf | grep adm")]
    public async Task A_file_that_somebody_changes_before_the_commit_ends_it_with_nothing_changed(string edit, string path, string edited)
    {
        await using var lab = await MailLab.StartAsync();
        var held = new HeldApply(lab);
        await held.StartToRehearsalAsync(Apply);
        await lab.RunAsync(edit);
        var content = await lab.Host.ReadFileAsync(path);
        await held.ReleaseAsync();
        var result = (await held.EndAsync()).Expect(3);
        Assert.Contains("MTS0707", result.Error, StringComparison.Ordinal);
        Assert.Contains(path, result.Error, StringComparison.Ordinal);
        Assert.Equal(content, await lab.Host.ReadFileAsync(path));
        await lab.RunAsync(edited);
        Assert.Empty((await lab.RunAsync("ls -d /etc/pki/mailtls 2>/dev/null || :")).Output);
        await lab.NothingLeftAsync();

        // What was edited is part of the next plan.
        await lab.ApplyAsync(0);
        await lab.RunAsync(edited);
    }
}
