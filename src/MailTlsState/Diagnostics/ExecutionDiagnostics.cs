namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of apply and recovery (MTS07xx).</summary>
public static class ExecutionDiagnostics
{
    /// <summary>The daemons did not take the staged files.</summary>
    public static readonly DiagnosticCode RehearsalFailedCode = new(
        "MTS0701",
        "rehearsal failed",
        "Before anything is committed, the real daemons are started on the staged files in namespaces of their own, and every endpoint has to answer as planned. One did not, so the host was left untouched. The daemon's own words are in the message; most often another part of its configuration does not go with the new settings.");

    /// <summary>No rehearsal was possible.</summary>
    public static readonly DiagnosticCode NotRehearsedCode = new(
        "MTS0702",
        "not rehearsed",
        "This host does not allow private namespaces or overlays (a container without the right, for example), so the daemons could not be started on the staged files beforehand. The configuration was checked with the daemons' own programs instead; whether they serve it is seen after the commit, and undone if they do not.");

    /// <summary>The host serves what it served before.</summary>
    public static readonly DiagnosticCode RolledBackCode = new(
        "MTS0703",
        "apply failed and was rolled back",
        "After the commit an endpoint did not serve the new state, so every file was put back, the services were reloaded, and every endpoint was seen to serve what it served before. Read what was observed, mend it, and apply again.");

    /// <summary>The old state could not be proven.</summary>
    public static readonly DiagnosticCode IncompleteCode = new(
        "MTS0704",
        "roll-back is incomplete",
        "Something could not be put back, or an endpoint does not serve what it served before. The journal in /var/lib/mailtlsstate is kept and names every file and its before-image; the next apply tries again before it does anything else.");

    /// <summary>An earlier run left a journal.</summary>
    public static readonly DiagnosticCode RecoveredCode = new(
        "MTS0705",
        "an interrupted apply was recovered",
        "An earlier run ended before its work was done. Its journal was found and followed: before verification the old files come back, after it the rest is tidied up.");

    /// <summary>A file operation failed.</summary>
    public static readonly DiagnosticCode WriteFailedCode = new(
        "MTS0706",
        "file could not be written",
        "The operating system refused to write, rename or flush a file (full disk, read-only file system, missing right, input/output error). Results are checked at every step, so nothing half-written is ever put in place.");

    /// <summary>The plan is stale.</summary>
    public static readonly DiagnosticCode StaleCode = new(
        "MTS0707",
        "plan is stale",
        "A plan is bound to the manifest and to the host as they were when it was made. One of them moved since, so applying it might do something that nobody reviewed. Nothing was changed; make a new plan and review it.");

    /// <summary>Another run holds the lock.</summary>
    public static readonly DiagnosticCode LockedCode = new(
        "MTS0708",
        "another run is at work",
        "Only one apply may change a host at a time. The kernel frees the lock when that process ends, however it ends, so there is never a stale lock to remove.");

    /// <summary>A program that activates a service failed.</summary>
    public static readonly DiagnosticCode ActivationFailedCode = new(
        "MTS0709",
        "service could not be told to use the new state",
        "The command that reloads or starts a service returned an error. Exit status alone proves nothing either way, so the endpoints decide what happens next; its words are passed on because they usually name the cause.");

    /// <summary>Apply needs root.</summary>
    public static readonly DiagnosticCode NotRootCode = new(
        "MTS0710",
        "apply needs root",
        "Keys, mail configuration and daemons belong to root. Run apply as root on the mail host.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        RehearsalFailedCode, NotRehearsedCode, RolledBackCode, IncompleteCode, RecoveredCode, WriteFailedCode, StaleCode, LockedCode, ActivationFailedCode, NotRootCode,
    ];

    /// <summary><see cref="RehearsalFailedCode"/>.</summary>
    public static Diagnostic RehearsalFailed(string fact) =>
        new(RehearsalFailedCode, Severity.Error, $"in the rehearsal {fact}; nothing was changed", "read the daemon's words above and correct what they name");

    /// <summary><see cref="NotRehearsedCode"/>.</summary>
    public static Diagnostic NotRehearsed(string reason) =>
        new(NotRehearsedCode, Severity.Warning, $"the change was not rehearsed: {reason}", "allow private namespaces and overlays for root, if a rehearsal is wanted");

    /// <summary><see cref="RolledBackCode"/>.</summary>
    public static Diagnostic RolledBack(string why) =>
        new(RolledBackCode, Severity.Error, $"{why}; the former state is back and was verified on every endpoint", "mend what was observed, then apply again");

    /// <summary><see cref="IncompleteCode"/>.</summary>
    public static Diagnostic Incomplete(string what) =>
        new(IncompleteCode, Severity.Error, $"the former state could not be restored in full: {what}", "mend what is named and run mailtls apply again, which recovers first");

    /// <summary><see cref="RecoveredCode"/>.</summary>
    public static Diagnostic Recovered(string id, string how) =>
        new(RecoveredCode, Severity.Warning, $"the interrupted run {id} was {how}", "nothing has to be done");

    /// <summary><see cref="WriteFailedCode"/>.</summary>
    public static Diagnostic WriteFailed(string message) =>
        new(WriteFailedCode, Severity.Error, $"{message}; nothing was changed", "free space or lift what forbids the write, then apply again");

    /// <summary><see cref="StaleCode"/>.</summary>
    public static Diagnostic Stale(string moved) =>
        new(StaleCode, Severity.Error, $"the plan is stale: {moved}", "make a new plan and review it");

    /// <summary><see cref="LockedCode"/>.</summary>
    public static Diagnostic Locked(string message) => new(LockedCode, Severity.Error, message, "wait for it to end");

    /// <summary><see cref="ActivationFailedCode"/>.</summary>
    public static Diagnostic ActivationFailed(string call, int exitCode, string words) =>
        new(ActivationFailedCode, Severity.Warning, $"{call} returned {exitCode}{(words.Length == 0 ? "" : ": " + words)}", "read the service's log");

    /// <summary><see cref="NotRootCode"/>.</summary>
    public static Diagnostic NotRoot(int userId) => new(NotRootCode, Severity.Error, $"apply runs as user {userId}, not as root", "run it as root");
}
