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
        "A manifest says once for each endpoint whether TLS is required and whether a proxy header comes first, for all the addresses on which it listens. On this host they differ, so the manifest is wrong for one of them: init writes what keeps mail coming in, and no proxy header. "
        + "Where that is not what you want, write the other word, or give the listener that differs a port of its own.");

    /// <summary>A certificate that is served has no place in the manifest.</summary>
    public static readonly DiagnosticCode CertificateLostCode = new(
        "MTS0652",
        "a certificate that is served now would be replaced by another",
        "A manifest has one certificate, or one of each kind of key, for all addresses and ports of both servers. On this host they serve several: by address, by port, or each server its own. init keeps one that covers the host's name, and apply puts it in the place of the others, "
        + "so that clients of the other names would see a wrong one. Have one certificate issued with all the names before you apply. Names that Dovecot serves by SNI alone (local_name) keep what they have.");

    /// <summary>Some listeners take TLS 1.3 alone.</summary>
    public static readonly DiagnosticCode StricterCode = new(
        "MTS0653",
        "a listener takes TLS 1.3 alone and the policy takes TLS 1.2, too",
        "A manifest has one policy for all endpoints of both servers. Where all of them take TLS 1.3 alone, init writes the policy modern. Here only some do, and modern would keep clients and senders with TLS 1.2 from the others, so init writes one that takes both, and apply lowers the floor of the listeners that are named. "
        + "Write base: modern where every client can do TLS 1.3; on port 25 it turns many senders to clear text.");

    /// <summary>A server could not be looked at.</summary>
    public static readonly DiagnosticCode UnseenCode = new(
        "MTS0654",
        "a mail server could not be looked at",
        "init writes the endpoints that listen, and asks the servers' own programs about certificate and policy. A server that is installed and does not run has no endpoints, and of one that cannot read its configuration init sees the ports at most: the manifest leaves it out, or says no more than the defaults of it. "
        + "Start it, or mend its configuration, and run init again; where it is not used any more, nothing has to be done.");

    /// <summary>Clients can go on without TLS, and with the manifest they cannot.</summary>
    public static readonly DiagnosticCode ClearTextCode = new(
        "MTS0655",
        "clients can log in without TLS, which the manifest ends",
        "Passwords go over the network in clear text where a client does not ask for TLS. init writes security required for every endpoint on which users log in, so that after apply such a client gets an error and no login. Clients that use TLS already, as almost all do by default, notice nothing. "
        + "Write security: opportunistic only for as long as an old client needs it.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [ChainCode, MixedCode, CertificateLostCode, StricterCode, UnseenCode, ClearTextCode];

    internal static Diagnostic ChainElsewhere(string file, string issuer) => Warning(
        ChainCode, $"{file} lacks the certificate of {ManifestDiagnostics.Quote(issuer)}, which is served from another file", "append it to the file: every server gets the chain from there");

    internal static Diagnostic RootUnknown(string file, string issuer) => Warning(
        ChainCode, $"the chain in {file} leads to {ManifestDiagnostics.Quote(issuer)}, which is neither a root of the system nor in a file of its own on this host", "write the file of that root as trust: { file: … }");

    internal static Diagnostic MixedSecurity(string endpoint, IEnumerable<string> strict, IEnumerable<string> open) => Warning(
        MixedCode, $"of {endpoint}, {string.Join(" and ", strict)} requires TLS and {string.Join(" and ", open)} does not; the manifest has opportunistic for both", "write required, if no sender without TLS is to deliver there");

    internal static Diagnostic MixedProxy(string endpoint, IEnumerable<string> proxied, IEnumerable<string> direct) => Warning(
        MixedCode, $"of {endpoint}, {string.Join(" and ", proxied)} wants a proxy header first and {string.Join(" and ", direct)} does not; verify cannot speak to the former", "give the listener behind the proxy a port of its own");

    /// <summary><see cref="CertificateLostCode"/>.</summary>
    /// <param name="places">Which endpoints serve it.</param>
    /// <param name="names">What it is for.</param>
    /// <param name="key">The kind of its key.</param>
    /// <param name="issuer">Who issued it.</param>
    /// <param name="host">The manifest's host.</param>
    internal static Diagnostic CertificateLost(IEnumerable<string> places, IEnumerable<string> names, string key, string issuer, string host) => Warning(
        CertificateLostCode,
        $"a certificate for {string.Join(", ", names)} ({key}) from {ManifestDiagnostics.Quote(issuer)} is served by {string.Join(", ", places)}, and apply would put the one for {host} in its place",
        "have one certificate issued with all the names first");

    internal static Diagnostic Stricter(IEnumerable<string> listeners, string policy) => Warning(
        StricterCode, $"TLS 1.3 alone is taken by {string.Join(", ", listeners)}, but not by every endpoint: the policy {policy} takes TLS 1.2 on all of them", "write base: modern, if TLS 1.3 alone is what you want everywhere");

    internal static Diagnostic Stopped(string service) => Warning(UnseenCode, $"{service} is installed and does not run, so the manifest leaves it out", "start it and run init again, if it serves mail here");

    internal static Diagnostic Unreadable(string service, string cause, bool named) => Warning(
        UnseenCode,
        $"{service} cannot read its configuration, so {(named ? "of its endpoints the manifest has no more than the ports" : "the manifest leaves it out")}: {cause.TrimEnd('.')}",
        "mend what it names and run init again");

    internal static Diagnostic ClearText(SourceLocation? at, string endpoint, int port, IEnumerable<string> settings) => Warning(
        ClearTextCode, $"{endpoint} ({port}) lets clients go on without TLS ({string.Join(", ", settings)}), and with security: required apply ends that", "see that every client uses TLS, or write opportunistic until they do") with { Location = at };

    private static Diagnostic Warning(DiagnosticCode code, string fact, string remedy) => new(code, Severity.Warning, fact, remedy);
}
