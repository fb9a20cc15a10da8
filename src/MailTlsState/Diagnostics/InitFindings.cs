namespace MailTlsState.Diagnostics;

/// <summary>What <c>init</c> finds on a host and its manifest cannot say, or changes (MTS065x). All are warnings, and stand in the manifest as comments.</summary>
public static class InitFindings
{
    /// <summary>The certificate to keep lacks a chain or a root.</summary>
    public static readonly DiagnosticCode ChainCode = new(
        "MTS0650",
        "the chain of the certificate that is kept does not lead to a root",
        "init keeps a certificate that another tool put there, and the manifest has to say by which root clients trust it. Here the certificate's file alone does not lead to a root that is known on this host: an intermediate certificate stands in another file, "
        + "such as that of smtpd_tls_CAfile, or a root is neither among the system's own nor beside the certificate. plan says so as an error (MTS0516). Append the intermediate certificates to the file, behind the server's own (certbot's fullchain.pem has them), or name the root: trust: { file: … }.");

    /// <summary>The listeners of one endpoint are not alike.</summary>
    public static readonly DiagnosticCode MixedCode = new(
        "MTS0651",
        "the listeners of one endpoint differ",
        "A manifest says once for each endpoint whether TLS is required, for all the addresses on which it listens. On this host they differ, so apply changes one of them: init writes what keeps mail coming in. "
        + "Where that is not what you want, write the other word, or give the listener that differs a port of its own.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [ChainCode, MixedCode];

    internal static Diagnostic ChainElsewhere(string file, string issuer) => Warning(
        ChainCode, $"{file} lacks the certificate of {ManifestDiagnostics.Quote(issuer)}, which is served from another file", "append it to the file: every server gets the chain from there");

    internal static Diagnostic RootUnknown(string file, string issuer) => Warning(
        ChainCode, $"the chain in {file} leads to {ManifestDiagnostics.Quote(issuer)}, which is neither a root of the system nor in a file of its own on this host", "write the file of that root as trust: { file: … }");

    internal static Diagnostic MixedSecurity(string endpoint, IEnumerable<string> strict, IEnumerable<string> open) => Warning(
        MixedCode, $"of {endpoint}, {string.Join(" and ", strict)} requires TLS and {string.Join(" and ", open)} does not; the manifest has opportunistic for both", "write required, if no sender without TLS is to deliver there");

    private static Diagnostic Warning(DiagnosticCode code, string fact, string remedy) => new(code, Severity.Warning, fact, remedy);
}
