using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Tests.Planning;
using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>
/// Whole applies on a recorded host whose daemons never load anything new, so each apply ends in a roll-back; then the same
/// with a failure, or the death of the process, before changes all along the way.
/// </summary>
public class FaultTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private static readonly ApplyLimits Limits = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.Zero, 1);

    // Each apply makes keys and encrypts one under a passphrase, which takes its time: every so many changes will do, and 1 tries all.
    private static readonly int Stride = Environment.GetEnvironmentVariable("MAILTLS_LONG") == "1" ? 1 : 7;

    [Fact]
    public async Task An_apply_whose_daemons_serve_the_old_state_is_rolled_back()
    {
        var host = RecordedMachine.Start("intermediate");
        var before = Files(host);
        var result = await ApplyAsync(host);
        Assert.Equal(ApplyOutcome.RolledBack, result.Outcome);
        Assert.Equal(before, Files(host));
        Assert.Contains(host.Paths, path => path.StartsWith(Directory + "/applied/", StringComparison.Ordinal));
        Assert.Contains(host.Runs, call => call.ToString().Contains("doveadm", StringComparison.Ordinal) && call.ToString().EndsWith("reload", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_before_a_change_leaves_the_old_state_and_nothing_else()
    {
        var changes = await CountAsync();
        Assert.True(changes > 40, $"{changes}");
        for (var at = 1; at <= changes; at += Stride)
        {
            var host = RecordedMachine.Start("intermediate");
            var before = Files(host);
            var plan = await PlanAsync(host);
            FailAt(host, at, () => new HostWriteException("write", "x", 28, "no space left on device"));
            await EndAsync(host, plan, typeof(HostWriteException));
            await RecoverAsync(host);
            Assert.True(before.SequenceEqual(Files(host)), $"change {at}: {string.Join("; ", Files(host).Except(before).Concat(before.Except(Files(host))))}");
        }
    }

    [Fact]
    public async Task A_process_that_dies_before_a_change_is_recovered_by_the_next_apply()
    {
        var changes = await CountAsync();
        for (var at = 2; at <= changes; at += Stride)
        {
            var host = RecordedMachine.Start("intermediate");
            var before = Files(host);
            var plan = await PlanAsync(host);

            // From then on nothing that this process does reaches the disk.
            var count = 0;
            host.BeforeChange = (_, _) => _ = ++count >= at ? throw new DeadException() : 0;
            await EndAsync(host, plan, typeof(DeadException));
            await RecoverAsync(host);
            Assert.True(before.SequenceEqual(Files(host)), $"change {at}: {string.Join("; ", Files(host).Except(before).Concat(before.Except(Files(host))))}");
        }
    }

    [Fact]
    public async Task A_recovery_that_dies_anywhere_is_recovered_in_turn()
    {
        for (var at = 1; ; at += Stride)
        {
            var host = RecordedMachine.Start("intermediate");
            var before = Files(host);
            var plan = await PlanAsync(host);
            host.Programs = Die(host, host.Programs);
            await EndAsync(host, plan, typeof(DeadException));
            Assert.NotEqual(before, Files(host));

            var count = 0;
            host.Programs = RecordedMachine.Start("intermediate").Programs;
            host.BeforeChange = (_, _) => _ = ++count >= at ? throw new DeadException() : 0;
            var died = await Record.ExceptionAsync(() => RecoverOnceAsync(host)) is DeadException;
            await RecoverAsync(host);
            Assert.Equal(before, Files(host));
            if (!died)
            {
                Assert.True(at > 10, $"{at}");
                return;
            }
        }
    }

    [Theory]
    [InlineData(25, -1, "")]
    [InlineData(25, 1, "/usr/sbin/postfix -c /etc/postfix start")]
    [InlineData(993, 1, "/usr/bin/doveadm -c /etc/dovecot/dovecot.conf reload")]
    public async Task A_service_that_was_told_nothing_is_told_to_read_its_files_only_where_a_process_may_have_read_new_files(int port, int seconds, string told)
    {
        var host = await DiedWhilePuttingFilesInPlaceAsync();
        var started = Journal.Open(host, Directory)!.Entry.Started;
        host.Serving = [new ServingProcess(port, "server", started + TimeSpan.FromSeconds(seconds))];
        Assert.Equal(RecoveryOutcome.RolledBack, (await RecoverOnceAsync(host)).Outcome);
        Assert.Equal(told, string.Join(' ', host.Runs.Select(c => c.ToString()).Where(c => c.EndsWith("reload", StringComparison.Ordinal) || c.EndsWith(" start", StringComparison.Ordinal))));
        Assert.Null(Journal.Open(host, Directory));
    }

    [Fact]
    public async Task With_all_files_back_an_apply_goes_on_where_a_service_cannot_serve_what_it_served()
    {
        var host = await DiedWhilePuttingFilesInPlaceAsync();
        var probes = host.Probes;
        host.Probes = request => request.Port == 993 ? InMemoryHost.NotConnected(request) : probes(request);
        Assert.Equal(RecoveryOutcome.Incomplete, (await RecoverOnceAsync(host)).Outcome);
        Assert.NotNull(Journal.Open(host, Directory));

        var ended = await new Recovery(host, host, Limits, Directory).RecoverAsync(new Silent(), goesOn: true);
        Assert.Equal(RecoveryOutcome.NotServed, ended.Outcome);
        Assert.Contains("port 993 served Completed", ended.Diagnostics[0].Fact, StringComparison.Ordinal);
        Assert.Same(ExecutionDiagnostics.NotServedCode, ended.Diagnostics[0].Code);
        Assert.Null(Journal.Open(host, Directory));
        Assert.DoesNotContain(host.Paths, path => path.Contains(".mtls-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(JournalState.Staging, "had changed nothing")]
    [InlineData(JournalState.Verified, "is done and its new state was verified")]
    [InlineData(JournalState.RolledBack, "was taken back")]
    public async Task Of_a_run_whose_outcome_stands_only_the_tidying_up_is_said_to_have_failed(JournalState state, string words)
    {
        var host = new InMemoryHost().AddDirectory("/var/lib");
        var journal = Journal.Begin(host, Directory, new JournalEntry("run", DateTimeOffset.UnixEpoch, "mailtls apply", "mail.mydomain.com", "m", [], [], []));
        if (state != JournalState.Staging)
        {
            journal.Reach(state);
        }

        host.BeforeChange = (operation, path) => throw new HostWriteException(operation, path, 30, "read-only file system");
        var result = await RecoverOnceAsync(host);
        Assert.Equal(RecoveryOutcome.Incomplete, result.Outcome);
        var said = Assert.Single(result.Diagnostics);
        Assert.Equal((ExecutionDiagnostics.NotTidiedCode, Severity.Error), (said.Code, said.Severity));
        Assert.StartsWith($"the interrupted run run {words}, but temporary files are left: ", said.Fact, StringComparison.Ordinal);
        await RecoverAsync(host);
    }

    [Fact]
    public async Task Services_are_told_of_files_that_are_back_also_where_the_journal_cannot_say_so()
    {
        var host = RecordedMachine.Start("intermediate");
        var before = Files(host);
        var plan = await PlanAsync(host);
        var programs = host.Programs;
        host.Programs = Die(host, programs);
        await EndAsync(host, plan, typeof(DeadException));
        host.Programs = programs;
        host.Runs.Clear();
        host.BeforeChange = (operation, path) => _ = path.StartsWith(Directory, StringComparison.Ordinal) ? throw new HostWriteException(operation, path, 28, "no space left on device") : 0;

        var result = await RecoverOnceAsync(host);
        Assert.Equal(RecoveryOutcome.Incomplete, result.Outcome);
        Assert.Contains("no space left on device", result.Diagnostics[0].Fact, StringComparison.Ordinal);
        Assert.Equal(before, Files(host).Where(l => !l.StartsWith(Directory, StringComparison.Ordinal)));
        Assert.Contains(host.Runs, call => call.ToString().Contains("doveadm", StringComparison.Ordinal) && call.ToString().EndsWith("reload", StringComparison.Ordinal));
        await RecoverAsync(host);
        Assert.Equal(before, Files(host));
    }

    [Fact]
    public async Task A_plan_of_another_state_is_stale_and_changes_nothing()
    {
        var host = RecordedMachine.Start("intermediate");
        var plan = await PlanAsync(host);
        host.SetOwnerAndMode("/etc/postfix/main.cf", 0, 0, 0x180);
        var before = Files(host);
        var stale = await Assert.ThrowsAsync<PlanStaleException>(() => ApplyAsync(host, plan));
        Assert.Contains("/etc/postfix/main.cf", Assert.Single(stale.Moved), StringComparison.Ordinal);
        Assert.Equal(before, Files(host));
    }

    [Fact]
    public async Task Two_applies_exclude_each_other()
    {
        var host = RecordedMachine.Start("intermediate");
        using var held = host.Lock("mailtls apply other.yaml");
        await Assert.ThrowsAsync<LockHeldException>(() => ApplyAsync(host));
    }

    private static async Task<InMemoryHost> DiedWhilePuttingFilesInPlaceAsync()
    {
        var host = RecordedMachine.Start("intermediate");
        var plan = await PlanAsync(host);
        host.BeforeChange = (_, _) =>
        {
            if (Journal.Open(host, Directory) is { State: JournalState.Intent })
            {
                throw new DeadException();
            }
        };
        await EndAsync(host, plan, typeof(DeadException));
        host.BeforeChange = (_, _) => { };
        Assert.Equal(JournalState.Intent, Journal.Open(host, Directory)!.State);
        return host;
    }

    private static Func<ProcessCall, ProcessResult?> Die(InMemoryHost host, Func<ProcessCall, ProcessResult?> inner) => call =>
    {
        if (call.Arguments is [.., "reload"])
        {
            host.BeforeChange = (_, _) => throw new DeadException();
            throw new DeadException();
        }

        return inner(call);
    };

    private static async Task<int> CountAsync()
    {
        var host = RecordedMachine.Start("intermediate");
        var count = 0;
        host.BeforeChange = (_, _) => count++;
        await ApplyAsync(host);
        return count;
    }

    private static void FailAt(InMemoryHost host, int at, Func<Exception> failure)
    {
        var count = 0;
        host.BeforeChange = (_, _) => _ = ++count == at ? throw failure() : 0;
    }

    // How it ends is the executor's affair; only a failure of another kind is a defect.
    private static async Task EndAsync(InMemoryHost host, Plan plan, Type failure)
    {
        var thrown = await Record.ExceptionAsync(async () => Assert.NotEqual(ApplyOutcome.Applied, (await ApplyAsync(host, plan)).Outcome));
        Assert.True(thrown is null || thrown.GetType() == failure, thrown?.ToString());
    }

    private static async Task RecoverAsync(InMemoryHost host)
    {
        host.BeforeChange = (_, _) => { };
        var recovered = await RecoverOnceAsync(host);
        Assert.True(recovered.Outcome != RecoveryOutcome.Incomplete, string.Join("; ", recovered.Diagnostics));
        Assert.Null(Journal.Open(host, Directory));
        Assert.Equal(RecoveryOutcome.Nothing, (await RecoverOnceAsync(host)).Outcome);
    }

    private static Task<RecoveryResult> RecoverOnceAsync(InMemoryHost host) => new Recovery(host, host, Limits, Directory).RecoverAsync(new Silent());

    private static async Task<Plan> PlanAsync(InMemoryHost host) =>
        (await PlanMaker.MakeAsync(host, Manifest, null, CancellationToken.None)).Planning.Plan!;

    private static async Task<ApplyResult> ApplyAsync(InMemoryHost host) => await ApplyAsync(host, await PlanAsync(host));

    private static Task<ApplyResult> ApplyAsync(InMemoryHost host, Plan plan) =>
        new Executor(host, host, new Silent(), Limits, Directory).ApplyAsync(Manifest, plan, "mailtls apply", TimeSpan.Zero, CancellationToken.None);

    // A root key that is quickly made: these tests make it hundreds of times.
    private static Manifest Manifest { get; } = ManifestReader.Read(
        "manifest.yaml",
        Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(new GoldenCase("intermediate").ManifestBytes).Replace("kind: privateCa\n", "kind: privateCa\n    key: ecdsa-p256\n", StringComparison.Ordinal))).Manifest!;

    // The journal's own folder stays, and so does what it archives.
    private static List<string> Files(InMemoryHost host) => [.. StepTests.Snapshot(host).Where(line => !line.StartsWith(Directory + " ", StringComparison.Ordinal)
        && !line.StartsWith(Directory + "/applied", StringComparison.Ordinal))];

    private sealed class DeadException : Exception;

    private sealed class Silent : IApplyProgress
    {
        public void Begin(string step)
        {
        }
    }
}
