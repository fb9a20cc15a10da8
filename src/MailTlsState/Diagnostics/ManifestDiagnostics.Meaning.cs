namespace MailTlsState.Diagnostics;

/// <content>What is well formed and still cannot be meant.</content>
public static partial class ManifestDiagnostics
{
    /// <summary>Not a host name.</summary>
    public static readonly DiagnosticCode NameInvalid = new(
        "MTS0130",
        "a name is not a DNS host name",
        "Host names are labels of letters, digits and hyphens, joined by dots (RFC 1123 section 2.1): a label has 1 to 63 characters and neither starts nor ends with a hyphen, the whole has at most 253. No underscore, no trailing dot, and at least two labels, because clients check the fully qualified name against the certificate.");

    /// <summary>An internationalized name in Unicode.</summary>
    public static readonly DiagnosticCode NameInternational = new(
        "MTS0131",
        "an internationalized name must be given as A-label",
        "Certificates and DNS carry internationalized names in ASCII form (A-labels that start with xn--, RFC 5890). Letters that look alike would make two different hosts out of one line on the screen, so the manifest takes the ASCII form only. The hint shows it.");

    /// <summary>An IP address in place of a name.</summary>
    public static readonly DiagnosticCode NameIsAddress = new(
        "MTS0132",
        "an IP address stands where a name belongs",
        "Mail clients and servers check the certificate against a name. A certificate for an address helps nobody that found the host by its MX record, and public CAs do not issue it for mail. Use the host's fully qualified name; addresses to listen on go to addresses of an endpoint. Among certificate.names an address may stand beside the host's name where a CA of your own signs: with a private CA, or with trust: { file: … }.");

    /// <summary>A wildcard at a place that has none.</summary>
    public static readonly DiagnosticCode NameWildcard = new(
        "MTS0133",
        "a wildcard stands at the wrong place",
        "A wildcard may be the whole leftmost label of a name in certificate.names, with at least two labels behind it: *.example.com (RFC 6125 section 6.4.3). It stands for exactly one label. The host itself is one machine and has no wildcard.");

    /// <summary>The certificate would not be valid for the host.</summary>
    public static readonly DiagnosticCode HostNotCovered = new(
        "MTS0134",
        "the certificate's names do not contain the host",
        "Clients connect to the host by its name and check that the certificate contains it. Without it every check of the name fails, so apply would always roll back. Add the host, or a wildcard that covers it, to certificate.names, or leave names out.");

    /// <summary>The root would have the server's own name.</summary>
    public static readonly DiagnosticCode RootNamedLikeServer = new(
        "MTS0135",
        "the root CA has the name of the server",
        "When the root and the server's certificate have the same subject, the certificate looks as if it had signed itself, and chain checks fail with error 18 (self-signed certificate) though every command that made them succeeded. Give the root a common name of its own.");

    /// <summary>Not a country code.</summary>
    public static readonly DiagnosticCode CountryInvalid = new(
        "MTS0136",
        "a country is not a code of two capital letters",
        "The country in a distinguished name is the code of two capital letters of ISO 3166 (RFC 5280, appendix A.1): NL, DE, US. Leave it out if the CA belongs to no country.");

    /// <summary>Not an absolute path.</summary>
    public static readonly DiagnosticCode PathNotAbsolute = new(
        "MTS0140",
        "a path is not absolute",
        "Paths in the manifest start with /. A relative path would depend on the folder in which mailtls was started, and on the daemon's own idea of it: Postfix and Dovecot resolve relative paths differently.");

    /// <summary>Not in normal form.</summary>
    public static readonly DiagnosticCode PathNotNormalized = new(
        "MTS0141",
        "a path is not in normal form",
        "A path must not contain . or .. as a part, doubled slashes or a trailing slash. One directory would otherwise have several spellings, and .. leads elsewhere when a part is a symbolic link.");

    /// <summary>A character that the daemons' configuration reads as syntax.</summary>
    public static readonly DiagnosticCode PathCharacter = new(
        "MTS0142",
        "a path contains a character that the daemons' configuration cannot hold",
        "The path is written into main.cf and dovecot.conf, where white space and commas separate values, and $, #, quotes and braces are syntax. Letters, digits and . _ - + @ ~ are safe in both.");

    /// <summary>A directory of others.</summary>
    public static readonly DiagnosticCode DirectorySharedWithOthers = new(
        "MTS0143",
        "a directory belongs to others",
        "The directory for keys is made root:root 0700 and holds nothing else. Doing that to a directory that other software uses shuts it out: 0700 on /etc/pki/tls, for example, takes the system's CA bundle from every program that does not run as root. A directory of its own, such as /etc/pki/mailtls, harms nobody.");

    /// <summary>Two kinds of key of one algorithm.</summary>
    public static readonly DiagnosticCode TwoKeyKinds = new(
        "MTS0150",
        "two kinds of key are of one algorithm",
        "Two kinds of key mean two certificates side by side, of which each client takes the one that it can use: one of RSA and one of ECDSA. A daemon takes one certificate of each algorithm, so two of one algorithm cannot be served. ECDSA P-256 works with every mail client since about 2014; an RSA kind beside it serves older ones.");

    /// <summary>The leaf would outlive the root.</summary>
    public static readonly DiagnosticCode LeafOutlivesRoot = new(
        "MTS0152",
        "the certificate would outlive its root",
        "A certificate is worth nothing after its root has expired, so its validity is cut at the root's end. leafLifetime is longer than the root's whole lifetime, which is probably not what was meant.");

    /// <summary>A renewal would always be due.</summary>
    public static readonly DiagnosticCode RenewalAlwaysDue = new(
        "MTS0153",
        "a renewal would always be due",
        "renewBefore is the remaining lifetime at which a new certificate is made. When it is as long as the certificate's lifetime or longer, each run makes another certificate and the host is never in its desired state. Choose a shorter time, or leave it out: a third of the lifetime is the default.");

    /// <summary>A setting that issuer existing leaves to another tool.</summary>
    public static readonly DiagnosticCode SettingOfOwnFiles = new(
        "MTS0154",
        "a setting has no meaning for files that another tool keeps",
        "With issuer existing another tool (certbot, lego, acme.sh, a copy job) makes keys and certificates, and decides on their kind, place, layout and renewal. mailtls only reads the files that issuer.files names and never writes, moves or re-modes them, so a key kind, directory, layout, rotateKey or keepPrevious in the manifest would do nothing. Set it in the other tool and leave it out here.");

    /// <summary>A passphrase in the manifest itself.</summary>
    public static readonly DiagnosticCode SecretLiteral = new(
        "MTS0155",
        "a secret stands in the manifest itself",
        "A manifest is reviewed, committed and copied, so a passphrase in it is a passphrase that everybody has. Give a reference: a file that only root can read, or the name of an environment variable. Treat a passphrase that was already saved in the manifest as known to others, and choose a new one.");

    /// <summary>A reference to a secret that is no reference.</summary>
    public static readonly DiagnosticCode SecretReferenceInvalid = new(
        "MTS0156",
        "a reference to a secret is not usable",
        "A secret is referred to by exactly one of file (an absolute path), env (the name of an environment variable: letters, digits and underscore, not starting with a digit) and credential (the name of a credential that systemd gives to the unit). A value that does not fit may be the secret itself, so it is not shown.");

    /// <summary>The next root's directory is in use.</summary>
    public static readonly DiagnosticCode SuccessorDirectory = new(
        "MTS0157",
        "the next root CA has no directory of its own",
        "The next root lies beside the present one for as long as both are needed, and stays where it was made for its whole life. So certificate.issuer.successor.directory is neither the certificate's directory nor the present CA's. Name it by its year, for example /etc/pki/mailtls/ca-2031.");

    /// <summary>A root with the same key and another name.</summary>
    public static readonly DiagnosticCode SuccessorName = new(
        "MTS0158",
        "a root with the same key keeps its name",
        "With successor.key: same the next root is the present one with a new validity: clients that have the present root go on accepting what it signs, because name and key are the same. Under another name it would be another issuer, and that would be lost. Leave successor.subject out, or choose a new key.");

    /// <summary>Not in the catalogue.</summary>
    public static readonly DiagnosticCode PolicyUnknown = new(
        "MTS0160",
        "the policy is not in the catalogue",
        "policy.base names a set of protocol versions and cipher suites with a cited source. mailtls policy lists all of them. A policy of your own is a file of its own, named by policy.file; single fields can be overridden beside either.");

    /// <summary>A floor for which the policy has no suites.</summary>
    public static readonly DiagnosticCode PolicyFloorTooLow = new(
        "MTS0161",
        "the policy has no cipher suites for the protocol version",
        "minimumProtocol lowers the floor below what the policy was made for: it has no cipher suites for that version, so no client could use it. Choose a policy that contains the version, such as intermediate for TLS 1.2.");

    /// <summary>A security that the endpoint cannot have.</summary>
    public static readonly DiagnosticCode EndpointSecurityImpossible = new(
        "MTS0170",
        "the endpoint cannot be protected that way",
        "smtp, submission, imap and pop3 start in the clear and switch to TLS by a command (STARTTLS): opportunistic or required. submissions, imaps and pop3s speak TLS from the first byte (RFC 8314): implicit. Either can be disabled.");

    /// <summary>An endpoint under the other service.</summary>
    public static readonly DiagnosticCode EndpointWrongService = new(
        "MTS0171",
        "the endpoint belongs to another service",
        "Postfix serves smtp, submission and submissions; Dovecot serves imap, imaps, pop3 and pop3s. Move the endpoint under the service that serves it.");

    /// <summary>Two endpoints on one port.</summary>
    public static readonly DiagnosticCode PortTwice = new(
        "MTS0172",
        "two endpoints have the same port",
        "Only one listener can have a port of an address. The second daemon would fail to start, or, as Postfix does after a reload, end altogether. Give one of them another port, or give both addresses that do not overlap; an endpoint without addresses listens on all of them.");

    /// <summary>Not an IP address.</summary>
    public static readonly DiagnosticCode AddressInvalid = new(
        "MTS0173",
        "an address is not an IP address",
        "addresses of an endpoint are IPv4 or IPv6 addresses of this host in their usual form: 192.0.2.1 or 2001:db8::1, without brackets, prefix length or zone. Names are not resolved, since their meaning can change between plan and apply.");

    /// <summary>Nothing is named.</summary>
    public static readonly DiagnosticCode EndpointsMissing = new(
        "MTS0174",
        "no endpoint is named",
        "A manifest that names no endpoint asks for a certificate that nobody serves. Name at least one endpoint under services, such as dovecot, endpoints, imaps.");

    /// <summary>All codes of the manifest.</summary>
    public static IReadOnlyList<DiagnosticCode> All =>
    [
        ManifestTooLarge, ManifestNotUtf8, ManifestByteOrderMark, ManifestControlCharacter, ManifestSyntax, ManifestSeveralDocuments, ManifestEmpty,
        ManifestTooDeep, ManifestAnchor, ManifestAlias, ManifestTag, ManifestDuplicateKey, ManifestKeyNotString,
        ManifestUnknownKey, ManifestMissingKey, ManifestWrongType, ManifestNotOneOf, ManifestOutOfRange, ManifestMissingValue, ManifestDuplicateItem,
        ManifestDuration, ManifestApiVersion,
        NameInvalid, NameInternational, NameIsAddress, NameWildcard, HostNotCovered, RootNamedLikeServer, CountryInvalid,
        PathNotAbsolute, PathNotNormalized, PathCharacter, DirectorySharedWithOthers,
        TwoKeyKinds, LeafOutlivesRoot, RenewalAlwaysDue, SettingOfOwnFiles, SecretLiteral, SecretReferenceInvalid, SuccessorDirectory, SuccessorName,
        PolicyUnknown, PolicyFloorTooLow, .. PolicyDiagnostics.All,
        EndpointSecurityImpossible, EndpointWrongService, PortTwice, AddressInvalid, EndpointsMissing,
    ];

    internal static Diagnostic InvalidName(SourceLocation at, string path, string value, string why, string remedy) =>
        Error(NameInvalid, $"{Show(path)}: {Quote(value)} is no host name: {why}", remedy, at);

    internal static Diagnostic InternationalName(SourceLocation at, string path, string value, string? ascii) =>
        Error(NameInternational, $"{Show(path)}: {Quote(value)} is not ASCII", ascii is null ? "write its A-label (xn--…)" : $"write {Quote(ascii)}", at);

    internal static Diagnostic NameAddress(SourceLocation at, string path, string value) =>
        Error(NameIsAddress, $"{Show(path)}: {Quote(value)} is an IP address", "use the host's fully qualified name", at);

    internal static Diagnostic Wildcard(SourceLocation at, string path, string value, bool allowed) =>
        Error(NameWildcard, $"{Show(path)}: {Quote(value)} has a wildcard at the wrong place", allowed ? "only the whole leftmost label can be *, with two labels behind it: \"*.example.com\"" : "name one host; wildcards belong to certificate.names", at);

    internal static Diagnostic NotCovered(SourceLocation at, string host) =>
        Error(HostNotCovered, $"certificate.names does not contain the host {Quote(host)}", "add it, or leave names out", at);

    internal static Diagnostic RootName(SourceLocation at, string name) =>
        Error(RootNamedLikeServer, $"the root's common name {Quote(name)} is also a name of the server", "give the root a name of its own, such as 'Example Mail CA'", at);

    internal static Diagnostic Country(SourceLocation at, string path, string value) =>
        Error(CountryInvalid, $"{Show(path)} is {Quote(value)}", "write two capital letters, such as NL", at);

    internal static Diagnostic NotAbsolute(SourceLocation at, string path, string value) =>
        Error(PathNotAbsolute, $"{Show(path)}: {Quote(value)} is not an absolute path", "start it with /", at);

    internal static Diagnostic NotNormalized(SourceLocation at, string path, string value, string normal) =>
        Error(PathNotNormalized, $"{Show(path)}: {Quote(value)} is not in normal form", $"write {Quote(normal)}", at);

    internal static Diagnostic PathHolds(SourceLocation at, string path, string value, char c) =>
        Error(PathCharacter, $"{Show(path)}: {Quote(value)} contains {Quote(c.ToString())}", "use letters, digits and . _ - + @ ~", at);

    internal static Diagnostic SharedDirectory(SourceLocation at, string path, string value, string owner, string suggestion) =>
        Error(DirectorySharedWithOthers, $"{Show(path)}: {value} belongs to {owner}", $"use a directory of its own, such as {suggestion}", at);

    internal static Diagnostic KeyKinds(SourceLocation at) =>
        Error(TwoKeyKinds, "certificate.keys has two kinds of one algorithm", "name one of them, or one RSA and one ECDSA kind", at);

    internal static Diagnostic LeafLongerThanRoot(SourceLocation at) =>
        new(LeafOutlivesRoot, Severity.Warning, "leafLifetime is longer than the root's lifetime: the certificate ends with the root", "shorten leafLifetime, or lengthen lifetime", at);

    internal static Diagnostic AlwaysDue(SourceLocation at, string lifetime) =>
        Error(RenewalAlwaysDue, $"renewBefore is not shorter than the certificate's lifetime of {lifetime}", "shorten it, or leave it out: the default is a third of the lifetime", at);

    internal static Diagnostic NotOfExisting(SourceLocation at, string path) =>
        Error(SettingOfOwnFiles, $"{Show(path)} has no meaning with issuer existing: the tool that keeps the files decides", "leave it out", at);

    internal static Diagnostic LiteralSecret(SourceLocation at) =>
        Error(SecretLiteral, "the passphrase stands in the manifest itself", "refer to it: { file: /root/mail-ca.pass } or { env: NAME }", at);

    internal static Diagnostic SuccessorHasNoPlace(SourceLocation at, string path) =>
        Error(SuccessorDirectory, $"{path} is in use already", "name another directory for the next root, such as /etc/pki/mailtls/ca-2031", at);

    internal static Diagnostic SameKeyHasItsName(SourceLocation at) =>
        Error(SuccessorName, "successor.key is same, so the next root has the present one's subject", "leave successor.subject out, or choose another key", at);

    internal static Diagnostic SecretSource(SourceLocation at, string fact) =>
        Error(SecretReferenceInvalid, fact, "write { file: /root/mail-ca.pass }, { env: NAME } or { credential: NAME }", at);

    internal static Diagnostic UnknownPolicy(SourceLocation at, string value, IEnumerable<string> names, string? nearest) =>
        Error(PolicyUnknown, $"no policy is called {Quote(value)}", (nearest is null ? "" : $"did you mean {nearest}? ") + $"known: {string.Join(", ", names)}", at);

    internal static Diagnostic FloorTooLow(SourceLocation at, string policy, string version) =>
        Error(PolicyFloorTooLow, $"the policy {policy} has no cipher suites for {version}", "choose a policy that contains it, such as intermediate, or leave minimumProtocol out", at);

    internal static Diagnostic EndpointSecurity(SourceLocation at, string endpoint, string value, IEnumerable<string> possible) =>
        Error(EndpointSecurityImpossible, $"{endpoint} cannot be {value}", $"write one of {string.Join(", ", possible)}", at);

    internal static Diagnostic EndpointOfOtherService(SourceLocation at, string endpoint, string service) =>
        Error(EndpointWrongService, $"{endpoint} is an endpoint of {service}", $"move it to services.{service}.endpoints", at);

    internal static Diagnostic SamePort(SourceLocation at, string endpoint, int port, string other, SourceLocation otherAt) =>
        Error(PortTwice, $"{endpoint} has port {port}, as {other} in line {otherAt.Line} has", "give one of them another port, or addresses that do not overlap", at);

    internal static Diagnostic Address(SourceLocation at, string path, string value) =>
        Error(AddressInvalid, $"{Show(path)}: {Quote(value)} is not an IP address", "write an address such as 192.0.2.1 or 2001:db8::1", at);

    internal static Diagnostic NoEndpoints(SourceLocation at, string path) =>
        Error(EndpointsMissing, $"{Show(path)} names no endpoint", "name at least one, such as imaps: { security: implicit }", at);
}
