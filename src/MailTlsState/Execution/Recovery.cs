using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>How a recovery ended.</summary>
public enum RecoveryOutcome
{
    /// <summary>No run was left unfinished.</summary>
    Nothing,

    /// <summary>A run that had changed nothing, or had done all its work, was tidied up.</summary>
    TidiedUp,

    /// <summary>The old files are back, and every endpoint answers as before.</summary>
    RolledBack,

    /// <summary>The old files are back; the handshakes are left to the next run.</summary>
    FilesRestored,

    /// <summary>The old files are back, and an endpoint does not answer as before; what runs next goes on from there.</summary>
    NotServed,

    /// <summary>Something is left; it may be tried again.</summary>
    Incomplete,
}

/// <summary>How a recovery ended, and what was done.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Run">The run that was recovered, or null when there was none or its journal cannot be read.</param>
/// <param name="Diagnostics">What the administrator should know.</param>
public sealed record RecoveryResult(RecoveryOutcome Outcome, string? Run, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>What the daemons logged meanwhile, when they do not serve the former state; as they wrote it.</summary>
    public IReadOnlyList<string> Log { get; init; } = [];
}

/// <summary>Ends what an earlier run began and did not end, by its journal. It may be killed at any point and run again.</summary>
public sealed class Recovery(IHost host, IHostWriter writer, ApplyLimits limits, string journalDirectory)
{
    /// <summary>Recovers; the caller holds the lock.</summary>
    /// <param name="progress">Told what is done.</param>
    /// <param name="filesOnly">True at boot, before the daemons start: files are put back, and the next run shakes hands.</param>
    /// <param name="goesOn">
    /// True before an apply, which sees and mends what services serve by itself: with all files back the run is then over, whatever they serve. A service may have served
    /// from memory what its files no longer gave, and nothing brings that back.
    /// </param>
    public async Task<RecoveryResult> RecoverAsync(IApplyProgress progress, bool filesOnly = false, bool goesOn = false)
    {
        FileTransaction? open;
        try
        {
            open = FileTransaction.Open(writer, journalDirectory);
        }
        catch (JournalUnreadableException e)
        {
            return new RecoveryResult(RecoveryOutcome.Incomplete, null, [e.Diagnostic]);
        }
        catch (HostWriteException e)
        {
            return new RecoveryResult(RecoveryOutcome.Incomplete, null, [ExecutionDiagnostics.JournalUnreadable(e.Message)]);
        }

        return open is null
            ? new RecoveryResult(RecoveryOutcome.Nothing, null, [])
            : await RecoverAsync(open, progress, filesOnly, goesOn).ConfigureAwait(false);
    }

    private async Task<RecoveryResult> RecoverAsync(FileTransaction files, IApplyProgress progress, bool filesOnly, bool goesOn)
    {
        var run = files.Entry.Id;
        var was = files.State;
        progress.Begin($"recovering the interrupted run {run}");
        var left = files.Recover();
        if (left.Count > 0 && (filesOnly || !files.FilesAreBack))
        {
            return Outcome(was) is { } stands ? new(RecoveryOutcome.Incomplete, run, [ExecutionDiagnostics.NotTidied(run, stands, string.Join("; ", left))]) : Incomplete(left);
        }

        if (!files.FilesAreBack)
        {
            return Done(RecoveryOutcome.TidiedUp, was == JournalState.Staging ? "tidied up: it had changed nothing" : "tidied up: its work was done");
        }

        if (filesOnly)
        {
            return Done(RecoveryOutcome.FilesRestored, "rolled back on disk; the next run of mailtls sees by handshake that the former state is served");
        }

        var log = await DaemonLog.FindAsync(host, writer, files.Entry.Activations.Select(a => a.Service)).ConfigureAwait(false);
        log.Mark();

        // With the files back the services are told also where the journal cannot say so: new processes read the former files by now, the others not yet.
        var proven = await new Rollback(host, writer, progress, limits).ProveAsync(files, complete: left.Count == 0).ConfigureAwait(false);
        var result = (left.Count, proven.Left.Count) == (0, 0)
            ? Done(RecoveryOutcome.RolledBack, "rolled back, and the former state was verified")
            : (goesOn && left.Count == 0 ? Ended(files, proven.Left) : Incomplete([.. left, .. proven.Left])) with { Log = await log.SinceAsync().ConfigureAwait(false) };
        return result with { Diagnostics = [.. result.Diagnostics, .. proven.Notes] };

        RecoveryResult Ended(FileTransaction restored, IReadOnlyList<string> notServed)
        {
            try
            {
                restored.FinishUndone();
                return new RecoveryResult(RecoveryOutcome.NotServed, run, [ExecutionDiagnostics.NotServed(run, string.Join("; ", notServed))]);
            }
            catch (HostWriteException e)
            {
                return Incomplete([.. notServed, e.Message]);
            }
        }

        // What was decided stands, whatever goes wrong with the rest. Of a run that was staging it is not known where its last line was cut off.
        string? Outcome(JournalState state) => state switch
        {
            JournalState.Staging when !files.Journal.WasCutOff => "had changed nothing",
            JournalState.Verified => "is done and its new state was verified",
            JournalState.RolledBack => "was taken back",
            _ => null,
        };

        RecoveryResult Incomplete(IReadOnlyList<string> what) => new(RecoveryOutcome.Incomplete, run, [ExecutionDiagnostics.Incomplete(string.Join("; ", what))]);
        RecoveryResult Done(RecoveryOutcome outcome, string how) => new(outcome, run, [ExecutionDiagnostics.Recovered(run, how)]);
    }
}
