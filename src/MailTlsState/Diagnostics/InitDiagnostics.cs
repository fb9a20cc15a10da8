namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics of reading a host into a manifest (MTS064x).</summary>
public static class InitDiagnostics
{
    /// <summary>No mail server.</summary>
    public static readonly DiagnosticCode NothingListensCode = new(
        "MTS0640",
        "no mail server listens on this host",
        "mailtls init writes the endpoints that Postfix and Dovecot listen on. Neither does on its registered ports. Start them, or write a manifest from an example. As another user than root the holders of the sockets are not seen.");

    /// <summary>No usable name.</summary>
    public static readonly DiagnosticCode NoNameCode = new(
        "MTS0641",
        "the host has no fully qualified name",
        "The certificate needs the name that clients type. Neither Postfix's myhostname nor the kernel's host name is a fully qualified one. Give it with --host mail.example.com.");

    /// <summary>A certificate of another CA.</summary>
    public static readonly DiagnosticCode ForeignCertificateCode = new(
        "MTS0642",
        "the present certificate cannot be kept",
        "The certificate that is served now comes from a CA whose key is not on this host, and its file was not found in the configuration, so init could not write issuer kind existing with its path. The manifest has a private CA instead: apply would put a certificate in place that clients do not trust before they have the new CA. Where the public has to trust this host, write kind existing with the paths of the present files, or kind purchased, before you apply.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [NothingListensCode, NoNameCode, ForeignCertificateCode];

    internal static Diagnostic NothingListens() => new(NothingListensCode, Severity.Error, "neither Postfix nor Dovecot listens on a mail port", "run as root, and start the mail servers first");

    internal static Diagnostic ForeignCertificate(string issuer) =>
        new(ForeignCertificateCode, Severity.Warning, $"the certificate that is served now is from {ManifestDiagnostics.Quote(issuer)}, and apply would replace it by one of a private CA", "write issuer kind existing or purchased where others than your own clients trust the present certificate");

    internal static Diagnostic NoName(string name) => new(NoNameCode, Severity.Error, $"{ManifestDiagnostics.Quote(name)} is no fully qualified host name", "give --host mail.example.com");
}
