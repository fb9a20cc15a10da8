namespace MailTlsState.Diagnostics;

/// <summary>What can be wrong where a private CA is made, shown or asked to sign (MTS053x).</summary>
public static class CaDiagnostics
{
    /// <summary>The manifest has no CA of its own.</summary>
    public static readonly DiagnosticCode NoCa = new(
        "MTS0530",
        "the manifest has no private CA",
        "The commands mailtls ca … work with the root CA that a manifest with issuer kind privateCa describes: its directory, subject, lifetimes and passphrase. This manifest takes its certificate from elsewhere. "
        + "On the machine that keeps the CA, use a manifest with the same names and issuer kind privateCa; the mail host's own manifest says purchased, with trust: { file: … } naming the root.");

    /// <summary>The request cannot be used.</summary>
    public static readonly DiagnosticCode RequestUnreadable = new(
        "MTS0531",
        "the file is no certificate request, or its signature is wrong",
        "A request (PKCS#10, RFC 2986) is signed with the key that it asks a certificate for; that shows that whoever asks has the key. A file that is no request, or whose signature does not fit, is never signed. Print the request again on the mail host: mailtls csr MANIFEST.");

    /// <summary>Other names.</summary>
    public static readonly DiagnosticCode RequestNames = new(
        "MTS0532",
        "the request asks for other names than the manifest",
        "Which names a certificate is for is decided by the manifest on the CA's machine, not by whoever sends a request: a CA that signs any name is one that anybody can use against its own users. Both manifests have to say the same names.");

    /// <summary>Another kind of key.</summary>
    public static readonly DiagnosticCode RequestKey = new(
        "MTS0533",
        "the request's key is of a kind that the manifest does not name",
        "The manifest's certificate.keys say which kinds of key the host may have; the policy judges by them. Have the request made with a key of such a kind, or name this kind in the CA's manifest as well.");

    /// <summary>It is there already.</summary>
    public static readonly DiagnosticCode Exists = new(
        "MTS0534",
        "there is a CA already",
        "A root that is made anew has to be installed on every device again, and what the old one signed is worth nothing where only the new one is known. So mailtls never writes over one. If the old one is really done with, move its two files away first.");

    /// <summary>Clients would have to trust another root.</summary>
    public static readonly DiagnosticCode NewRoot = new(
        "MTS0535",
        "clients would have to trust another root",
        "Clients accept the host's certificate because they have the root that signed it. A certificate of another root is refused by every client until that root is installed there, so mailtls never changes the root by itself. "
        + "If the other root is the successor's whose time has come, say successor: { trusted: true }; if its move is over, let certificate.issuer.directory name its directory. If clients are to get another root at once, run plan and apply "
        + "with --accept-new-root, then give them what mailtls ca export prints: until they have it, they cannot connect.");

    /// <summary>The CA can sign no more.</summary>
    public static readonly DiagnosticCode CaLost = new(
        "MTS0536",
        "the root CA is lost",
        "The CA's key is gone, or all of the CA, while a certificate of it is in use. That certificate is good until its end, and nothing has to be done at once; but no other can be signed. What costs nothing: bring ca.key back from a backup. "
        + "Else clients need a new root. While the certificate still lasts, that goes without an interruption: add successor: { directory: … } under certificate.issuer, apply, give its ca.pem to all clients, then say trusted: true. "
        + "With --accept-new-root a new root is made and used at once, and clients cannot connect until they have it. A passphrase that is lost is a key that is lost: only then is the same to be done, and the successor needs a passphrase of its own (successor: { passphrase: … }). "
        + "A renewal that is due waits all that time, with a warning; apply --only certificate, which a timer runs, fails then, so that it is noticed.");

    /// <summary>Two roots at a time.</summary>
    public static readonly DiagnosticCode TwoRoots = new(
        "MTS0537",
        "there are two root CAs for a time",
        "The next root lies beside the present one. While successor.trusted is false, certificates stay under the present root and the next one signs nothing: give its ca.pem (mailtls ca export --successor) to all clients in that time. "
        + "With a new key every client needs it before trusted: true; with key: same, clients of the present root go on until that ends. With trusted: true certificates come from the next root; setting it back to false goes back, as long as the present "
        + "root lasts. When no client needs the former root any more, let certificate.issuer say what stands under successor (directory, subject, key, lifetime, passphrase) and take successor away; the former root's directory may then be deleted by hand.");

    /// <summary>The next root cannot be used.</summary>
    public static readonly DiagnosticCode SuccessorUnready = new(
        "MTS0538",
        "the next root CA is not ready",
        "A root that does not exist cannot be trusted by any client. Leave successor.trusted out, apply, give the new ca.pem to all clients, and only then say trusted: true. With key: same the present root's key has to be there, since it signs the next certificate of itself. "
        + "Where the present root has ended or is lost already and clients cannot connect anyway, apply with --accept-new-root makes the next root and uses it at once.");

    /// <summary>An old encryption of the key.</summary>
    public static readonly DiagnosticCode WeakKeyEncryption = new(
        "MTS0539",
        "the root CA's key is weakly encrypted",
        "Whoever gets the file, for example from a backup, can try passphrases on it. The older forms of openssl genrsa -des3 derive the key by one round of MD5, and even later ones by 2048 rounds of PBKDF2: billions, or a hundred thousand passphrases a second. "
        + "With keyEncryption: strong under certificate.issuer, apply writes the file anew under the same passphrase: PKCS#8, AES-256, PBKDF2-HMAC-SHA256 with 600,000 rounds; mailtls ca encrypt does the same where the CA is kept elsewhere. Copies in backups stay as weak as they are.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
        [NoCa, RequestUnreadable, RequestNames, RequestKey, Exists, NewRoot, CaLost, TwoRoots, SuccessorUnready, WeakKeyEncryption];

    /// <summary><see cref="NoCa"/>.</summary>
    public static Diagnostic HasNoCa(SourceLocation at, string kind) =>
        new(NoCa, Severity.Error, $"the issuer is {kind}, which has no CA of its own", "use the manifest of the machine that keeps the CA", at);

    /// <summary><see cref="RequestUnreadable"/>.</summary>
    public static Diagnostic RequestIsUnreadable(string path) =>
        new(RequestUnreadable, Severity.Error, $"{path} is no certificate request with a right signature", "print it again on the mail host: mailtls csr MANIFEST");

    /// <summary><see cref="RequestNames"/>.</summary>
    public static Diagnostic RequestHasOtherNames(string path, IEnumerable<string> asked, IEnumerable<string> wanted) =>
        new(RequestNames, Severity.Error, $"{path} asks for {Listed(asked)}, and the manifest says {Listed(wanted)}", "let both say the same, then make the request again");

    /// <summary><see cref="RequestKey"/>.</summary>
    public static Diagnostic RequestHasOtherKey(string path, string kind, IEnumerable<string> wanted) =>
        new(RequestKey, Severity.Error, $"{path} is for a key of kind {kind}, and the manifest names {Listed(wanted)}", "have the request made with such a key, or name this kind in certificate.keys");

    /// <summary><see cref="Exists"/>.</summary>
    public static Diagnostic AlreadyExists(string path) => new(Exists, Severity.Error, $"{path} exists", "use the CA that is there, or move its files away");

    /// <summary><see cref="NewRoot"/>.</summary>
    public static Diagnostic RootWouldChange(string former, string next) => new(
        NewRoot,
        Severity.Error,
        $"the certificate in use was signed by {former}, and the manifest's root CA is {next}: clients that do not have it yet would refuse the host",
        "let certificate.issuer.directory name the root that clients have; or, if they are to get another one, plan and apply with --accept-new-root");

    /// <summary><see cref="NewRoot"/>.</summary>
    public static Diagnostic NewRootAccepted() =>
        new(NewRoot, Severity.Warning, "clients have to trust another root: until they have it, they refuse the host", "after apply, give them what mailtls ca export prints");

    /// <summary><see cref="CaLost"/>.</summary>
    public static Diagnostic RootIsLost(string what, bool signs, bool waits, DateTimeOffset? end) => new(
        CaLost,
        Severity.Error,
        signs
            ? $"the root CA is lost ({what}), and a certificate has to be signed"
            : $"the root CA is lost ({what}); the certificate in use is good until {(end is { } day ? CertificateDiagnostics.Day(day) : "its end")}, and no other can be signed{(waits ? ", though its renewal is due" : "")}",
        "bring it back from a backup; else prepare certificate.issuer.successor, or make a new root at once with --accept-new-root: either way all clients have to get a new root");

    /// <summary><see cref="TwoRoots"/>.</summary>
    public static Diagnostic SuccessorWaits(SourceLocation at, string subject, string fingerprint, string file, string overlap, bool urgent) => new(
        TwoRoots,
        urgent ? Severity.Warning : Severity.Note,
        $"the next root {subject} (SHA-256 {fingerprint}) is ready and signs nothing yet; overlap with the present root: {overlap}",
        $"give {file} to all clients, then say trusted: true",
        at);

    /// <summary><see cref="TwoRoots"/>.</summary>
    public static Diagnostic SuccessorSigns(SourceLocation at, string subject, string directory, DateTimeOffset? formerEnd) => new(
        TwoRoots,
        Severity.Note,
        $"certificates come from the next root {subject}{(formerEnd is { } end ? $"; the former root ends on {CertificateDiagnostics.Day(end)}" : "")}",
        $"when no client needs the former root any more, move what stands under successor (directory {directory}) to certificate.issuer and take successor away",
        at);

    /// <summary><see cref="SuccessorUnready"/>.</summary>
    public static Diagnostic SuccessorIsMissing(SourceLocation at, string directory) =>
        new(SuccessorUnready, Severity.Error, $"there is no root CA in {directory} yet, so no client can trust it", "leave trusted out, apply, and give the new root to all clients first", at);

    /// <summary><see cref="SuccessorUnready"/>.</summary>
    public static Diagnostic HasNoSuccessor(SourceLocation at) =>
        new(SuccessorUnready, Severity.Error, "the manifest names no next root", "add successor: { directory: /etc/pki/mailtls/ca-YEAR } under certificate.issuer", at);

    /// <summary><see cref="SuccessorUnready"/>.</summary>
    public static Diagnostic SameKeyNeedsPresent(SourceLocation at) =>
        new(SuccessorUnready, Severity.Error, "the next root is to have the present root's key, which cannot be used", "bring the present root back, or choose another kind of key", at);

    /// <summary><see cref="WeakKeyEncryption"/>.</summary>
    public static Diagnostic KeyIsWeaklyEncrypted(string path, string scheme) =>
        new(WeakKeyEncryption, Severity.Note, $"{path} is weakly encrypted ({scheme})", "say keyEncryption: strong under certificate.issuer");

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.DefaultIfEmpty("no name"));
}
