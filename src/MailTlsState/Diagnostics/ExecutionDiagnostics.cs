using MailTlsState.Hosts;

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
        "Something could not be put back, or an endpoint does not serve what it served before. The journal in /var/lib/mailtlsstate is kept and names every file and its before-image; mailtls recover tries again, and so does the next apply before it does anything else. Where one file cannot be put back, because somebody changed it after the commit or its before-image is missing or damaged, none is: the new files stay together as they are, and no service is told anything. Then take that change out again, or put the former content back yourself, and run mailtls recover. To keep the new files instead and the change with them, move /var/lib/mailtlsstate/journal to another folder and apply again, which goes by the host as it is; the hidden before-images (.NAME.mtls-RUN-N.old) are then yours to remove. Where all files are back and only an endpoint answers otherwise, that apply then goes on from there.");

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
        "root is needed",
        "Keys, mail configuration, daemons and journals belong to root. Run commands that change them as root, on the mail host.");

    /// <summary>A run has not ended.</summary>
    public static readonly DiagnosticCode PendingCode = new(
        "MTS0711",
        "an apply has not ended",
        "An apply writes a journal in /var/lib/mailtlsstate before it changes anything, and ends it when the new state (or, after a roll-back, the former one) was seen by handshake. This journal has not ended: the apply is at work right now, or it was killed or lost its machine on the way. Commands that only read say so and change nothing; what they see may be half of a change. mailtls recover, or the next apply, ends it: before verification the former files come back, after it the rest is tidied up.");

    /// <summary>A journal is damaged.</summary>
    public static readonly DiagnosticCode JournalDamagedCode = new(
        "MTS0712",
        "journal is damaged",
        "Each line of a journal carries its own checksum. A last line that is not whole is what a power cut leaves, and is taken as not written; a line before it that does not match its checksum was damaged afterwards, by a failing disk or by hand, and then nobody can tell from it how far the run got. The journal is never thrown away: look at the files that lie beside their targets (.NAME.mtls-RUN-N.old is the former content, .new the new one), put the right ones in place, reload the daemons, and move the journal to another folder. Then mailtls apply works again.");

    /// <summary>A journal of a newer version.</summary>
    public static readonly DiagnosticCode JournalOfNewerVersionCode = new(
        "MTS0713",
        "journal was written by a newer version",
        "An apply of a newer mailtls was interrupted, and its journal holds something that this version does not know. Following it by halves could leave a mixture, so nothing is done. Run mailtls recover of the version that began the apply, or a later one.");

    /// <summary>A journal cannot be read.</summary>
    public static readonly DiagnosticCode JournalUnreadableCode = new(
        "MTS0714",
        "journal cannot be read",
        "The operating system does not let the journal in /var/lib/mailtlsstate be read (input/output error, a link or another kind of file in its place). Whether a run has to be recovered is not known until it can be, so nothing is changed.");

    /// <summary>Temporary files are left.</summary>
    public static readonly DiagnosticCode NotTidiedCode = new(
        "MTS0715",
        "temporary files are left",
        "The outcome stands, but removing temporary files or ending the journal failed afterwards. They are hidden files beside their targets and a journal in /var/lib/mailtlsstate; no daemon reads them. mailtls recover, or the next apply, removes them.");

    /// <summary>Interrupted after the commit began.</summary>
    public static readonly DiagnosticCode InterruptedLateCode = new(
        "MTS0716",
        "interrupted after the commit had begun",
        "A signal, or output that nobody reads any more, asked the run to end while files were being put in place or services told. A change is never left half: if the new state was served on every endpoint it stands, else the former state was brought back and seen by handshake. The message says which of the two.");

    /// <summary>A service was restarted in a roll-back.</summary>
    public static readonly DiagnosticCode RestartedCode = new(
        "MTS0717",
        "a service was restarted to bring the former state back",
        "After a roll-back the services are reloaded, which keeps sessions. One did not answer as before, so it was restarted as the last resort. A common cause is Postfix's master process: after a service process failed at once (its log says bad command startup -- throttling) it does not start that service for a minute, and a reload does not end the wait.");

    /// <summary>A service was not restarted in a roll-back.</summary>
    public static readonly DiagnosticCode NotRestartedCode = new(
        "MTS0718",
        "a service does not start on its former files and was left running",
        "After a roll-back a service did not answer as before, and the last resort would be a restart. Tried in namespaces of its own, it does not start on the files as they were before the apply; it ran by what it had loaded earlier. So it was left running with what it has, because a restart would end it. Mend what it says about its files, or apply again: the plan shows what mends it.");

    /// <summary>The former state is on disk and not served.</summary>
    public static readonly DiagnosticCode NotServedCode = new(
        "MTS0719",
        "the former files are back, but not what was served",
        "An earlier run was taken back: every file is as it was before it. An endpoint does not answer as it did then, even after a reload and a restart. Most often the service had served from memory what its files no longer gave (a certificate that was removed since, a setting that had not been loaded), and nothing can bring that back. The apply goes on from the present state; its own plan, rehearsal and proof decide.");

    /// <summary>SELinux refused a daemon something.</summary>
    public static readonly DiagnosticCode DeniedCode = new(
        "MTS0720",
        "SELinux refused a mail daemon something",
        "While an apply was proven, or while verify asked the endpoints, the audit log told of a refusal (AVC) for a domain of Postfix or Dovecot. The daemons do not say so to their clients: Postfix goes on without TLS where it may not read key or certificate, and "
        + "Dovecot with the certificate that it has in memory. Labels of files that MailTlsState keeps are part of its plan; others are set by restorecon, or by semanage fcontext and restorecon; a port is given to a daemon by semanage port.");

    /// <summary>Processes of before still accept.</summary>
    public static readonly DiagnosticCode LingeringCode = new(
        "MTS0721",
        "processes of before the activation still accept connections",
        "The new state was seen in several rounds of handshakes, one after the other, but a process that was there when the service was told to reload still waits for a client, and may serve it what it has loaded. Postfix ends an idle smtpd after max_idle (100 s by default) or after its next client; Dovecot ends a login process with its sessions. Nothing has to be done, unless clients must not see the former certificate even once more: then restart the service.");

    /// <summary>Others may write to the journal or its directory.</summary>
    public static readonly DiagnosticCode JournalNotTrustedCode = new(
        "MTS0722",
        "journal can be changed by somebody other than root",
        "The directory of the journal, /var/lib/mailtlsstate, or the journal itself belongs to another user, or its group or everybody may write to it. Root does what a journal says, so that whoever that is could have any file's owner, mode or content changed. "
        + "MailTlsState makes both for root alone; a restored backup or a chown -R changed that. Look into the journal, if you are not sure who wrote it; then give both to root and take the write permission away.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        RehearsalFailedCode, NotRehearsedCode, RolledBackCode, IncompleteCode, RecoveredCode, WriteFailedCode, StaleCode, LockedCode, ActivationFailedCode, NotRootCode,
        PendingCode, JournalDamagedCode, JournalOfNewerVersionCode, JournalUnreadableCode, NotTidiedCode, InterruptedLateCode, RestartedCode, NotRestartedCode, NotServedCode,
        DeniedCode, LingeringCode, JournalNotTrustedCode,
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
        new(IncompleteCode, Severity.Error, $"the former state could not be restored in full: {what}", "mend what is named, then run mailtls recover; mailtls explain MTS0704 says how to go on otherwise");

    /// <summary><see cref="RecoveredCode"/>.</summary>
    public static Diagnostic Recovered(string id, string how) =>
        new(RecoveredCode, Severity.Warning, $"the interrupted run {id} was {how}", "nothing has to be done");

    /// <summary><see cref="WriteFailedCode"/>.</summary>
    public static Diagnostic WriteFailed(HostWriteException failure) =>
        PathDiagnostics.OfFailure(failure) ?? new(WriteFailedCode, Severity.Error, $"{failure.Message}; nothing was changed", "free space or lift what forbids the write, then apply again");

    /// <summary><see cref="StaleCode"/>.</summary>
    public static Diagnostic Stale(string moved) =>
        new(StaleCode, Severity.Error, $"the plan is stale: {moved}", "make a new plan and review it");

    /// <summary><see cref="LockedCode"/>.</summary>
    public static Diagnostic Locked(string message) => new(LockedCode, Severity.Error, message, "wait for it to end");

    /// <summary><see cref="ActivationFailedCode"/>.</summary>
    public static Diagnostic ActivationFailed(string call, int exitCode, string words) =>
        new(ActivationFailedCode, Severity.Warning, $"{call} returned {exitCode}{(words.Length == 0 ? "" : ": " + words)}", "read the service's log");

    /// <summary><see cref="NotRootCode"/>.</summary>
    public static Diagnostic NotRoot(int userId) => new(NotRootCode, Severity.Error, $"this command runs as user {userId}, not as root", "run it as root");

    /// <summary><see cref="PendingCode"/>.</summary>
    public static Diagnostic Pending(string id, DateTimeOffset started, string command, string where) => new(
        PendingCode,
        Severity.Warning,
        $"the run {id} ({command}), begun {started.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, has not ended: it is at work, or was interrupted {where}",
        "unless it is at work, run mailtls recover");

    /// <summary><see cref="JournalDamagedCode"/>.</summary>
    public static Diagnostic JournalDamaged(string path, int line, string found) =>
        new(JournalDamagedCode, Severity.Error, $"line {line} of {path} is damaged, so how far that run got is not known; {found}", "mailtls explain MTS0712 says how to go on");

    /// <summary><see cref="JournalOfNewerVersionCode"/>.</summary>
    public static Diagnostic JournalOfNewerVersion(string path, string why) =>
        new(JournalOfNewerVersionCode, Severity.Error, $"{path} cannot be followed: {why}", "run mailtls recover of the version that wrote it");

    /// <summary><see cref="JournalUnreadableCode"/>.</summary>
    public static Diagnostic JournalUnreadable(string message) => new(JournalUnreadableCode, Severity.Error, message, "make it readable, then run mailtls recover");

    /// <summary><see cref="JournalNotTrustedCode"/>.</summary>
    public static Diagnostic JournalNotTrusted(string path, int owner, int mode) => new(
        JournalNotTrustedCode,
        Severity.Error,
        owner != 0 ? $"{path} belongs to user {owner}, not to root" : $"{path} can be written by others (mode {Convert.ToString(mode, 8).PadLeft(4, '0')})",
        $"see who wrote there, then chown root {path} && chmod go-w {path}");

    /// <summary><see cref="NotTidiedCode"/>.</summary>
    public static Diagnostic NotTidied(string why) => new(NotTidiedCode, Severity.Warning, $"temporary files are left: {why}", "run mailtls recover");

    /// <summary><see cref="NotTidiedCode"/>, of a run that is to be recovered: it keeps the next one from beginning.</summary>
    public static Diagnostic NotTidied(string id, string outcome, string why) =>
        new(NotTidiedCode, Severity.Error, $"the interrupted run {id} {outcome}, but temporary files are left: {why}", "mend what is named, then run mailtls recover");

    /// <summary><see cref="InterruptedLateCode"/>.</summary>
    public static Diagnostic InterruptedLate(bool applied) => new(
        InterruptedLateCode,
        Severity.Warning,
        $"interrupted after the commit had begun, so the run {(applied ? "was finished: the new state is served" : "was rolled back")}",
        applied ? "nothing has to be done" : "apply again when it suits");

    /// <summary><see cref="DeniedCode"/>.</summary>
    public static Diagnostic Denied(Hosts.SeLinux.Denial denial) => new(
        DeniedCode,
        Severity.Warning,
        $"SELinux refused {denial.Program} ({denial.Domain}) {{ {denial.Permission} }} of {(denial.Name.Length == 0 ? "a" : denial.Name + ", a")} {denial.Class} of type {denial.Type}: {denial.Line}",
        denial switch
        {
            { Permission: "name_bind" } => $"semanage port -a -t {(denial.Domain.StartsWith("postfix", StringComparison.Ordinal) ? "smtp_port_t" : "pop_port_t")} -p tcp {denial.Name}",
            { Class: "file" or "dir" or "lnk_file" } => $"mailtls plan shows the labels of its own files; of others: restorecon -v, or a type that {denial.Domain} may read by semanage fcontext",
            _ => "ausearch -m AVC -ts recent | audit2why tells which rule or boolean it lacks",
        });

    /// <summary><see cref="RestartedCode"/>.</summary>
    public static Diagnostic Restarted(string what) => new(RestartedCode, Severity.Warning, what, "read the service's log for what it stumbled over");

    /// <summary><see cref="NotRestartedCode"/>.</summary>
    public static Diagnostic NotRestarted(string service, string words) => new(
        NotRestartedCode, Severity.Warning, $"{service} was not restarted: it does not start on its former files{(words.Length == 0 ? "" : $" ({words})")}, and runs by what it has loaded", "mend its files, or run mailtls apply");

    /// <summary><see cref="LingeringCode"/>.</summary>
    public static Diagnostic Lingering(IEnumerable<string> processes, TimeSpan since) => new(
        LingeringCode,
        Severity.Note,
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{since.TotalSeconds:0.0} s after the activation {string.Join(", ", processes)} of before still waits for a client"),
        "they end by themselves");

    /// <summary><see cref="NotServedCode"/>.</summary>
    public static Diagnostic NotServed(string id, string what) =>
        new(NotServedCode, Severity.Warning, $"the files of before the interrupted run {id} are back, but {what}", "read what this apply plans and verifies");
}
