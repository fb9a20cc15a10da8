using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using Xunit;

namespace MailTlsState.HostTests.Hosts;

/// <summary>Rehearsals on the stock mail host.</summary>
public sealed class RehearsalTests
{
    private static readonly LinuxHost Host = new();

    [Fact]
    public Task Staged_files_are_served_and_the_host_stays_as_it_was() => InsideHost.RunAsync(async () =>
    {
        await LinuxHostRootTests.RunAsync("/run/lab/start-mail.sh");
        Stage("/etc/postfix/main.cf", text => text.Replace("smtpd_banner = ", "smtpd_banner = $myhostname rehearsed ", StringComparison.Ordinal));
        var served = await Host.ProbeAsync(Probe(MailProtocol.Smtp, false, 25), default);
        var before = await SnapshotAsync();

        await using (var rehearsal = await StartAsync(["/etc/postfix/main.cf"], removed: ["/etc/issue"]))
        {
            Assert.True(rehearsal.IsAlive(ServiceKind.Postfix) && rehearsal.IsAlive(ServiceKind.Dovecot), rehearsal.Log);
            var smtp = await rehearsal.ProbeAsync(Probe(MailProtocol.Smtp, false, 25), default);
            Assert.Equal(ProbeOutcome.Completed, smtp.Outcome);
            Assert.Contains("rehearsed", smtp.Greeting, StringComparison.Ordinal);
            Assert.Equal(ProbeOutcome.Completed, (await rehearsal.ProbeAsync(Probe(MailProtocol.Imap, true, 993), default)).Outcome);

            // The host's own address is there as well, so that listeners on it can be bound.
            Assert.Equal(ProbeOutcome.Completed, (await rehearsal.ProbeAsync(Probe(MailProtocol.Smtp, false, 25) with { Address = "10.77.0.1" }, default)).Outcome);
            var inside = await rehearsal.RunAsync(new ProcessCall("/bin/sh", ["-c", "ls -d /etc/issue /etc/made /var/spool/postfix/maildrop/*; stat -c '%a %U' /etc/made; touch /etc/x /var/x /run/x"]), default);
            Assert.Equal("/etc/made\n700 mail\n", inside.Output);
        }

        Assert.Equal(before, await SnapshotAsync());
        Assert.Equivalent(served, await Host.ProbeAsync(Probe(MailProtocol.Smtp, false, 25), default), strict: true);
    });

    [Fact]
    public Task What_the_daemons_refuse_is_said_in_their_own_words() => InsideHost.RunAsync(async () =>
    {
        Stage("/etc/postfix/master.cf", text => text.Replace("       smtpd\n", "       nosuchprogram\n", StringComparison.Ordinal));
        Stage("/etc/dovecot/dovecot.conf", text => text + "ssl_cert = </etc/nowhere.pem\n");

        await using var rehearsal = await StartAsync(["/etc/postfix/master.cf", "/etc/dovecot/dovecot.conf"]);

        Assert.False(rehearsal.IsAlive(ServiceKind.Dovecot));
        Assert.Equal(ProbeOutcome.NotConnected, (await rehearsal.ProbeAsync(Probe(MailProtocol.Imap, true, 993), default)).Outcome);
        Assert.NotEqual(ProbeOutcome.Completed, (await rehearsal.ProbeAsync(Probe(MailProtocol.Smtp, false, 25), default)).Outcome);
        Assert.Contains("Can't open file /etc/nowhere.pem", rehearsal.Log, StringComparison.Ordinal);
        Assert.Contains("nosuchprogram", rehearsal.Log, StringComparison.Ordinal);
    });

    [Fact]
    public Task Mail_in_the_queue_is_not_seen() => InsideHost.RunAsync(async () =>
    {
        await LinuxHostRootTests.RunAsync("/run/lab/start-mail.sh && printf 'Subject: x\\n\\nx\\n' | sendmail root@unreachable.example && while ! find /var/spool/postfix/deferred /var/spool/postfix/active -type f | grep -q .; do sleep 0.05; done");

        await using var rehearsal = await StartAsync([]);

        Assert.Equal("Mail queue is empty\n", (await rehearsal.RunAsync(new ProcessCall("/usr/bin/mailq", []), default)).Output);
        Assert.Contains("root@unreachable.example", (await LinuxHostRootTests.RunAsync("mailq")).Output, StringComparison.Ordinal);
    });

    [Fact]
    public Task A_caller_that_is_killed_leaves_nothing_behind() => InsideHost.RunAsync(async () =>
    {
        if (InsideHost.Role == "caller")
        {
            await using var held = await StartAsync([]);
            await File.WriteAllTextAsync("/run/rehearsing", "");
            await Task.Delay(Timeout.Infinite);
        }

        using var caller = InsideHost.StartRole("caller");
        await InsideHost.UntilAsync(() => File.Exists("/run/rehearsing"), "the rehearsal runs");

        // A child between fork and exec still has its master's name, so there may be more for a moment.
        await InsideHost.UntilAsync(() => Masters() == 2, "both masters run");
        caller.Kill();
        await caller.WaitForExitAsync();

        await InsideHost.UntilAsync(() => Masters() == 0, "the daemons are gone");
        Assert.DoesNotContain("rehearsal", await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
    });

    [Fact]
    public Task Without_the_rights_it_is_unavailable_with_the_reason() => InsideHost.RunAsync(async () =>
    {
        if (InsideHost.Role == "user")
        {
            var failure = await Assert.ThrowsAsync<RehearsalUnavailableException>(() => StartAsync([]));
            Assert.Contains("not permitted", failure.Message, StringComparison.Ordinal);
            return;
        }

        using var user = InsideHost.StartRole("user", "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin");
        await user.WaitForExitAsync();
        Assert.Equal(0, user.ExitCode);
    });

    private static ProbeRequest Probe(MailProtocol protocol, bool implicitTls, int port) => new(protocol, implicitTls, "127.0.0.1", port, "mail.mydomain.com", "127.0.0.2", []);

    private static void Stage(string path, Func<string, string> change) => File.WriteAllText(path + ".staged", change(File.ReadAllText(path)));

    private static Task<IRehearsal> StartAsync(string[] staged, string[]? removed = null) => Host.StartRehearsalAsync(
        new RehearsalRequest(
            staged.ToDictionary(p => p, p => p + ".staged"),
            [new RehearsalDirectory("/etc/made", 8, 8, 0b111_000_000)],
            removed ?? [],
            "/etc/postfix",
            "/etc/dovecot/dovecot.conf"),
        default);

    private static int Masters() => Directory.EnumerateDirectories("/proc").Count(p =>
        File.Exists(p + "/comm") && ReadOrEmpty(p + "/comm").Trim() is "master" or "dovecot");

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // The process ended meanwhile.
            return "";
        }
    }

    private static async Task<string> SnapshotAsync() => (await LinuxHostRootTests.RunAsync(
        "find /etc /var/spool/postfix /var/lib /run -xdev ! -path '/run/lab*' -printf '%p %m %u %g %s %T@ %l\\n' | sort; pgrep -a 'master|dovecot'; cat /proc/mounts")).Output;
}
