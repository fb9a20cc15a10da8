namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of the command line (MTS09xx).</summary>
public static class CommandDiagnostics
{
    /// <summary>A named file does not exist.</summary>
    public static readonly DiagnosticCode FileMissingCode = new(
        "MTS0901",
        "file does not exist",
        "A file that was named on the command line is not there. Paths are taken relative to the current directory.");

    /// <summary>A named file cannot be read.</summary>
    public static readonly DiagnosticCode FileUnreadableCode = new(
        "MTS0902",
        "file cannot be read",
        "A file that was named on the command line exists but cannot be read: it is a directory, or this user may not read it. Nothing was changed. Name a regular file, or run the command as a user who may read it; keys and mail configuration belong to root.");

    /// <summary>Nobody approved.</summary>
    public static readonly DiagnosticCode NotApprovedCode = new(
        "MTS0903",
        "apply was not approved",
        "Apply changes the host only after the word yes on a terminal, or with --auto-approve. Without a terminal and without the option it ends instead of waiting for an answer that cannot come. Nothing was changed.");

    /// <summary>The code is unknown.</summary>
    public static readonly DiagnosticCode UnknownCodeCode = new(
        "MTS0904",
        "diagnostic code is unknown",
        "mailtls explain knows the codes of this version, MTS and four digits. A newer version may print others.");

    /// <summary>Something happened that should not.</summary>
    public static readonly DiagnosticCode UnexpectedCode = new(
        "MTS0905",
        "unexpected failure",
        "Something failed in a way that MailTlsState does not expect; that is a defect of it. The message names the kind of failure. Whatever was begun has been taken back, or the next apply takes it back first.");

    /// <summary>A saved plan's manifest is another one.</summary>
    public static readonly DiagnosticCode BadConnectCode = new(
        "MTS0906",
        "address to connect to is not understood",
        "--connect takes HOST, or HOST=ADDRESS to reach it by another address or name than its own, for verifying before DNS points there. HOST has to be the manifest's own name, because it is what the certificate must be for; an address is an IPv4 or IPv6 address without brackets, and all addresses of a name are verified.");

    /// <summary>Verification needs a root certificate.</summary>
    public static readonly DiagnosticCode NoTrustAnchorCode = new(
        "MTS0907",
        "root certificate is missing",
        "A chain can be checked only against a root certificate that is already trusted. On the mail host it is the private CA's ca.pem; on another machine give it with --root FILE, copied from the mail host.");

    /// <summary>A file could not be written.</summary>
    public static readonly DiagnosticCode OutputFailedCode = new(
        "MTS0908",
        "output file cannot be written",
        "The file for the result exists already, or its directory cannot be written. A saved plan is never written over another file, so that a reviewed one is not lost.");

    /// <summary>Ended by a signal.</summary>
    public static readonly DiagnosticCode InterruptedCode = new(
        "MTS0909",
        "interrupted",
        "The run was interrupted by a signal before anything was committed, so nothing was changed. After the commit a signal is not obeyed at once: the run finishes or rolls back first.");

    /// <summary>Neither a code nor a setting nor a policy.</summary>
    public static readonly DiagnosticCode UnknownSubjectCode = new(
        "MTS0910",
        "there is nothing to explain by that name",
        "mailtls explain knows diagnostic codes (MTS0301), keys of the manifest by their path or last word (certificate.layout, layout) and policies (policy intermediate). mailtls schema prints all keys, mailtls policy lists the policies.");

    /// <summary>A name has no address.</summary>
    public static readonly DiagnosticCode NameNotResolvedCode = new(
        "MTS0911",
        "host name has no address",
        "The name to connect to was looked up as every program of this machine does it (hosts file, then DNS), and no address came back. Clients from here cannot reach the host by it either. Correct the name or its A and AAAA records, or give an address: --connect HOST=ADDRESS.");

    /// <summary>What should be served is not known.</summary>
    public static readonly DiagnosticCode CertificateUnreadableCode = new(
        "MTS0912",
        "the certificate on disk cannot be read",
        "verify compares what each port serves with the certificate that this host should serve. The file cannot be read, so whether the right one is served, or one from before a renewal, is left open; everything else is judged. Directories like /etc/letsencrypt/live are "
        + "open to root alone: run verify as root, or let the user who watches look into them.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        FileMissingCode, FileUnreadableCode, NotApprovedCode, UnknownCodeCode, UnexpectedCode, BadConnectCode, NoTrustAnchorCode, OutputFailedCode, InterruptedCode, UnknownSubjectCode,
        NameNotResolvedCode, CertificateUnreadableCode,
    ];

    /// <summary><see cref="FileMissingCode"/>.</summary>
    public static Diagnostic FileMissing(string path) => new(FileMissingCode, Severity.Error, $"{path} does not exist", "check the path");

    /// <summary><see cref="FileUnreadableCode"/>.</summary>
    public static Diagnostic FileUnreadable(string path, string why) => new(FileUnreadableCode, Severity.Error, $"{path} cannot be read: {why}", "check its kind and mode");

    /// <summary><see cref="NotApprovedCode"/>.</summary>
    public static Diagnostic NotApproved(bool asked) => asked
        ? new(NotApprovedCode, Severity.Error, "apply was not approved, so nothing was changed", "answer yes to approve")
        : new(NotApprovedCode, Severity.Error, "there is no terminal to approve on, so nothing was changed", "give --auto-approve");

    /// <summary><see cref="UnknownCodeCode"/>.</summary>
    public static Diagnostic UnknownCode(string code) => new(UnknownCodeCode, Severity.Error, $"{code} is no code of this version", "codes look like MTS0301");

    /// <summary><see cref="UnknownSubjectCode"/>.</summary>
    public static Diagnostic UnknownSubject(string what, string name, string? nearest) =>
        new(UnknownSubjectCode, Severity.Error, $"there is no {what} called {ManifestDiagnostics.Quote(name)}", nearest is null ? "mailtls schema prints all settings, mailtls policy lists the policies" : $"did you mean {nearest}?");

    /// <summary><see cref="UnexpectedCode"/>.</summary>
    public static Diagnostic Unexpected(Exception e) => new(UnexpectedCode, Severity.Error, $"{e.GetType().Name}: {e.Message.TrimEnd('.')}", "please report it with the command that was run");

    /// <summary><see cref="BadConnectCode"/>.</summary>
    public static Diagnostic BadConnect(string value, string host) => new(BadConnectCode, Severity.Error, $"--connect {value} is not understood", $"give {host}, or {host}=ADDRESS with an IP address or a name");

    /// <summary><see cref="NameNotResolvedCode"/>.</summary>
    public static Diagnostic NameNotResolved(string name, string host) => new(NameNotResolvedCode, Severity.Error, $"{name} has no address", $"correct the name, or give --connect {host}=ADDRESS");

    /// <summary><see cref="CertificateUnreadableCode"/>.</summary>
    public static Diagnostic CertificateUnreadable(string path, string problem) => new(CertificateUnreadableCode, Severity.Warning, $"{path} cannot be read: {problem}; whether its certificate is the one that is served is left open", "run verify as root");

    /// <summary><see cref="NoTrustAnchorCode"/>.</summary>
    public static Diagnostic NoTrustAnchor(string path) => new(NoTrustAnchorCode, Severity.Error, $"there is no root certificate in {path}", "run mailtls apply first, or give the root certificate with --root FILE");

    /// <summary><see cref="OutputFailedCode"/>.</summary>
    public static Diagnostic OutputFailed(string path, string why) => new(OutputFailedCode, Severity.Error, $"{path} cannot be written: {why}", "give another path");

    /// <summary><see cref="InterruptedCode"/>.</summary>
    public static Diagnostic Interrupted() => new(InterruptedCode, Severity.Error, "interrupted; nothing was changed", "run it again");
}
