using MailTlsState.Hosts;

namespace MailTlsState.Diagnostics;

/// <summary>Findings about what is there before the first apply, and about what somebody changed since (MTS062x, MTS063x). None of them ends a plan.</summary>
public static class ReviewDiagnostics
{
    /// <summary>A name in a cipher list that OpenSSL ignores.</summary>
    public static readonly DiagnosticCode CipherTypoCode = new(
        "MTS0620",
        "a cipher list excludes a name that does not exist",
        "PSD is a typo for PSK that has been copied from an article of 2020. OpenSSL ignores a name that it does not know, without a word, so nothing is excluded and the suites with pre-shared keys stay. MailTlsState writes the policy's own exclusions.");

    /// <summary>HTML in a configuration file.</summary>
    public static readonly DiagnosticCode HtmlEscapeCode = new(
        "MTS0621",
        "a configuration line holds an HTML escape",
        "The line was copied from a web page that showed &lt; where < was meant. Dovecot reads < as \"the content of this file\"; with &lt; its own check returns success, but no certificate is loaded and every TLS connection fails. Write the character itself.");

    /// <summary>A directive that is obsolete.</summary>
    public static readonly DiagnosticCode ObsoleteCode = new(
        "MTS0622",
        "a directive is obsolete",
        "The daemon ignores this directive, warns about it, or refuses it in its next version. Each has a replacement, which MailTlsState writes where it manages the setting. What it does not manage stays: remove the line.");

    /// <summary>Two settings that contradict each other.</summary>
    public static readonly DiagnosticCode ContradictionCode = new(
        "MTS0623",
        "two settings of the protocol version contradict each other",
        "ssl_protocols is the obsolete form of ssl_min_protocol. Where both are set, Dovecot 2.3 converts the older one after the newer, so that the floor can be lower than ssl_min_protocol says; 2.4 does not start with it. ssl_min_protocol alone is kept.");

    /// <summary>A setting that an include overrides.</summary>
    public static readonly DiagnosticCode OverriddenCode = new(
        "MTS0624",
        "a setting is overridden by a file that is included later",
        "Dovecot takes the last of several settings of one name. A line before !include conf.d/*.conf loses to the files there, without a word. The setting has had no effect; look at the value that counts.");

    /// <summary>A directory that others need is closed.</summary>
    public static readonly DiagnosticCode SharedDirectoryClosedCode = new(
        "MTS0625",
        "a shared directory is closed to other programs",
        "Certificates and the system's list of CAs lie below this directory. With mode 700 every program that does not run as root loses its CA certificates, and with 600 even a listing fails. MailTlsState never changes the mode of a directory that it did not make: open it again, and keep keys in a directory of their own.");

    /// <summary>A key that others can read.</summary>
    public static readonly DiagnosticCode KeyReadableCode = new(
        "MTS0626",
        "a private key can be read by others",
        "Whoever can read the key can pose as this server, and read what was sent without forward secrecy. The daemons open it as root, so mode 600 and owner root are enough. A key that strangers could read counts as known: make a new one.");

    /// <summary>A leaf without names.</summary>
    public static readonly DiagnosticCode NoSanCode = new(
        "MTS0627",
        "the certificate has no subject alternative name",
        "Clients look for the server's name in the subject alternative names and no longer in the subject (RFC 9525). openssl x509 -req without an extension file makes an X.509 v1 certificate without any. A certificate that MailTlsState issues has them.");

    /// <summary>A leaf that ends after its CA.</summary>
    public static readonly DiagnosticCode OutlivesCaCode = new(
        "MTS0628",
        "the certificate outlives its CA",
        "A certificate is worth nothing after its CA has expired, whatever its own date says, so the monitoring of that date warns too late. Signed with the same lifetime as the CA but later, it ends later. MailTlsState ends a certificate with its CA at the latest.");

    /// <summary>Key and certificate of two pairs.</summary>
    public static readonly DiagnosticCode MismatchCode = new(
        "MTS0629",
        "key and certificate do not match",
        "The daemons check this only when they need it: Postfix then logs \"key values mismatch: disabling TLS support\", still announces STARTTLS and answers 454; Dovecot resets every connection. Their own checks return success.");

    /// <summary>Two PEM lines in one.</summary>
    public static readonly DiagnosticCode GluedCode = new(
        "MTS0630",
        "two PEM lines are glued together",
        "A file without a final newline was joined with another by cat, so that END and BEGIN stand in one line. OpenSSL reads neither block from there on: the chain is incomplete or the file useless. Put a newline between the two.");

    /// <summary>A file without what it should hold.</summary>
    public static readonly DiagnosticCode DamagedCode = new(
        "MTS0631",
        "a certificate or key file is missing or damaged",
        "The configuration names a file that is not there, is empty, or was cut off. cat leaf bundle > leaf empties the leaf before it is read, and returns success. The daemon goes on with what it has in memory until its next start or reload. "
        + "A byte order mark, which some editors put in front of the text, hides the first block from OpenSSL 1.1.1.");

    /// <summary>STARTTLS is announced and refused.</summary>
    public static readonly DiagnosticCode StartTlsRefusedCode = new(
        "MTS0632",
        "STARTTLS is announced but refused with 454",
        "Postfix announces STARTTLS although it could not load its key and certificate, and answers 454 to whoever asks for it. Senders with opportunistic TLS then deliver in clear text, those that insist do not deliver. The mail log says what could not be loaded.");

    /// <summary>A setting that stands twice.</summary>
    public static readonly DiagnosticCode RepeatedCode = new(
        "MTS0633",
        "a setting is given twice",
        "Postfix takes the last of several settings of one name and warns at each start and at each call of postconf: \"overriding earlier entry\". It is usually a line that was appended to the distribution's. The next reader sees the wrong one: keep one.");

    /// <summary>Another program serves the port of an endpoint that the manifest does not name.</summary>
    public static readonly DiagnosticCode PortOfOthersCode = new(
        "MTS0634",
        "another program serves the port of an endpoint that the manifest does not name",
        "An endpoint that listens without being named in the manifest keeps what it has and is verified, if the mail server of the manifest serves it. This one is served by another program, by another instance of the same mail server, or by a mail server that the manifest leaves out: "
        + "it is left alone, is not verified, and does not get the manifest's certificate. Nothing has to be done where that is meant. To have it managed, stop that program and name the endpoint.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        CipherTypoCode, HtmlEscapeCode, ObsoleteCode, ContradictionCode, OverriddenCode, SharedDirectoryClosedCode, KeyReadableCode, NoSanCode, OutlivesCaCode,
        MismatchCode, GluedCode, DamagedCode, StartTlsRefusedCode, RepeatedCode, PortOfOthersCode,
    ];

    internal static Diagnostic CipherTypo(string file, int line, string setting) =>
        Warning(CipherTypoCode, $"{setting} excludes PSD, which OpenSSL does not know; PSK was meant", "write PSK", file, line);

    internal static Diagnostic HtmlEscape(string file, int line, string escape) =>
        Warning(HtmlEscapeCode, $"the line holds {escape}, an HTML escape", "write the character itself", file, line);

    internal static Diagnostic Obsolete(string file, int line, string setting, string instead) => Warning(ObsoleteCode, $"{setting} is obsolete", instead, file, line);

    internal static Diagnostic Contradiction(string file, int line, string older, string newer) =>
        Warning(ContradictionCode, $"{older} is set beside {newer}", "keep ssl_min_protocol alone", file, line);

    internal static Diagnostic Overridden(string file, int line, string setting, string by) =>
        Warning(OverriddenCode, $"{setting} has no effect: {by} is read later and overrides it", "remove the line", file, line);

    internal static Diagnostic SharedDirectoryClosed(string path, int mode) =>
        new(SharedDirectoryClosedCode, Severity.Warning, $"{path} has mode {FileModes.Octal(mode)}, so other programs cannot reach what they need below it", $"chmod 755 {path}, and keep private keys in a directory of their own");

    internal static Diagnostic KeyReadable(string path, int mode, bool byAll) =>
        new(KeyReadableCode, byAll ? Severity.Warning : Severity.Note, $"the private key {path} has mode {FileModes.Octal(mode)}: {(byAll ? "everybody" : "its group")} can read it", $"chmod 600 {path}");

    internal static Diagnostic NoSan(string path, int line, int version, bool issues) =>
        Warning(NoSanCode, $"the certificate is X.509 v{version} without a subject alternative name", NewOne(issues), path, line);

    internal static Diagnostic OutlivesCa(string path, int line, string leaf, string root, bool issues) =>
        Warning(OutlivesCaCode, $"the certificate ends on {leaf}, its CA on {root}", NewOne(issues), path, line);

    internal static Diagnostic Mismatch(string certificate, string key, bool issues) =>
        new(MismatchCode, Severity.Warning, $"the key in {key} does not belong to the certificate in {certificate}", $"put the matching key there{(issues ? ", or let apply issue a new certificate" : "")}");

    internal static Diagnostic Glued(string path, int line) => Warning(GluedCode, "two PEM lines stand in one line, which OpenSSL cannot read", "put a newline between END and BEGIN", path, line);

    internal static Diagnostic Damaged(string path, int line, string what, bool issues) => Warning(DamagedCode, what, issues ? "restore the file, or let apply write a new one" : "restore the file", path, line);

    internal static Diagnostic Marked(string path) =>
        Warning(DamagedCode, "the file begins with a byte order mark, so OpenSSL 1.1.1 does not find its first PEM block", "save it without the mark, which is its first three bytes", path, 1);

    internal static Diagnostic StartTlsRefused(string address, int port, string answer) =>
        new(StartTlsRefusedCode, Severity.Warning, $"{address} port {port} announces STARTTLS and then answers {answer}", "look for \"disabling TLS support\" in the mail log");

    internal static Diagnostic Repeated(string file, int line, string setting, int last) =>
        Warning(RepeatedCode, $"{setting} is set again in line {last}, which counts", "remove the line that does not count", file, line);

    /// <summary><see cref="PortOfOthersCode"/>.</summary>
    /// <param name="at">The service in the manifest.</param>
    /// <param name="endpoint">Which endpoint it would be.</param>
    /// <param name="port">Its port.</param>
    /// <param name="holder">Who serves it.</param>
    /// <param name="addresses">Where.</param>
    /// <param name="instanceOf">The mail server of which it is another instance, or null.</param>
    internal static Diagnostic PortOfOthers(SourceLocation at, string endpoint, int port, Listener holder, IEnumerable<string> addresses, string? instanceOf) =>
        new(
            PortOfOthersCode,
            Severity.Note,
            $"port {port} ({endpoint}) is served by {(instanceOf is null ? holder.Executable ?? holder.Program ?? "a program that could not be identified" : $"another instance of {instanceOf}")} on {string.Join(" and ", addresses)} and is left alone",
            "",
            at);

    private static string NewOne(bool issues) => issues ? "issue a new one; apply does" : "have a new one issued";

    private static Diagnostic Warning(DiagnosticCode code, string fact, string remedy, string file, int line) =>
        new(code, Severity.Warning, fact, remedy, new SourceLocation(file, line, 1));
}
