namespace MailTlsState.Diagnostics;

/// <summary>What can be wrong with a file that a CA or vendor sent (MTS054x and MTS055x).</summary>
public static class ImportDiagnostics
{
    /// <summary>Nothing useful in it.</summary>
    public static readonly DiagnosticCode Unreadable = new(
        "MTS0540",
        "there is no certificate in the file",
        "MailTlsState reads certificates as CAs send them: PEM in any order and with text around, DER, PKCS#7 (.p7b) and PKCS#12 (.p12, .pfx). In this file is none of them, or only damaged ones. "
        + "Save the attachment again, or download the certificate once more, for nginx or Apache if the CA asks for a server type.");

    /// <summary>An archive.</summary>
    public static readonly DiagnosticCode Archive = new(
        "MTS0541",
        "the file is an archive",
        "CAs often send the certificate and its intermediates as one zip file. An archive is not opened by a program that runs as root: it can hold anything, of any size. "
        + "Unpack it yourself and give all certificate files of it to mailtls import; order and form do not matter, and what is not needed is left out.");

    /// <summary>Too large.</summary>
    public static readonly DiagnosticCode TooLarge = new(
        "MTS0542",
        "the file holds more than a certificate and its chain",
        "A certificate with its chain has some kilobytes. MailTlsState reads at most 1 MiB with 200 certificates and 10 keys from one file, so that no file can make it use much memory. Give it the files that the CA sent for this certificate alone.");

    /// <summary>A password is needed.</summary>
    public static readonly DiagnosticCode PasswordMissing = new(
        "MTS0543",
        "the file is protected by a password",
        "PKCS#12 files and encrypted keys open with the password that was chosen when they were made; the CA or whoever exported the file knows it. "
        + "Put it into a file that root alone may read and name it by --password-file, or into an environment variable and name that by --password-env. On a terminal it is asked for.");

    /// <summary>Another password.</summary>
    public static readonly DiagnosticCode PasswordWrong = new(
        "MTS0544",
        "the password does not open the file",
        "The file was made with another password, or it is damaged: a check over its content fails. One newline at the end of a password file is dropped, blanks are not. Download the file again if the password is right beyond doubt.");

    /// <summary>A stalling work factor.</summary>
    public static readonly DiagnosticCode WorkFactor = new(
        "MTS0545",
        "opening the file would take unreasonably long",
        "How many rounds of key derivation an encrypted file needs is written in the file itself, so a hostile one could keep a program busy for hours or fill its memory. MailTlsState does at most 10,000,000 rounds for one file, and scrypt in at most 32 MiB; "
        + "what common tools write needs far less. If you trust the file, write it anew with a smaller factor: openssl pkcs12 -in OLD -out all.pem, and import that.");

    /// <summary>No certificate for our key.</summary>
    public static readonly DiagnosticCode NoLeaf = new(
        "MTS0546",
        "none of the certificates belongs to this host's key",
        "A certificate is of use only with the private key that it was requested for, and none of the imported ones has the public key of this host's key or request. Usually the CA signed another request, or the certificate is of another server, or of an earlier key. "
        + "Have the CA sign the present request (mailtls csr prints it). If the key was made elsewhere, import it together with the certificate: as PKCS#12, or as a PEM file beside it.");

    /// <summary>An intermediate is missing.</summary>
    public static readonly DiagnosticCode ChainIncomplete = new(
        "MTS0547",
        "an intermediate certificate is missing",
        "A server sends its certificate and all intermediates up to a root that clients have. One of them is neither in the imported files nor in the chain on this host. Browsers often fetch it by themselves, mail clients and other mail servers do not. "
        + "Download it from the CA, at the address in the message where there is one, and give it to mailtls import together with the certificate.");

    /// <summary>The root is not trusted.</summary>
    public static readonly DiagnosticCode RootUntrusted = new(
        "MTS0548",
        "the chain ends at a root that is not trusted",
        "The manifest says by certificate.issuer.trust which roots clients trust: those of the system, or those in a file. The imported chain ends at another one, or at one whose key did not sign it. "
        + "If the clients have that root, put it into a file and name it in the manifest; if not, the certificate is of no use to them.");

    /// <summary>Names lack.</summary>
    public static readonly DiagnosticCode Names = new(
        "MTS0549",
        "the certificate is for other names",
        "Clients compare the name that they connect to with the certificate's subject alternative names. At least one name of certificate.names is not among them, and no wildcard covers it. Order the certificate anew with all names, or correct the manifest.");

    /// <summary>Expired.</summary>
    public static readonly DiagnosticCode Expired = new(
        "MTS0550",
        "the certificate has expired",
        "No client accepts it. Perhaps it is the one of last year: import the new one, or renew it at the CA. If it should still be valid, look at the host's clock (timedatectl).");

    /// <summary>Not yet valid.</summary>
    public static readonly DiagnosticCode NotYetValid = new(
        "MTS0551",
        "the certificate is not valid yet",
        "Its validity begins later than this host's clock says. CAs date certificates back rather than forward, so the clock is usually wrong: set it (timedatectl), then import again. If the date is meant, import it when it has come.");

    /// <summary>Not for servers.</summary>
    public static readonly DiagnosticCode Unfit = new(
        "MTS0552",
        "the certificate is not one for a server",
        "A server's certificate is of X.509 version 3, and is none of a CA. Where it has extended key usages, serverAuth is among them (RFC 5280 section 4.2.1.12), and where it has a key usage, that includes digitalSignature. Certificates for mail signing (S/MIME) or for clients have others. Order one for a server.");

    /// <summary>Old signature.</summary>
    public static readonly DiagnosticCode OldSignature = new(
        "MTS0553",
        "a certificate is signed with SHA-1 or MD5",
        "Such signatures can be forged, and clients have refused them for years. Public CAs do not issue them any more, so the file is old or from a CA that should change its settings. Have the certificate issued anew, signed with SHA-256.");

    /// <summary>Another kind of key.</summary>
    public static readonly DiagnosticCode KeyKind = new(
        "MTS0554",
        "the certificate's key is of another kind than the manifest wants",
        "certificate.keys says which kinds of keys this host serves, and the imported certificate's key is none of them. Name its kind in the manifest, or request a certificate for a key of the wanted kind: mailtls csr prints the request.");

    /// <summary>What was left out.</summary>
    public static readonly DiagnosticCode LeftOut = new(
        "MTS0555",
        "imported certificates are left out",
        "Files from CAs often hold more than the server should send: the root, which clients have or do not trust, expired or cross-signed certificates, and those of other chains. Only the server's certificate and the intermediates between it and the root are served. "
        + "A certificate that is in use already is left as it is: where its renewal is due, the one that the CA makes for the present request (mailtls csr) is still to be imported.");

    /// <summary>A broken part beside good ones.</summary>
    public static readonly DiagnosticCode Damaged = new(
        "MTS0556",
        "a part of the file cannot be read",
        "Something in the file is damaged or of a kind that is not handled; the rest was read. If what is left makes a complete chain for the host's key, nothing is missing. Else save or download the file again.");

    /// <summary>No roots.</summary>
    public static readonly DiagnosticCode RootsMissing = new(
        "MTS0557",
        "the roots that clients trust are not on this host",
        "Whether a chain is complete shows only at its root. certificate.issuer.trust says where the roots are: the system's, which Debian and Red Hat keep in the package ca-certificates, or a file. None is there. Install the package, or name a file with the root of this CA.");

    /// <summary>No purchased certificate.</summary>
    public static readonly DiagnosticCode NotPurchased = new(
        "MTS0558",
        "the manifest's certificate is not a purchased one",
        "mailtls import puts a certificate from a CA elsewhere into place, for a manifest with issuer: { kind: purchased }. With privateCa mailtls signs the certificate itself, and with existing another tool keeps it; an imported one would be replaced or not used. Change the issuer first.");

    /// <summary>No key.</summary>
    public static readonly DiagnosticCode NothingToRequest = new(
        "MTS0559",
        "there is no key to request a certificate for",
        "A request is made from the host's key, and there is none yet. mailtls apply makes key and request, for a manifest with issuer: { kind: purchased }; nothing that is served changes by that. Then mailtls csr prints the request.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        Unreadable, Archive, TooLarge, PasswordMissing, PasswordWrong, WorkFactor, NoLeaf, ChainIncomplete, RootUntrusted, Names, Expired, NotYetValid, Unfit, OldSignature, KeyKind, LeftOut, Damaged, RootsMissing, NotPurchased, NothingToRequest,
    ];

    internal static Diagnostic FileUnreadable(string file, string reason) =>
        Error(Unreadable, $"{file} is of no use: {reason}", "save the CA's answer again, or download the certificate for nginx or Apache");

    internal static Diagnostic FileIsArchive(string file, string kind) => Error(Archive, $"{file} is {kind}", "unpack it and import the certificate files in it");

    /// <summary>A file is too large to be what a CA sends.</summary>
    public static Diagnostic FileTooLarge(string file, string what) => Error(TooLarge, $"{file} {what}", "import only what the CA sent for this certificate");

    internal static Diagnostic NeedsPassword(string file) =>
        Error(PasswordMissing, $"{file} is protected by a password", "give it by --password-file FILE or --password-env NAME");

    internal static Diagnostic WrongPassword(string file) => Error(PasswordWrong, $"the password does not open {file}", "check the password; if it is right, the file is damaged");

    internal static Diagnostic TooMuchWork(string file, string reason) => Error(WorkFactor, $"{file} is refused: {reason}", "write it anew with a smaller work factor, if you trust it");

    internal static Diagnostic NoCertificateForKey(string found, string wanted) =>
        Error(NoLeaf, $"{found}; the host's {wanted}", "have the CA sign the present request (mailtls csr), or import the key with the certificate");

    internal static Diagnostic NoCertificate(string wanted) =>
        Error(NoLeaf, $"there is no server certificate in the imported files; the host's {wanted}", "import the certificate that the CA issued, together with its intermediates");

    internal static Diagnostic IntermediateMissing(string issuer, string? keyId, IReadOnlyList<string> addresses, string? besides) => Error(
        ChainIncomplete,
        $"the certificate of {ManifestDiagnostics.Quote(issuer)} is missing"
            + (keyId is null ? "" : $", authority key id {Colons(keyId)}") + (besides is null ? "" : $" ({besides})"),
        addresses.Count > 0 ? $"download it from {string.Join(" or ", addresses)} and import it together with the certificate" : "download it from the CA and import it together with the certificate");

    internal static Diagnostic RootNotTrusted(string root, string trust) =>
        Error(RootUntrusted, $"the chain ends at {ManifestDiagnostics.Quote(root)}, which is not among the roots of {trust}", "name a file with this root under certificate.issuer.trust, if the clients trust it");

    internal static Diagnostic NamesLacking(IReadOnlyList<string> found, IReadOnlyList<string> lacking) => Error(
        Names,
        found.Count == 0
            ? "the certificate has no subject alternative name"
            : $"the certificate is for {string.Join(", ", found.Take(10))}; it lacks {string.Join(", ", lacking)}",
        "order the certificate with all names of certificate.names");

    internal static Diagnostic HasExpired(string subject, DateTimeOffset end) =>
        Error(Expired, $"the certificate {subject} has expired on {CertificateDiagnostics.Day(end)}", "import the renewed one; else check the clock");

    internal static Diagnostic IsNotYetValid(string subject, DateTimeOffset start) =>
        Error(NotYetValid, $"the certificate {subject} is not valid before {CertificateDiagnostics.Time(start)}", "check the clock, or import it later");

    internal static Diagnostic IsUnfit(string problem) => Error(Unfit, problem, "order a certificate for a TLS server");

    internal static Diagnostic SignatureIsOld(string subject, string algorithm) =>
        Error(OldSignature, $"the certificate {subject} is signed by {algorithm}, which clients refuse", "have it issued anew, signed with SHA-256");

    internal static Diagnostic OtherKeyKind(string found, string wanted) =>
        Error(KeyKind, $"the certificate's key is {found}, the manifest wants {wanted}", "name the kind under certificate.keys, or have the present request signed");

    internal static Diagnostic NoRoots(string files) =>
        Error(RootsMissing, $"there is no root certificate in {files}, so nobody can tell whether the chain is complete", "install ca-certificates, or name a file with the root under certificate.issuer.trust");

    /// <summary>The manifest has another issuer.</summary>
    public static Diagnostic IssuerIsAnother(string kind) => Error(NotPurchased, $"the manifest's issuer is {kind}", "write issuer: { kind: purchased } to import a certificate");

    internal static Diagnostic NoKey(string file) => Error(NothingToRequest, $"there is neither a request nor a key in {file}", "run mailtls apply, which makes both");

    internal static Diagnostic NotUsed(IReadOnlyList<string> dropped) => new(LeftOut, Severity.Note, $"left out: {string.Join("; ", dropped)}", "");

    internal static Diagnostic InUse(string path) => new(LeftOut, Severity.Note, $"the imported certificate is in use already: {path} holds it", "");

    internal static Diagnostic PartDamaged(string file, string problem) =>
        new(Damaged, Severity.Warning, $"{file}: {problem}", "save or download the file again, unless the chain is complete without it");

    private static Diagnostic Error(DiagnosticCode code, string fact, string remedy) => new(code, Severity.Error, fact, remedy);

    private static string Colons(string hex) => string.Join(':', hex.ToUpperInvariant().Chunk(2).Select(p => new string(p)));
}
