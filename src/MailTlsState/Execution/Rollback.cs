using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;

namespace MailTlsState.Execution;

/// <summary>
/// Takes an apply back by its journal alone: this process may have begun it, or one that died. Every part may be repeated.
/// </summary>
internal sealed class Rollback(IHost host, IHostWriter writer, IApplyProgress progress, ApplyLimits limits)
{
    /// <summary>How a roll-back ended.</summary>
    /// <param name="Left">What is not as before; empty when all is.</param>
    /// <param name="Notes">What was done beyond the ordinary, or left undone.</param>
    public sealed record Result(IReadOnlyList<string> Left, IReadOnlyList<Diagnostic> Notes);

    /// <summary>Puts every file back, newest change first, and the services to what they were.</summary>
    public async Task<Result> UndoAsync(FileTransaction files)
    {
        var failed = files.Undo();
        var proven = files.FilesAreBack ? await ProveAsync(files, complete: failed.Count == 0).ConfigureAwait(false) : await StartEndedAsync(files.Entry).ConfigureAwait(false);
        return proven with { Left = [.. failed, .. proven.Left] };
    }

    /// <summary>With the files back: puts the services to what they were and sees that they answer as before.</summary>
    /// <param name="files">The run; its journal is ended when nothing is left.</param>
    /// <param name="complete">False when something else could not be taken back or written down, so that the journal has to stay.</param>
    public async Task<Result> ProveAsync(FileTransaction files, bool complete = true)
    {
        var former = await FormerState.OfAsync(host, files.Entry).ConfigureAwait(false);

        var activations = files.Entry.Activations;

        // A reload makes a service read what was on its disk before, and that need not be what it served: who was told nothing is better left alone.
        if (!files.Journal.HasReached(JournalState.Committed))
        {
            progress.Begin("looking whether the former state is still served");
            var touched = await former.TouchedAsync(limits).ConfigureAwait(false);
            if (touched.Count == 0)
            {
                return new Result(complete ? Finish(files) : [], []);
            }

            activations = [.. activations.Where(a => touched.Contains(a.Service))];
        }

        var facts = await host.ObserveHostAsync(CancellationToken.None).ConfigureAwait(false);
        var control = new ServiceControl(host, writer, facts.Systemd);
        var failures = await ReactivateAsync(activations, control, former).ConfigureAwait(false);
        var notes = new List<Diagnostic>();
        progress.Begin("verifying by handshake that the former state is back");
        var differing = await former.WaitAsync(limits, limits.Activation / 3).ConfigureAwait(false);
        if (differing.Count > 0)
        {
            notes.AddRange(await RestartAsync(activations, control, former, differing).ConfigureAwait(false));
            differing = await former.WaitAsync(limits, limits.Activation).ConfigureAwait(false);
        }

        // After a restart on the files of before there is only one way to another policy: the daemon had not loaded what was on its disk.
        notes.AddRange(differing.Where(d => d.OfPolicy).Select(d => ExecutionDiagnostics.Restarted($"{d.Words}, though its files are those of before")));
        differing = [.. differing.Where(d => !d.OfPolicy)];

        // A command that failed is no matter when everything answers as before.
        List<string> left = differing.Count == 0 ? [] : [.. failures, .. differing.Select(d => d.Words)];
        return new Result(left.Count == 0 && complete ? Finish(files) : left, notes);
    }

    // With new files in place no service is told anything. But one that ended of its reload ran before, and runs by them rather than not at all.
    private async Task<Result> StartEndedAsync(JournalEntry entry)
    {
        var facts = await host.ObserveHostAsync(CancellationToken.None).ConfigureAwait(false);
        var control = new ServiceControl(host, writer, facts.Systemd);
        var failed = new List<ServiceControl.Failure?>();
        foreach (var kind in entry.Activations.Where(a => a.Activation is Activation.Reload or Activation.Restart).Select(a => a.Service))
        {
            if (!await control.IsRunningAsync(kind).ConfigureAwait(false))
            {
                progress.Begin($"starting {kind.Name()}");
                failed.Add(await control.StartAgainAsync(kind).ConfigureAwait(false));
            }
        }

        return new Result(Words(failed), []);
    }

    private static IReadOnlyList<string> Finish(FileTransaction files)
    {
        try
        {
            files.FinishUndone();
            return [];
        }
        catch (HostWriteException e)
        {
            return [e.Message];
        }
    }

    private async Task<IReadOnlyList<string>> ReactivateAsync(IReadOnlyList<JournalActivation> activations, ServiceControl control, FormerState former)
    {
        var failed = new List<ServiceControl.Failure?>();
        foreach (var activation in activations.Reverse())
        {
            var kind = activation.Service;
            switch (activation.Activation, await control.IsRunningAsync(kind).ConfigureAwait(false))
            {
                // It was down before. After a boot it is the system's doing that it is up, and its files were the old ones already.
                case (Activation.Start, true) when former.SameBoot:
                    progress.Begin($"stopping {kind.Name()}");
                    failed.Add(await control.StopAsync(kind).ConfigureAwait(false));
                    break;
                case (Activation.Start, false):
                    break;
                case (Activation.Restart, true):
                    progress.Begin($"restarting {kind.Name()}");
                    failed.Add(await control.ActivateAsync(kind, Activation.Restart).ConfigureAwait(false));
                    break;
                case (_, true):
                    progress.Begin($"reloading {kind.Name()}");
                    failed.Add(await control.ActivateAsync(kind, Activation.Reload).ConfigureAwait(false));
                    break;

                // A reload can end a master, for example on a port that is taken. It ran before, so it runs again.
                case (_, false):
                    progress.Begin($"starting {kind.Name()}");
                    failed.Add(await control.StartAgainAsync(kind).ConfigureAwait(false));
                    break;
            }
        }

        return Words(failed);
    }

    /// <summary>
    /// The last resort for a service that does not answer as before. Postfix's master(8) does not start a service for a minute
    /// after one of its processes failed at once ("bad command startup -- throttling"), and a reload does not end that.
    /// </summary>
    private async Task<IReadOnlyList<Diagnostic>> RestartAsync(IReadOnlyList<JournalActivation> activations, ServiceControl control, FormerState former, IReadOnlyList<FormerState.Difference> differing)
    {
        var notes = new List<Diagnostic>();
        foreach (var kind in differing.Select(d => d.Before.Service).Distinct().Where(k => activations.Any(a => a.Service == k && (a.Activation != Activation.Start || !former.SameBoot))))
        {
            var running = await control.IsRunningAsync(kind).ConfigureAwait(false);
            var why = string.Join("; ", differing.Where(d => d.Before.Service == kind).Select(d => d.Words));

            // It may run by what it had loaded. Then a restart would end the last thing that serves.
            if (running && await new Rehearsal(host, writer, limits).RefusalAsync(kind).ConfigureAwait(false) is { } refusal)
            {
                notes.Add(ExecutionDiagnostics.NotRestarted(kind.Name(), refusal));
                continue;
            }

            progress.Begin($"{(running ? "restarting" : "starting")} {kind.Name()}, since {(running ? "a reload" : "a start")} did not bring the former state back");
            var failure = running ? await control.ActivateAsync(kind, Activation.Restart).ConfigureAwait(false) : await control.StartAgainAsync(kind).ConfigureAwait(false);
            notes.Add(ExecutionDiagnostics.Restarted($"{kind.Name()} was {(running ? "restarted" : "started again")}, since after a {(running ? "reload" : "start")} {why}"));
            notes.AddRange(Words([failure]).Select(ExecutionDiagnostics.Restarted));
        }

        return notes;
    }

    private static IReadOnlyList<string> Words(IEnumerable<ServiceControl.Failure?> failures) =>
        [.. failures.OfType<ServiceControl.Failure>().Select(f => $"{f.Call} returned {f.Result.ExitCode}: {f.Words}")];
}

/// <summary>Time limits of an apply.</summary>
/// <param name="Rehearsal">For every endpoint to answer in the rehearsal.</param>
/// <param name="Activation">For every endpoint to serve the new (or again the old) state.</param>
/// <param name="Pause">Between two looks.</param>
/// <param name="Consecutive">Rounds without a fault that count as proof.</param>
public sealed record ApplyLimits(TimeSpan Rehearsal, TimeSpan Activation, TimeSpan Pause, int Consecutive)
{
    /// <summary>5 s and 15 s; three rounds in a row, since one smtpd that lingers serves the old leaf now and then.</summary>
    public static ApplyLimits Default { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(100), 3);

    /// <summary>When a timer recovers an apply that has not ended, counted from the commit; null derives it from the other limits.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>
    /// Rounds of handshakes in a row that have to show the new state in any case, at most <see cref="MostHandshakes"/>. Null: one where
    /// no process of before accepts connections any more, else <see cref="Consecutive"/>.
    /// </summary>
    public int? Handshakes { get; init; }

    /// <summary>More rounds prove no more.</summary>
    public const int MostHandshakes = 50;

    /// <summary>Longer than the longest apply that ends by itself: every program run, every service told and seen, then the same again on the way back.</summary>
    /// <param name="activations">Services that are told.</param>
    /// <param name="programs">How long the programs that its steps run may take.</param>
    public TimeSpan DeadlineFor(int activations, TimeSpan programs = default) =>
        Deadline ?? (2 * (programs + (activations * ProcessCall.DefaultTimeLimit) + Activation)) + ((Handshakes ?? 0) * ProbeLimits.Default.Step) + FileWork;

    private static readonly TimeSpan FileWork = TimeSpan.FromSeconds(30);
}
