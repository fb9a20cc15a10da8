using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>Ends what an earlier run began and did not end.</summary>
internal sealed class Recovery(IHost host, IHostWriter writer, ApplyLimits limits, string journalDirectory)
{
    /// <summary>Null when there was nothing; else what was done, an error when something is left.</summary>
    public async Task<Diagnostic?> RecoverAsync(IApplyProgress progress)
    {
        if (Journal.Open(writer, journalDirectory) is not { } journal)
        {
            return null;
        }

        progress.Begin($"recovering the interrupted run {journal.Entry.Id}");
        var rollback = new Rollback(host, writer, limits);
        switch (journal.State)
        {
            case JournalState.Staging:
                rollback.RemoveTemporaries(journal.Entry);
                journal.Discard();
                return ExecutionDiagnostics.Recovered(journal.Entry.Id, "tidied up: it had changed nothing");
            case JournalState.Verified or JournalState.RolledBack:
                foreach (var step in journal.Entry.Steps.OfType<RemoveFileStep>().Where(_ => journal.State == JournalState.Verified))
                {
                    step.Do(writer);
                }

                rollback.RemoveTemporaries(journal.Entry);
                journal.Close();
                return ExecutionDiagnostics.Recovered(journal.Entry.Id, "tidied up: its work was done");
            default:
                var left = await rollback.UndoAsync(journal).ConfigureAwait(false);
                return left.Count == 0
                    ? ExecutionDiagnostics.Recovered(journal.Entry.Id, "rolled back, and the former state was verified")
                    : ExecutionDiagnostics.Incomplete(string.Join("; ", left));
        }
    }
}
