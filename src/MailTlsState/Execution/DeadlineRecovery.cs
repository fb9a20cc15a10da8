using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>
/// What the timer of an apply does when it goes off: nothing where that apply has ended. Else the apply hangs and holds the lock, or was killed:
/// it is ended, and its journal recovered.
/// </summary>
public sealed class DeadlineRecovery(IHost host, IHostWriter writer, ApplyLimits limits, string journalDirectory)
{
    // An apply that is told to end rolls back by itself, which takes as long as a roll-back takes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Freed = TimeSpan.FromSeconds(5);

    /// <summary>Recovers <paramref name="run"/>, if it has not ended.</summary>
    /// <param name="run">Id of the apply that set the timer.</param>
    /// <param name="commandLine">Named to whoever is kept out by the lock.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="cancellation">Ends the wait for the lock.</param>
    /// <exception cref="LockHeldException">Another run has taken the lock since, and does not end.</exception>
    public async Task<RecoveryResult> RecoverAsync(string run, string commandLine, IApplyProgress progress, CancellationToken cancellation)
    {
        if (await StartedAsync(run).ConfigureAwait(false) is not { } started)
        {
            return Nothing;
        }

        using var held = await TakeLockAsync(started, commandLine, progress, cancellation).ConfigureAwait(false);
        return await StartedAsync(run).ConfigureAwait(false) is null
            ? Nothing
            : await new Recovery(host, writer, limits, journalDirectory).RecoverAsync(progress).ConfigureAwait(false);
    }

    private static RecoveryResult Nothing => new(RecoveryOutcome.Nothing, null, []);

    private async Task<IDisposable> TakeLockAsync(DateTimeOffset started, string commandLine, IApplyProgress progress, CancellationToken cancellation)
    {
        try
        {
            return writer.Lock(commandLine);
        }
        catch (LockHeldException e) when (e.Since <= started)
        {
            progress.Begin($"ending the run that hangs: process {e.ProcessId}, {e.Command}");
            writer.EndLockHolder(Patience);
            return await RunLock.TakeAsync(host, writer, commandLine, Freed, progress, cancellation).ConfigureAwait(false);
        }
        catch (LockHeldException)
        {
            // Another run has taken the lock since. The first thing that it does is to recover.
            return await RunLock.TakeAsync(host, writer, commandLine, limits.DeadlineFor(activations: 2), progress, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// When the run began, or null when its journal is no longer there. While it is written to, one look may see half a line. It only looks:
    /// what lies beside the journal may be another run's, whose lock this is not yet.
    /// </summary>
    private async Task<DateTimeOffset?> StartedAsync(string run)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return Journal.Open(writer, journalDirectory) is { } open && open.Entry.Id == run ? open.Entry.Started : null;
            }
            catch (JournalUnreadableException) when (tries < 3)
            {
                await Task.Delay(limits.Pause, host.Clock).ConfigureAwait(false);
            }
            catch (JournalUnreadableException e)
            {
                throw new MailTlsException([e.Diagnostic]);
            }
        }
    }
}
