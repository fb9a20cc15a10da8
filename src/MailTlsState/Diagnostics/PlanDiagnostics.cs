namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of planning (MTS06xx).</summary>
public static class PlanDiagnostics
{
    private const int Shown = 4;

    /// <summary>The directory of the certificate is no directory of our own.</summary>
    public static readonly DiagnosticCode DirectoryUnusableCode = new(
        "MTS0601",
        "directory for key and certificate cannot be used",
        "Key and certificate lie in a directory of their own that only root enters. A symbolic link, a file or a directory that others may write in its place would let somebody else decide what the mail server serves. Nothing was changed; give another certificate.directory, or clear the path.");

    /// <summary>The directory lets others in.</summary>
    public static readonly DiagnosticCode DirectoryOpenCode = new(
        "MTS0602",
        "directory for key and certificate can be entered by others",
        "The directory exists and is not 0700. Its files are readable by root alone, so nothing leaks; but a directory that MailTlsState did not create keeps its mode, because narrowing a shared one has shut other programs out on many hosts. Use a directory of its own, or set its mode to 0700 yourself.");

    /// <summary>The clock is wrong.</summary>
    public static readonly DiagnosticCode ClockCode = new(
        "MTS0603",
        "system clock cannot be right",
        "Certificates are valid from a date to a date, so with a wrong clock a new one would be invalid for every client, or a good one would be renewed. The clock stands before this program was built, or decades after. Set it (timedatectl, chrony), then plan again.");

    /// <summary>Observation needs root.</summary>
    public static readonly DiagnosticCode NotPermittedCode = new(
        "MTS0604",
        "file may not be read",
        "The user who runs MailTlsState may not read a file that the plan depends on. Keys and mail configuration belong to root, so plan and apply on the host run as root; reviewing a saved plan and verifying from another machine do not need it.");

    /// <summary>A target is no plain file.</summary>
    public static readonly DiagnosticCode TargetUnusableCode = new(
        "MTS0605",
        "file cannot be written safely",
        "A file of the certificate stands at a path that is a symbolic link, a directory, has further hard links, or is on a read-only file system. Replacing it by rename would cut the link or cannot be done. Move it away, or choose another directory.");

    /// <summary>The passphrase of the CA cannot be had.</summary>
    public static readonly DiagnosticCode PassphraseMissingCode = new(
        "MTS0606",
        "passphrase of the private CA cannot be had",
        "Signing with the private CA needs its passphrase, which the manifest names by reference. The reference does not open, so apply would fail; nothing was changed. Make the file (root only, 0600), or set the variable.");

    /// <summary>The host has no SELinux.</summary>
    public static readonly DiagnosticCode SeLinuxCode = new(
        "MTS0607",
        "SELinux does not match the manifest",
        "The manifest says selinux: required, but this host's kernel has no SELinux, or it is disabled (/etc/selinux/config, or selinux=0 on the kernel's command line). With selinux: auto labels are managed where there is SELinux.");

    /// <summary>A setting has another effective value for no reason that could be found.</summary>
    public static readonly DiagnosticCode IneffectiveCode = new(
        "MTS0608",
        "setting does not take effect",
        "The daemon reports another effective value than the managed file sets, and no line was found that overrides it. The value that counts is the daemon's.");

    /// <summary>A file is no saved plan.</summary>
    public static readonly DiagnosticCode NotAPlanCode = new(
        "MTS0609",
        "file is no saved plan",
        "The file was given as a saved plan, but is not one of this format: cut off, edited, or written by a version that came later. A plan is made with mailtls plan MANIFEST -o FILE.");

    /// <summary>Something to know about the policy.</summary>
    public static readonly DiagnosticCode PolicyNoteCode = new(
        "MTS0610",
        "note about the policy",
        "A policy repairs or leaves out something that its source says (a typo, a directive that is obsolete), or accepts something that an administrator should know of. The note says what.");

    /// <summary>A kind of key that the policy does not allow.</summary>
    public static readonly DiagnosticCode KeyBelowPolicyCode = new(
        "MTS0611",
        "key does not meet the policy",
        "The manifest asks for a kind of key that its policy does not allow or wants to be longer, or the CA's key signs with a hash that the policy does not allow. The plan goes on: the key is the manifest's choice, and a scanner that measures by the policy's document will mark it. Choose another kind under certificate.keys or certificate.issuer.key, or override the policy's field.");

    /// <summary>Drift that a plan for the certificate alone leaves.</summary>
    public static readonly DiagnosticCode LeftAloneCode = new(
        "MTS0612",
        "something else than the certificate differs from the manifest",
        "With --only certificate, plan and apply take care of key, request, certificate and chain, their files and the reload, and nothing else: what a timer or a renewal hook runs must not undo an emergency edit "
        + "of an administrator. What differs besides is named and left as it is. Look at it with mailtls plan, and bring it in line with mailtls apply, both without --only.");

    /// <summary>The certificate cannot be replaced without the services' settings.</summary>
    public static readonly DiagnosticCode NeedsEverythingCode = new(
        "MTS0613",
        "the certificate cannot be replaced alone",
        "With --only certificate a configuration keeps its settings, but for the name of a file that moves. Here the files would get another form than the one that a service names now, for which its settings have "
        + "to change. Run apply without --only certificate once; later renewals go alone again.");

    /// <summary>A saved plan has its own extent.</summary>
    public static readonly DiagnosticCode OtherExtentCode = new(
        "MTS0614",
        "a saved plan has its own extent",
        "A saved plan was made for the whole manifest or, with --only certificate, for the certificate alone, and apply brings about what was reviewed. Make the plan with the --only that is wanted, or leave the option out with a saved plan.");

    /// <summary>TLSA records name the present key.</summary>
    public static readonly DiagnosticCode TlsaCode = new(
        "MTS0617",
        "a new key meets TLSA records",
        "The DNS has TLSA records (DANE, RFC 6698, RFC 7672) for a port of this host, and the plan makes a new key. Mail servers that check them keep their mail back while no record fits the key that is served. A record 3 1 1 names the public key: it stays true over a renewal "
        + "that keeps the key (rotateKey: false, the default). If the key has to change, publish the new record (3 1 1 and the new key's SHA-256, which apply and verify show) at once after apply, with a short time to live beforehand; remove the old one when every cache has dropped it. "
        + "A record 2 x x names a CA, and needs that CA's certificate in the chain.");

    /// <summary>TLSA records could not be looked up.</summary>
    public static readonly DiagnosticCode TlsaUnknownCode = new(
        "MTS0618",
        "TLSA records could not be looked up",
        "The plan makes a new key, and whether the DNS has TLSA records that name the present one is not known: the resolvers of /etc/resolv.conf did not answer in time, or with a failure. The plan is as good as it was. If you publish TLSA records, look at them yourself before apply: dig TLSA _25._tcp.HOST.");

    /// <summary>When the certificate's renewal is due.</summary>
    public static readonly DiagnosticCode RenewsCode = new(
        "MTS0619",
        "when the certificate is renewed",
        "An apply from that day on renews the certificate (with issuer purchased it writes the next request): when certificate.renewBefore is left of its lifetime, or a third of it. Before that nothing is done, "
        + "so a daily timer that runs mailtls apply MANIFEST --only certificate --auto-approve renews it in its time.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        DirectoryUnusableCode, DirectoryOpenCode, ClockCode, NotPermittedCode, TargetUnusableCode, PassphraseMissingCode, SeLinuxCode, IneffectiveCode,
        NotAPlanCode, PolicyNoteCode, KeyBelowPolicyCode, LeftAloneCode, NeedsEverythingCode, OtherExtentCode, TlsaCode, TlsaUnknownCode, RenewsCode,
    ];

    /// <summary><see cref="DirectoryUnusableCode"/>.</summary>
    public static Diagnostic DirectoryUnusable(SourceLocation at, string path, string what) =>
        new(DirectoryUnusableCode, Severity.Error, $"{path} {what}", "choose another directory, for example /etc/pki/mailtls, or clear the path", at);

    /// <summary><see cref="DirectoryOpenCode"/>.</summary>
    public static Diagnostic DirectoryOpen(SourceLocation at, string path, int mode) =>
        new(DirectoryOpenCode, Severity.Warning, $"{path} has mode {Convert.ToString(mode, 8).PadLeft(4, '0')} and keeps it", $"chmod 0700 {path}, if nothing else uses it", at);

    /// <summary><see cref="ClockCode"/>.</summary>
    public static Diagnostic Clock(DateTimeOffset now) =>
        new(ClockCode, Severity.Error, $"the system clock says {now:yyyy-MM-dd HH:mm} UTC, which cannot be right", "set the clock, then plan again");

    /// <summary><see cref="NotPermittedCode"/>.</summary>
    public static Diagnostic NotPermitted(string path, string problem) =>
        new(NotPermittedCode, Severity.Error, $"{path} cannot be observed: {problem}", "run as root");

    /// <summary><see cref="TargetUnusableCode"/>.</summary>
    public static Diagnostic TargetUnusable(SourceLocation at, string path, string what) =>
        new(TargetUnusableCode, Severity.Error, $"{path} {what}", "move it away, or choose another certificate.directory", at);

    /// <summary><see cref="PassphraseMissingCode"/>.</summary>
    public static Diagnostic PassphraseMissing(SourceLocation at, string problem) =>
        new(PassphraseMissingCode, Severity.Error, $"the CA's passphrase cannot be had: {problem}", "make the file with mode 0600, owned by root; or set the variable, or load the credential", at);

    /// <summary><see cref="PassphraseMissingCode"/>.</summary>
    public static Diagnostic PassphraseMissingLater(SourceLocation at, string problem, bool waits) =>
        new(PassphraseMissingCode, Severity.Warning, $"the CA's passphrase cannot be had, and {(waits ? "the certificate, whose renewal is due, waits for it" : "the next renewal needs it")}: {problem}", "bring the file back with mode 0600, owned by root; if the passphrase is lost, see mailtls explain MTS0536", at);

    /// <summary><see cref="SeLinuxCode"/>.</summary>
    public static Diagnostic SeLinuxAbsent(SourceLocation at) =>
        new(SeLinuxCode, Severity.Error, "selinux is required, but this host's kernel has no SELinux", "enable SELinux, or say selinux: auto", at);

    /// <summary><see cref="IneffectiveCode"/>.</summary>
    public static Diagnostic Ineffective(string service, string setting, string effective, string wanted) =>
        new(IneffectiveCode, Severity.Error, $"{service} reports {setting} = {effective} where the manifest needs {wanted}, and the line that does it could not be found", "find and remove the setting that overrides it");

    /// <summary><see cref="NotAPlanCode"/>.</summary>
    public static Diagnostic NotAPlan(SourceLocation at, string why) =>
        new(NotAPlanCode, Severity.Error, $"this is no saved plan: {why}", "make one with mailtls plan MANIFEST -o FILE", at);

    /// <summary><see cref="LeftAloneCode"/>.</summary>
    public static Diagnostic LeftAlone(string fact) =>
        new(LeftAloneCode, Severity.Warning, $"{fact} and is left as it is", "run mailtls plan, then mailtls apply, without --only certificate");

    /// <summary><see cref="NeedsEverythingCode"/>.</summary>
    public static Diagnostic NeedsEverything(string fact) =>
        new(NeedsEverythingCode, Severity.Error, fact, "run mailtls apply without --only certificate");

    /// <summary><see cref="RenewsCode"/>.</summary>
    public static Diagnostic Renews(string certificate, DateTimeOffset due, DateTimeOffset now) =>
        new(RenewsCode, Severity.Note, $"{certificate} renews in {Certificates.Durations.Text(due - now)}, on {CertificateDiagnostics.Day(due)}", "");

    /// <summary><see cref="OtherExtentCode"/>.</summary>
    public static Diagnostic OtherExtent(string file) =>
        new(OtherExtentCode, Severity.Error, $"{file} was planned for the whole manifest", "make it with mailtls plan --only certificate -o FILE, or leave --only out");

    /// <summary><see cref="TlsaCode"/>.</summary>
    public static Diagnostic KeyMeetsTlsa(string name, IReadOnlyList<string> records) => new(
        TlsaCode,
        Severity.Warning,
        $"the key changes, and {name} has {(records.Count == 1 ? "a TLSA record" : "TLSA records")}: {string.Join(", ", records.Take(Shown).Select(r => r.Length <= 100 ? r : r[..97] + "..."))}{(records.Count > Shown ? $" and {records.Count - Shown} more" : "")}",
        "publish the new key's record at once after apply, or keep the key; mailtls explain MTS0617 has the order");

    /// <summary><see cref="TlsaUnknownCode"/>.</summary>
    public static Diagnostic TlsaNotLookedUp(IEnumerable<string> names, string problem) => new(
        TlsaUnknownCode, Severity.Warning, $"the key changes, and TLSA records could not be looked up ({string.Join(", ", names)}): {problem}", "if you publish TLSA records, look at them before apply");

    /// <summary><see cref="PolicyNoteCode"/>.</summary>
    public static Diagnostic PolicyNote(SourceLocation at, string policy, string note) =>
        new(PolicyNoteCode, Severity.Note, $"policy {policy}: {note.TrimEnd('.')}", "", at);

    /// <summary><see cref="KeyBelowPolicyCode"/>.</summary>
    public static Diagnostic SignatureBelowPolicy(SourceLocation at, string kind, string hash, string policy, string allowed, string better) =>
        new(KeyBelowPolicyCode, Severity.Warning, $"the root CA's key {kind} signs with {hash}, but the policy {policy} allows {allowed}", better.Length == 0 ? "override signatureHashes under policy" : $"make a root CA with the key {better}", at);

    /// <summary><see cref="KeyBelowPolicyCode"/>.</summary>
    public static Diagnostic KeyBelowPolicy(SourceLocation at, string kind, string policy, string problem, string allowed) =>
        new(KeyBelowPolicyCode, Severity.Warning, $"the key is {kind}, but the policy {policy} {problem}", $"use one of {allowed}", at);
}
