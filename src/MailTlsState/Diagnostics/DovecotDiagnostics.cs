namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics about Dovecot (MTS04xx).</summary>
public static class DovecotDiagnostics
{
    /// <summary>The protocol is not switched on.</summary>
    public static readonly DiagnosticCode ProtocolMissingCode = new(
        "MTS0401",
        "Dovecot does not serve the protocol",
        "The manifest names an endpoint whose protocol is not in Dovecot's \"protocols\" setting. On Debian each protocol is a package of its own (dovecot-imapd, dovecot-pop3d) that adds itself there. Install it, or leave the endpoint out of the manifest.");

    /// <summary>The managed file is not read.</summary>
    public static readonly DiagnosticCode NotIncludedCode = new(
        "MTS0402",
        "Dovecot's configuration includes no directory of its own",
        "MailTlsState keeps its settings in a file of their own, which Dovecot's main file has to include. The main file has no include that covers it, so one line is added at its end.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [ProtocolMissingCode, NotIncludedCode];

    /// <summary><see cref="ProtocolMissingCode"/>.</summary>
    public static Diagnostic ProtocolMissing(SourceLocation at, string protocol, string protocols) =>
        new(ProtocolMissingCode, Severity.Error, $"Dovecot serves {(protocols.Length == 0 ? "no protocol" : protocols)}, but not {protocol}", $"install the package dovecot-{protocol}d, or leave its endpoints out of the manifest", at);

    /// <summary><see cref="NotIncludedCode"/>.</summary>
    public static Diagnostic NotIncluded(string mainFile, string line) =>
        new(NotIncludedCode, Severity.Note, $"{mainFile} includes no conf.d directory, so \"{line}\" is added at its end", "nothing has to be done", new SourceLocation(mainFile, 1, 1));
}
