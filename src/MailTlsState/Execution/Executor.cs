using MailTlsState.Diagnostics;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;
using MailTlsState.Resources;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>
/// Applies a plan: all of it, seen by handshake on every endpoint, or none of it. The order is lock, recover, observe, stage,
/// rehearse, before-images, journal, commit, activate, verify, finish or undo.
/// </summary>
public sealed class Executor(IHost host, IHostWriter writer, IApplyProgress progress, ApplyLimits limits, string journalDirectory)
{
    private readonly List<Diagnostic> _diagnostics = [];

    /// <summary>Brings the host to a manifest's state, by exactly the changes that were approved.</summary>
    public Task<ApplyResult> ApplyAsync(Manifest manifest, Plan approved, string commandLine, TimeSpan lockTimeout, CancellationToken cancellation) =>
        ApplyAsync(new ManifestPlanSource(manifest), approved, new Invocation(commandLine), lockTimeout, cancellation);

    /// <summary>Carries out exactly the changes that were approved.</summary>
    /// <param name="source">Where the plan came from; it is made again under the lock.</param>
    /// <param name="approved">The plan that was shown and approved.</param>
    /// <param name="invocation">Who runs it; the command is named to whoever is kept out by the lock.</param>
    /// <param name="lockTimeout">How long to wait for another run to end.</param>
    /// <param name="cancellation">Obeyed until the commit; from then on the run finishes or rolls back.</param>
    /// <exception cref="LockHeldException">Another run is at work.</exception>
    /// <exception cref="PlanStaleException">Host or manifest moved since the plan was made.</exception>
    /// <exception cref="MailTlsException">It cannot be applied; nothing was changed.</exception>
    public Task<ApplyResult> ApplyAsync(PlanSource source, Plan approved, Invocation invocation, TimeSpan lockTimeout, CancellationToken cancellation) =>
        ApplyAsync(
            source,
            approved.MadeAt,
            plan =>
            {
                if (PlanMaker.Moved(approved, plan) is { Count: > 0 } moved)
                {
                    throw new PlanStaleException(moved);
                }
            },
            invocation,
            lockTimeout,
            cancellation);

    /// <summary>The same with an approval given beforehand: the host is observed once, under the lock, so no plan can grow stale.</summary>
    /// <param name="source">What to plan from.</param>
    /// <param name="show">Shown the plan before anything is done.</param>
    /// <param name="invocation">Who runs it; the command is named to whoever is kept out by the lock.</param>
    /// <param name="lockTimeout">How long to wait for another run to end.</param>
    /// <param name="cancellation">Obeyed until the commit; from then on the run finishes or rolls back.</param>
    public Task<ApplyResult> ApplyAsync(PlanSource source, Action<Plan> show, Invocation invocation, TimeSpan lockTimeout, CancellationToken cancellation) =>
        ApplyAsync(source, null, show, invocation, lockTimeout, cancellation);

    private async Task<ApplyResult> ApplyAsync(
        PlanSource source, DateTimeOffset? madeAt, Action<Plan> check, Invocation invocation, TimeSpan lockTimeout, CancellationToken cancellation)
    {
        using var held = await RunLock.TakeAsync(host, writer, invocation.CommandLine, lockTimeout, progress, cancellation).ConfigureAwait(false);
        var recovered = await new Recovery(host, writer, limits, journalDirectory).RecoverAsync(progress, goesOn: true).ConfigureAwait(false);
        _diagnostics.AddRange(recovered.Diagnostics);
        if (recovered.Outcome == RecoveryOutcome.Incomplete)
        {
            return new ApplyResult(ApplyOutcome.Incomplete, _diagnostics, null);
        }

        progress.Begin("observing the host");
        var made = await source.MakeAsync(host, madeAt, cancellation).ConfigureAwait(false);
        var plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
        check(plan);
        if (plan.IsEmpty)
        {
            return new ApplyResult(ApplyOutcome.NoChanges, _diagnostics, null);
        }

        progress.Begin("making keys, certificates and configuration in memory");
        var stager = new Stager(writer, plan.MadeAt, plan.Labels);
        stager.Materialise(plan.Changes);
        var wanted = source.Expect(made, stager, plan.MadeAt);
        var entry = await EntryAsync(source, made, plan, stager, invocation).ConfigureAwait(false);
        var log = await DaemonLog.FindAsync(host, writer, entry.Activations.Select(a => a.Service)).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        var files = FileTransaction.Begin(writer, journalDirectory, entry);
        if (await StageAsync(files, stager, made, wanted, cancellation).ConfigureAwait(false) is { } failed)
        {
            return failed;
        }

        return await CommitAsync(files, made, wanted, log, cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes the new files beside their places and tries them on the real daemons. Null when all is well; else the host is untouched.</summary>
    private async Task<ApplyResult?> StageAsync(FileTransaction files, Stager stager, SourcedPlan made, IExpectedState wanted, CancellationToken cancellation)
    {
        try
        {
            progress.Begin("staging");
            try
            {
                files.Stage(stager.Files, host.Clock.GetUtcNow());
            }
            finally
            {
                stager.Clear();
            }

            cancellation.ThrowIfCancellationRequested();

            progress.Begin("rehearsing with the real daemons in private namespaces");
            var rehearsal = await new Rehearsal(host, writer, limits).TryAsync(files.Entry, made.Planning.Plan!, wanted, cancellation).ConfigureAwait(false);

            // Before its verdict: what was renewed meanwhile is not what the daemons were expected to serve.
            await RequireKeptAsync(made).ConfigureAwait(false);
            _diagnostics.AddRange(rehearsal.Diagnostics);
            if (!rehearsal.Passed)
            {
                Tidy(files.Abandon);
                return new ApplyResult(ApplyOutcome.Untouched, _diagnostics, rehearsal.Report);
            }

            files.KeepBeforeImages();
            cancellation.ThrowIfCancellationRequested();
            files.Intent();
            return null;
        }
        catch (HostWriteException e)
        {
            Tidy(files.Abandon);
            _diagnostics.Add(ExecutionDiagnostics.WriteFailed(e));
            return new ApplyResult(ApplyOutcome.Untouched, _diagnostics, null);
        }
        catch
        {
            Tidy(files.Abandon);
            throw;
        }
    }

    // The transaction sees to the files that it replaces itself.
    private async Task RequireKeptAsync(SourcedPlan made)
    {
        var files = new ObservedFiles(host);
        var moved = new List<string>();
        foreach (var (path, digest) in made.KeptByOthers)
        {
            if ((await files.ResolveAsync(path, CancellationToken.None).ConfigureAwait(false)).Digest != digest)
            {
                moved.Add($"{path} changed after it was observed");
            }
        }

        if (moved.Count > 0)
        {
            throw new PlanStaleException(moved);
        }
    }

    // What was decided stands, whatever goes wrong now: only tidying up is left, and the next run does it by the journal.
    private void Tidy(Action tidy)
    {
        try
        {
            tidy();
        }
        catch (Exception e)
        {
            _diagnostics.Add(ExecutionDiagnostics.NotTidied(e.Message));
        }
    }

    private async Task<ApplyResult> CommitAsync(FileTransaction files, SourcedPlan made, IExpectedState wanted, DaemonLog log, CancellationToken interrupted)
    {
        var before = made.Observed;
        await using var deadline = await ApplyDeadline.ArmAsync(writer, before.Host, files.Entry, limits, _diagnostics).ConfigureAwait(false);
        string why;
        PlanStaleException? stale = null;
        VerificationReport? report = null;
        log.Mark();
        var denials = new DenialLog(host, writer, before.Host);
        denials.Mark();
        try
        {
            progress.Begin("committing");
            await RequireKeptAsync(made).ConfigureAwait(false);
            files.Commit();
            await ActivateAsync(files.Entry, before.Host).ConfigureAwait(false);
            var former = writer.AcceptingProcesses().ToHashSet();
            var activated = host.Clock.GetTimestamp();
            files.Activated();

            progress.Begin("verifying by handshake on every endpoint");
            report = await VerifyAsync(files.Entry, before.Host, wanted, former, interrupted).ConfigureAwait(false);
            var faults = wanted.Faults(report);
            if (faults.Count == 0)
            {
                ReportLingering(report, files.Entry, former, host.Clock.GetElapsedTime(activated));
                if (files.Verified())
                {
                    Tidy(files.Finish);
                }
                else
                {
                    _diagnostics.Add(ExecutionDiagnostics.NotTidied("the journal's last line may not last"));
                }

                return Ended(ApplyOutcome.Applied, report, interrupted);
            }

            why = string.Join("; ", faults.Select(f => f.Words));
        }
        catch (HostWriteException e)
        {
            why = e.Message;
        }
        catch (PlanStaleException e)
        {
            stale = e;
            why = string.Join("; ", e.Moved);
        }
        catch (Exception e)
        {
            // Whatever it is, half of a change must not stay.
            why = $"{e.GetType().Name}: {e.Message}";
        }

        // Before the roll-back: what the former state makes the daemons say is not why the new one failed.
        var said = await log.SinceAsync().ConfigureAwait(false);
        var denied = await denials.SinceAsync().ConfigureAwait(false);
        report = report is null ? null : report with { Denials = denied };
        progress.Begin("rolling back");
        var undone = await UndoAsync(files).ConfigureAwait(false);
        if (stale is not null && undone.Left.Count == 0)
        {
            throw stale;
        }

        _diagnostics.Add(undone.Left.Count == 0 ? ExecutionDiagnostics.RolledBack(why) : ExecutionDiagnostics.Incomplete($"{string.Join("; ", undone.Left)} (after: {why})"));
        _diagnostics.AddRange(denied.Select(ExecutionDiagnostics.Denied));
        _diagnostics.AddRange(undone.Notes);
        return Ended(undone.Left.Count == 0 ? ApplyOutcome.RolledBack : ApplyOutcome.Incomplete, report, interrupted) with { Log = said };
    }

    private void ReportLingering(VerificationReport report, JournalEntry entry, HashSet<AcceptingProcess> former, TimeSpan since)
    {
        var activated = entry.Activations.Select(a => a.Service).ToHashSet();
        var ports = report.Endpoints.Where(e => activated.Contains(e.Expectation.Service)).Select(e => e.Expectation.Port).ToHashSet();
        var left = writer.AcceptingProcesses().Where(p => ports.Contains(p.Port) && former.Contains(p)).OrderBy(p => p.Port).Select(p => $"{p.Program} (process {p.Id}, port {p.Port})").ToList();
        if (left.Count > 0)
        {
            _diagnostics.Add(ExecutionDiagnostics.Lingering(left, since));
        }
    }

    private async Task<Rollback.Result> UndoAsync(FileTransaction files)
    {
        try
        {
            return await new Rollback(host, writer, progress, limits).UndoAsync(files).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The journal is still there, and the next run tries again.
            return new Rollback.Result([$"{e.GetType().Name}: {e.Message}"], []);
        }
    }

    private ApplyResult Ended(ApplyOutcome outcome, VerificationReport? report, CancellationToken interrupted)
    {
        if (interrupted.IsCancellationRequested)
        {
            _diagnostics.Add(ExecutionDiagnostics.InterruptedLate(outcome == ApplyOutcome.Applied));
        }

        return new ApplyResult(outcome, _diagnostics, report);
    }

    private async Task ActivateAsync(JournalEntry entry, HostFacts facts)
    {
        var control = new ServiceControl(host, writer, facts.Systemd);
        foreach (var activation in entry.Activations)
        {
            progress.Begin($"{activation.Activation.ToString().ToLowerInvariant()} {activation.Service.Name()}");
            if (await control.ActivateAsync(activation.Service, activation.Activation).ConfigureAwait(false) is { } failed)
            {
                _diagnostics.Add(ExecutionDiagnostics.ActivationFailed(failed.Call.ToString(), failed.Result.ExitCode, failed.Words));
            }
        }
    }

    // The listeners are looked at again each time: a reload may have added some, and every address counts.
    private Task<VerificationReport> VerifyAsync(JournalEntry entry, HostFacts facts, IExpectedState wanted, HashSet<AcceptingProcess> former, CancellationToken interrupted)
    {
        var control = new ServiceControl(host, writer, facts.Systemd);
        var start = host.Clock.GetTimestamp();
        var rule = new Convergence(limits.Handshakes ?? limits.Consecutive, limits.Activation, limits.Pause)
        {
            Judge = wanted.Judge,
            IsGood = report => wanted.Faults(report).Count == 0,
            IsProven = limits.Handshakes is null ? IsProven : null,
            IsHopeless = async report => (interrupted.IsCancellationRequested && host.Clock.GetElapsedTime(start) > limits.Activation / 5)
                || await AnyDiedAsync(report).ConfigureAwait(false),
        };
        return Verifier.ConvergeAsync(host, async token => wanted.For(await host.ObserveListenersAsync(token).ConfigureAwait(false)), rule, CancellationToken.None);

        // postscreen hands its connections to processes that do not hold the socket.
        bool IsProven(VerificationReport report)
        {
            var ports = report.Endpoints.Select(e => e.Expectation.Port).ToHashSet();
            return !writer.AcceptingProcesses().Any(p => ports.Contains(p.Port) && (former.Contains(p) || p.Program == "postscreen"));
        }

        // A reload can end a master, for example on a port that another program took: then each second of waiting is one without mail.
        async Task<bool> AnyDiedAsync(VerificationReport report)
        {
            var silent = report.Endpoints.Where(e => e.Result?.Outcome == ProbeOutcome.NotConnected).Select(e => e.Expectation.Service).ToHashSet();
            foreach (var activation in entry.Activations.Where(a => a.Activation == Activation.Reload && silent.Contains(a.Service)))
            {
                if (!await control.IsRunningAsync(activation.Service).ConfigureAwait(false))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private async Task<JournalEntry> EntryAsync(PlanSource source, SourcedPlan made, Plan plan, Stager stager, Invocation invocation)
    {
        var now = host.Clock.GetUtcNow();
        var id = Archive.NextId(writer, journalDirectory, now);
        var steps = stager.Steps(id, now);
        var written = steps.OfType<ReplaceFileStep>().Select(s => s.Path).ToHashSet(StringComparer.Ordinal);
        return new JournalEntry(
            id,
            now,
            invocation.CommandLine,
            source.Host,
            plan.ManifestDigest,
            steps,
            [.. plan.Changes.Select(c => c.Work).OfType<ActivateService>().Select(w => new JournalActivation(w.Service, w.Activation))],
            [.. made.Observed.Served.Select(JournalEndpoint.Of), .. made.Silent])
        {
            Boot = await FormerState.BootAsync(host).ConfigureAwait(false),
            LeavesOnDisk = made.LeavesOnDisk,
            CertificateFiles = [.. made.CertificateFiles.Where(f => !written.Contains(writer.Resolve(f)))],
            Record = source.Record(made, stager, invocation),
        };
    }
}
