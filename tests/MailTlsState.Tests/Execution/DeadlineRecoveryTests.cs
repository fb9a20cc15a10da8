using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Services.Systemd;
using MailTlsState.Tests.Planning;
using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>The timer of an apply: set before the commit, stopped at the end, and what it does when it goes off.</summary>
public class DeadlineRecoveryTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private const string Program = "/usr/local/sbin/mailtls";
    private static readonly ApplyLimits Limits = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.Zero, 1);

    [Fact]
    public async Task The_timer_is_set_before_the_first_file_changes_and_stopped_at_the_end()
    {
        var host = OnSystemd();
        var armed = false;
        host.BeforeChange = (operation, path) =>
        {
            armed = armed || host.Runs.Any(r => r.Program == "/usr/bin/systemd-run");
            Assert.True(armed || operation != "rename" || path.StartsWith(Directory, StringComparison.Ordinal), $"{operation} {path}");
        };
        await ApplyAsync(host);
        Assert.Contains(host.Runs, r => r.Program == "/usr/bin/systemd-run" && r.Arguments.Contains("recover") && r.Arguments.Contains(Program));
        Assert.StartsWith("/usr/bin/systemctl --no-ask-password stop mailtls-deadline-", host.Runs[^1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timer_that_cannot_be_set_is_a_warning()
    {
        var host = OnSystemd();
        var programs = host.Programs;
        host.Programs = call => call.Program == "/usr/bin/systemd-run" ? new ProcessResult(1, "", "no bus") : programs(call);
        var result = await ApplyAsync(host);
        Assert.Contains(result.Diagnostics, d => d.Code.Id == "MTS0762" && d.Fact.Contains("no bus", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_has_ended_is_not_touched_and_no_lock_is_taken()
    {
        var host = OnSystemd();
        using var other = host.Lock("mailtls apply of somebody else");
        var result = await RecoverAsync(host, "20261125T000000000");
        Assert.Equal(RecoveryOutcome.Nothing, result.Outcome);
    }

    [Fact]
    public async Task What_another_run_is_about_to_begin_with_is_left_alone()
    {
        // It holds the lock and has not put its journal in place yet.
        var host = OnSystemd();
        host.CreateDirectory(Directory, 0, 0, 0x1C0);
        host.CreateFile(Directory + "/journal.new", "its first line"u8, 0, 0, 0x180);
        using var other = host.Lock("mailtls apply of somebody else");
        await RecoverAsync(host, "20261125T000000000");
        Assert.NotNull(host.Stat(Directory + "/journal.new"));
    }

    [Fact]
    public async Task A_run_that_hangs_is_ended_and_its_files_come_back()
    {
        var host = OnSystemd();
        var before = Files(host);
        var programs = host.Programs;
        host.Programs = call =>
        {
            if (call.Arguments.Contains("reload"))
            {
                // From here on nothing that this process does reaches the disk.
                host.BeforeChange = (_, _) => throw new HangsException();
                throw new HangsException();
            }

            return programs(call);
        };
        _ = await Record.ExceptionAsync(() => ApplyAsync(host));
        host.Programs = programs;
        host.BeforeChange = (_, _) => { };
        Assert.NotEqual(before, Files(host));

        // The lock is older than the journal, as that of the run itself is.
        var run = Journal.Open(host, Directory)!.Entry.Id;
        var hung = host.Lock("mailtls apply that hangs");
        var result = await RecoverAsync(host, run);
        Assert.Equal(RecoveryOutcome.RolledBack, result.Outcome);
        Assert.Equal(before, Files(host));
        Assert.Null(Journal.Open(host, Directory));
        hung.Dispose();
    }

    [Fact]
    public void The_deadline_is_longer_than_every_apply_that_ends_by_itself()
    {
        Assert.Equal(TimeSpan.FromSeconds(180), ApplyLimits.Default.DeadlineFor(2));
        Assert.Equal(TimeSpan.FromSeconds(680), (ApplyLimits.Default with { Handshakes = 50 }).DeadlineFor(2));
        Assert.Equal(TimeSpan.FromSeconds(540), ApplyLimits.Default.DeadlineFor(2, new LabelRuleStep("/srv/tls(/.*)?", null, "cert_t", "/etc/selinux/default/contexts/files/file_contexts.local").Patience));
        Assert.Equal(TimeSpan.FromSeconds(7), (ApplyLimits.Default with { Deadline = TimeSpan.FromSeconds(7) }).DeadlineFor(2));
    }

    private static InMemoryHost OnSystemd()
    {
        var host = RecordedMachine.Start("intermediate");
        host.AddDirectory("/etc/systemd/system");
        host.Facts = host.Facts with { Systemd = true, Program = Program };
        return host;
    }

    private static Task<RecoveryResult> RecoverAsync(InMemoryHost host, string run) =>
        new DeadlineRecovery(host, host, Limits, Directory).RecoverAsync(run, "mailtls recover", new Silent(), CancellationToken.None);

    private static async Task<ApplyResult> ApplyAsync(InMemoryHost host)
    {
        var manifest = new GoldenCase("intermediate").Manifest;
        var made = await PlanMaker.MakeAsync(host, manifest, null, CancellationToken.None);
        return await new Executor(host, host, new Silent(), Limits, Directory).ApplyAsync(manifest, made.Planning.Plan!, "mailtls apply", TimeSpan.Zero, CancellationToken.None);
    }

    private static List<string> Files(InMemoryHost host) => [.. StepTests.Snapshot(host).Where(line => !line.StartsWith(Directory, StringComparison.Ordinal))];

    private sealed class HangsException : Exception;

    private sealed class Silent : IApplyProgress
    {
        public void Begin(string step)
        {
        }
    }
}
