using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>What commands that only read say of a journal that an earlier run left, or that a run at work is writing.</summary>
public static class PendingJournal
{
    private const int PermissionDenied = 13;

    /// <summary>A warning, or null when there is no journal or this user may not see it. Changes nothing.</summary>
    public static Diagnostic? Look(IHostWriter host, string directory)
    {
        try
        {
            return Journal.Open(host, directory) is { } journal
                ? ExecutionDiagnostics.Pending(journal.Entry.Id, journal.Entry.Started, journal.Entry.Command, InWords(journal.State))
                : null;
        }
        catch (JournalUnreadableException e)
        {
            return e.Diagnostic with { Severity = Severity.Warning };
        }
        catch (HostWriteException e) when (e.Error == PermissionDenied)
        {
            // Journals are root's.
            return null;
        }
        catch (HostWriteException e)
        {
            return ExecutionDiagnostics.JournalUnreadable(e.Message) with { Severity = Severity.Warning };
        }
    }

    private static string InWords(JournalState state) => state switch
    {
        JournalState.Staging => "before it changed anything that a daemon reads",
        JournalState.Intent => "while files were put in place",
        JournalState.Committed => "after its files were put in place, before every service was told",
        JournalState.Activated => "before the new state was seen by handshake",
        JournalState.Verified => "after the new state was seen, before the rest was tidied up",
        JournalState.VerifyLater => "with its files put back, before the former state was seen by handshake",
        _ => "after the former state was seen, before the rest was tidied up",
    };
}
