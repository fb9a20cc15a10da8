using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>Signals, terminals that close and output that nobody reads: exit 130, and never half a change.</summary>
public sealed class InterruptTests
{
    private const string Apply = $"exec mailtls apply {MailLab.Manifest} --auto-approve";

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task A_signal_before_the_commit_leaves_the_host_untouched(string signal)
    {
        await using var lab = await MailLab.StartAsync();
        var before = await lab.Host.SnapshotAsync();
        var held = new HeldApply(lab);
        await held.StartToRehearsalAsync(Apply);
        await held.SignalAsync(signal);
        await held.ReleaseAsync();
        var result = (await held.EndAsync()).Expect(130);
        Assert.Contains("MTS0909", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("committing", result.Error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task A_signal_after_the_commit_lets_the_run_finish_however_often_it_comes()
    {
        await using var lab = await MailLab.StartAsync();
        var held = new HeldApply(lab);
        await held.StartToReloadAsync(Apply);
        await held.SignalAsync("INT");
        await held.SignalAsync("INT");
        await held.SignalAsync("TERM");
        await held.ReleaseAsync();
        var result = (await held.EndAsync()).Expect(130);
        Assert.Contains("MTS0716", result.Error, StringComparison.Ordinal);
        Assert.Contains("the new state is served", result.Error, StringComparison.Ordinal);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_signal_while_the_new_state_is_waited_for_rolls_back_and_so_does_a_second_one()
    {
        await using var lab = await MailLab.StartAsync();
        var before = await lab.Host.SnapshotAsync();
        var served = await lab.Host.ServedCertificateAsync(993);
        var held = new HeldApply(lab);

        // This reload does nothing, so the new certificate never comes.
        await held.ReplaceAsync("/usr/bin/doveadm", "*reload", "sleep 100000; exit 0");
        await held.StartToSleepAsync(Apply);
        await held.SignalAsync("INT");
        await lab.RunAsync("p=$(pgrep -f '^sleep 100000'); kill $p; while kill -0 $p 2>/dev/null; do sleep 0.1; done; while ! pgrep -f '^sleep 100000' >/dev/null; do sleep 0.1; done");

        // It waits in the reload of the roll-back now.
        await held.SignalAsync("INT");
        await held.ReleaseAsync();
        var result = (await held.EndAsync()).Expect(130);
        Assert.Contains("rolling back", result.Error, StringComparison.Ordinal);
        Assert.Contains("was rolled back", result.Error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
        Assert.Equal(served, await lab.Host.ServedCertificateAsync(993));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task A_terminal_that_closes_in_the_middle_leaves_a_whole_state()
    {
        await using var lab = await MailLab.StartAsync();
        var held = new HeldApply(lab);

        // script(1) is the terminal; when it dies its shell gets SIGHUP, and every write an input/output error.
        await held.StartToReloadAsync($"script -qc '{Apply}' /dev/null");
        await lab.RunAsync("pkill -9 -x script; while pgrep -x script >/dev/null; do sleep 0.1; done");
        await held.ReleaseAsync();
        await lab.RunAsync("while pgrep -x mailtls >/dev/null; do sleep 0.1; done");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_reader_that_goes_away_leaves_a_whole_state()
    {
        await using var lab = await MailLab.StartAsync();
        var before = await lab.Host.SnapshotAsync();

        // Gone before the first word: nothing is begun.
        foreach (var stream in new[] { "", "2>&1 >/dev/null" })
        {
            Assert.Equal("130", (await lab.RunAsync($"bash -c 'mailtls apply {MailLab.Manifest} --auto-approve {stream} | true; echo ${{PIPESTATUS[0]}}' | tail -1")).Output.Trim());
            Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));
            await lab.NothingLeftAsync();
        }

        // Gone after the plan: that was all that it wanted to read.
        Assert.Equal("130", (await lab.RunAsync($"bash -c 'mailtls apply {MailLab.Manifest} --auto-approve | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}'")).Output.Trim());
        var untouched = before.ChangesTo(await lab.Host.SnapshotAsync()).Count == 0;
        await (untouched ? lab.NothingLeftAsync() : lab.ConvergedAsync());
        await lab.ApplyAsync(0);

        // Closed from the start: somebody wants no output, and no file takes its place.
        await lab.RunAsync("rm /etc/pki/mailtls/mail.mydomain.com.pem");
        await lab.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve <&- >&- 2>&-");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        foreach (var closed in new[] { "<&-", ">&-", "2>&-", ">&- 2>&-", "<&- 2>&-", "<&- >&-" })
        {
            await lab.RunAsync($"mailtls validate {MailLab.Manifest} {closed}");
        }

        Assert.Empty((await lab.RunAsync("grep -rl 'observing the host' /var/lib/mailtlsstate /etc /run/mailtlsstate.lock || :")).Output);
    }
}
