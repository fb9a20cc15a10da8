using System.Globalization;
using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>
/// Applies a plan: all of it, seen by handshake on every endpoint, or none of it. The order is lock, recover, observe, stage,
/// rehearse, before-images, journal, commit, activate, verify, finish or undo.
/// </summary>
public sealed class Executor(IHost host, IHostWriter writer, IApplyProgress progress, ApplyLimits limits, string journalDirectory)
{
    private readonly List<Diagnostic> _diagnostics = [];

    /// <summary>Brings the host to <paramref name="manifest"/>'s state, by exactly the changes that were approved.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="approved">The plan that was shown and approved.</param>
    /// <param name="commandLine">Named to whoever is kept out by the lock.</param>
    /// <param name="cancellation">Obeyed until the commit; from then on the run finishes or rolls back.</param>
    /// <exception cref="LockHeldException">Another run is at work.</exception>
    /// <exception cref="PlanStaleException">Host or manifest moved since the plan was made.</exception>
    /// <exception cref="MailTlsException">It cannot be applied; nothing was changed.</exception>
    public async Task<ApplyResult> ApplyAsync(Manifest manifest, Plan approved, string commandLine, CancellationToken cancellation)
    {
        using var held = writer.Lock(commandLine);
        if (await new Recovery(host, writer, limits, journalDirectory).RecoverAsync(progress).ConfigureAwait(false) is { } recovered)
        {
            _diagnostics.Add(recovered);
            if (recovered.Severity == Severity.Error)
            {
                return new ApplyResult(ApplyOutcome.Incomplete, _diagnostics, null);
            }
        }

        progress.Begin("observing the host");
        var made = await PlanMaker.MakeAsync(host, manifest, approved.MadeAt, cancellation).ConfigureAwait(false);
        var plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
        if (PlanMaker.Moved(approved, plan) is { Count: > 0 } moved)
        {
            throw new PlanStaleException(moved);
        }

        if (plan.IsEmpty)
        {
            return new ApplyResult(ApplyOutcome.NoChanges, _diagnostics, null);
        }

        progress.Begin("making keys, certificates and configuration in memory");
        var stager = new Stager(writer, manifest, made.Observed, approved.MadeAt);
        stager.Materialise(plan.Changes);
        var wanted = new ApplyExpectations(manifest, made.Policy, made.Observed, stager, approved.MadeAt);
        var entry = Entry(manifest, plan, made.Observed, stager, commandLine);
        var journal = Journal.Begin(writer, journalDirectory, entry);
        if (await StageAsync(journal, stager, plan, wanted, cancellation).ConfigureAwait(false) is { } failed)
        {
            return failed;
        }

        return await CommitAsync(journal, made.Observed, wanted).ConfigureAwait(false);
    }

    /// <summary>Writes the new files beside their places and tries them on the real daemons. Null when all is well; else the host is untouched.</summary>
    private async Task<ApplyResult?> StageAsync(Journal journal, Stager stager, Plan plan, ApplyExpectations wanted, CancellationToken cancellation)
    {
        var rollback = new Rollback(host, writer, limits);
        try
        {
            progress.Begin("staging");
            WriteStaged(journal.Entry, stager);
            cancellation.ThrowIfCancellationRequested();

            progress.Begin("rehearsing with the real daemons in private namespaces");
            var rehearsal = await new Rehearsal(host, writer, limits).TryAsync(journal.Entry, plan, wanted, cancellation).ConfigureAwait(false);
            _diagnostics.AddRange(rehearsal.Diagnostics);
            if (!rehearsal.Passed)
            {
                Clean();
                return new ApplyResult(ApplyOutcome.Untouched, _diagnostics, rehearsal.Report);
            }

            foreach (var step in journal.Entry.Steps.OfType<ReplaceFileStep>())
            {
                if (step.CurrentDigest(writer) != step.OldDigest)
                {
                    throw new PlanStaleException([$"{step.Path} changed while the change was rehearsed"]);
                }

                step.KeepBeforeImage(writer);
            }

            cancellation.ThrowIfCancellationRequested();
            journal.Reach(JournalState.Intent);
            return null;
        }
        catch (HostWriteException e)
        {
            Clean();
            _diagnostics.Add(ExecutionDiagnostics.WriteFailed(e.Message));
            return new ApplyResult(ApplyOutcome.Untouched, _diagnostics, null);
        }
        catch
        {
            Clean();
            throw;
        }

        void Clean()
        {
            rollback.RemoveTemporaries(journal.Entry);
            journal.Discard();
        }
    }

    private void WriteStaged(JournalEntry entry, Stager stager)
    {
        foreach (var step in entry.Steps.OfType<ReplaceFileStep>())
        {
            var file = stager.Files.Single(f => f.Path == step.Path);
            writer.CreateFile(step.Staged, file.Content, file.Attributes.Owner, file.Attributes.Group, file.Attributes.Mode);
            if (file.BackDated)
            {
                writer.SetModificationTime(step.Staged, host.Clock.GetUtcNow() - TimeSpan.FromMinutes(1));
            }
        }

        foreach (var directory in entry.Steps.OfType<ReplaceFileStep>().Select(s => Step.Parent(s.Staged)).Distinct())
        {
            writer.SyncDirectory(directory);
        }
    }

    private async Task<ApplyResult> CommitAsync(Journal journal, HostObservation before, ApplyExpectations wanted)
    {
        var rollback = new Rollback(host, writer, limits);
        string why;
        VerificationReport? report = null;
        try
        {
            progress.Begin("committing");
            foreach (var step in journal.Entry.Steps.Where(s => s is not RemoveFileStep))
            {
                step.Do(writer);
            }

            journal.Reach(JournalState.Committed);
            await ActivateAsync(journal.Entry, before.Host).ConfigureAwait(false);
            journal.Reach(JournalState.Activated);

            progress.Begin("verifying by handshake on every endpoint");
            report = await VerifyAsync(wanted).ConfigureAwait(false);
            var faults = wanted.Faults(report);
            if (faults.Count == 0)
            {
                Finish(journal, rollback);
                return new ApplyResult(ApplyOutcome.Applied, _diagnostics, report);
            }

            why = string.Join("; ", faults.Select(f => $"{f.Endpoint}: {f.Observed} where {f.Expected} was expected"));
        }
        catch (HostWriteException e)
        {
            why = e.Message;
        }

        progress.Begin("rolling back");
        var left = await rollback.UndoAsync(journal).ConfigureAwait(false);
        _diagnostics.Add(left.Count == 0 ? ExecutionDiagnostics.RolledBack(why) : ExecutionDiagnostics.Incomplete($"{string.Join("; ", left)} (after: {why})"));
        return new ApplyResult(left.Count == 0 ? ApplyOutcome.RolledBack : ApplyOutcome.Incomplete, _diagnostics, report);
    }

    private void Finish(Journal journal, Rollback rollback)
    {
        journal.Reach(JournalState.Verified);
        foreach (var step in journal.Entry.Steps.OfType<RemoveFileStep>())
        {
            step.Do(writer);
        }

        rollback.RemoveTemporaries(journal.Entry);
        journal.Close();
    }

    private async Task ActivateAsync(JournalEntry entry, HostFacts facts)
    {
        foreach (var activation in entry.Activations)
        {
            progress.Begin($"{activation.Activation.ToString().ToLowerInvariant()} {activation.Service.ToString().ToLowerInvariant()}");
            var call = MailServices.Of(activation.Service).Activate(activation.Activation, facts.Systemd);
            var result = await writer.RunAsync(call, CancellationToken.None).ConfigureAwait(false);
            if (result.ExitCode != 0)
            {
                _diagnostics.Add(ExecutionDiagnostics.ActivationFailed(call.ToString(), result.ExitCode, result.Error.Trim().ReplaceLineEndings(" / ")));
            }
        }
    }

    // The listeners are looked at again: a reload may have added some, and every address counts.
    private async Task<VerificationReport> VerifyAsync(ApplyExpectations wanted)
    {
        var start = host.Clock.GetTimestamp();
        var clean = 0;
        while (true)
        {
            var listeners = await host.ObserveListenersAsync(CancellationToken.None).ConfigureAwait(false);
            var report = await Verifier.VerifyAsync(host, wanted.For(listeners), CancellationToken.None).ConfigureAwait(false);
            clean = wanted.Faults(report).Count > 0 ? 0 : clean + 1;
            if (clean >= limits.Consecutive || (clean == 0 && host.Clock.GetElapsedTime(start) > limits.Activation))
            {
                return report;
            }

            await Task.Delay(limits.Pause, host.Clock).ConfigureAwait(false);
        }
    }

    private JournalEntry Entry(Manifest manifest, Plan plan, HostObservation observed, Stager stager, string commandLine)
    {
        var now = host.Clock.GetUtcNow();
        var id = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture);
        return new JournalEntry(
            id,
            now,
            commandLine,
            manifest.Host,
            plan.ManifestDigest,
            stager.Steps(id),
            [.. plan.Changes.Select(c => c.Work).OfType<ActivateService>().Select(w => new JournalActivation(w.Service, w.Activation))],
            [.. observed.Served.Select(JournalEndpoint.Of)]);
    }
}
