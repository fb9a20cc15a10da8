namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics about policies and policy files (MTS0162 to MTS0169).</summary>
public static class PolicyDiagnostics
{
    /// <summary>A name that OpenSSL would ignore.</summary>
    public static readonly DiagnosticCode UnknownNameCode = new(
        "MTS0162",
        "a cipher suite, group or keyword is unknown",
        "OpenSSL ignores a name that it does not know in a cipher list, without a word: an exclusion with a typo excludes nothing (the article's PSD for PSK), and a list of groups with one is refused as a whole. So every name has to be one that is known. "
        + "Suites are written as IANA or as OpenSSL names them, groups too; mailtls explain policy NAME shows those of a policy.");

    /// <summary>Fields that do not fit together.</summary>
    public static readonly DiagnosticCode ContradictionCode = new(
        "MTS0163",
        "the fields of the policy do not fit together",
        "A policy has either a list of TLS 1.2 suites or a grade with exclusions, needs one of them where TLS 1.2 is accepted, and has a name that is not one of the catalogue's. The fact says which of these is not so.");

    /// <summary>A policy file that cannot be read.</summary>
    public static readonly DiagnosticCode FileUnreadableCode = new(
        "MTS0164",
        "the policy file cannot be read",
        "policy.file names a file with a policy of your own, relative to the manifest's directory unless it is absolute. It is not there or cannot be read. Copy one to start from: mailtls explain policy intermediate shows the fields.");

    /// <summary>base and file together.</summary>
    public static readonly DiagnosticCode BaseAndFileCode = new(
        "MTS0165",
        "policy.base and policy.file exclude each other",
        "A policy comes from the catalogue (base) or from a file of your own (file). Single fields can be overridden beside either of them.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [UnknownNameCode, ContradictionCode, FileUnreadableCode, BaseAndFileCode];

    internal static Diagnostic UnknownName(SourceLocation at, string value, string what, string? nearest) =>
        new(UnknownNameCode, Severity.Error, $"{ManifestDiagnostics.Quote(value)} is no {what} that is known", nearest is null ? "see mailtls explain policy intermediate for the form of the names" : $"did you mean {nearest}?", at);

    internal static Diagnostic Contradiction(SourceLocation at, string fact, string remedy) => new(ContradictionCode, Severity.Error, fact, remedy, at);

    internal static Diagnostic FileUnreadable(SourceLocation at, string path, string why) =>
        new(FileUnreadableCode, Severity.Error, $"the policy file {ManifestDiagnostics.Quote(path)} {why}", "check the path; it is relative to the manifest's directory", at);

    internal static Diagnostic BaseAndFile(SourceLocation at) =>
        new(BaseAndFileCode, Severity.Error, "the policy has both base and file", "leave one of them out", at);
}
