namespace MailTlsState.Diagnostics;

/// <summary>What can be wrong with keys, certificates and the private CA (MTS05xx).</summary>
public static class CertificateDiagnostics
{
    /// <summary>A private key file is of no use.</summary>
    public static readonly DiagnosticCode UnreadableKey = new(
        "MTS0501",
        "the private key cannot be read",
        "MailTlsState reads unencrypted RSA and ECDSA keys in PEM: PKCS#8, SEC 1 and PKCS#1. A key that a passphrase protects cannot be served, "
        + "because nobody is there to type the passphrase when the mail server starts; a broken key makes Postfix announce STARTTLS and then refuse it. "
        + "Move the file away, and the next apply makes a new key and a new certificate; or restore the key from a backup.");

    /// <summary>The passphrase of the root CA's key is another one.</summary>
    public static readonly DiagnosticCode WrongPassphrase = new(
        "MTS0502",
        "the passphrase does not open the root CA's key",
        "The root CA's private key is encrypted, and the passphrase that certificate.issuer.passphrase points to does not decrypt it. Nothing was changed. "
        + "Check that the reference names the file or variable that was used when the root CA was made, and that the file holds the passphrase alone; "
        + "one newline at its end is dropped, blanks are not. A key file damaged in the middle gives the same error: then restore it from a backup. If the passphrase is lost, so is the CA: "
        + "the certificate in use stays good until its end, and mailtls explain MTS0536 says how to move to a new root before it.");

    /// <summary>The passphrase reference gives nothing.</summary>
    public static readonly DiagnosticCode EmptyPassphrase = new(
        "MTS0503",
        "the passphrase of the root CA's key is empty",
        "A root CA's key that no passphrase protects can be used by everybody who gets hold of a backup of this host, to make certificates that all of its clients "
        + "accept. MailTlsState does not make such a key. Put a passphrase of at least 20 random characters into the file, for example by openssl rand -base64 24.");

    /// <summary>A new key's passphrase has a line break within.</summary>
    public static readonly DiagnosticCode LongPassphrase = new(
        "MTS0520",
        "the passphrase for a new CA key is more than one line",
        "OpenSSL takes the first line of a passphrase file (openssl pkey -passin file:…) and nobody can type a line break, so a key under such a passphrase could be opened by mailtls alone. "
        + "One newline at the end of the file does not count; a second one does. Keys that are under such a passphrase already are opened as before.");

    /// <summary>The root CA's key file cannot be read whatever the passphrase.</summary>
    public static readonly DiagnosticCode BrokenRootKey = new(
        "MTS0504",
        "the root CA's key file cannot be used",
        "The file has no private key in a form that can be read: encrypted PKCS#8 as MailTlsState and OpenSSL 3 write it, or the older form of openssl genrsa -des3. "
        + "No passphrase can help. Restore the file from a backup. A key that is whole but neither RSA nor ECDSA (Ed25519, RSA-PSS) is none that mailtls signs with. Without its key a root CA is lost, and clients need "
        + "a new root (mailtls explain MTS0536).");

    /// <summary>Clients refuse what the root signs.</summary>
    public static readonly DiagnosticCode UnfitRoot = new(
        "MTS0521",
        "clients refuse the root CA",
        "A client accepts a certificate only where all of its chain is fit for it. OpenSSL, Python, curl and most others refuse a root that another CA issued (a subordinate CA is no trust anchor to them), an RSA key of less than 2048 bits, "
        + "an extendedKeyUsage without serverAuth, and nameConstraints that leave the host out. An error where such a root is to be used for the first time: choose another one, or an empty directory to have one made. Where it signed the certificate in use already, "
        + "it is a warning: prepare a successor, since some clients do not connect.");

    /// <summary>Root key and root certificate are not a pair.</summary>
    public static readonly DiagnosticCode RootMismatch = new(
        "MTS0505",
        "the root CA's key and certificate do not belong together",
        "The public key in the root certificate is not that of the root CA's private key, so whatever the key signs, no client that trusts the certificate accepts. "
        + "Usually one of the two files was replaced or restored without the other. Restore both from the same backup.");

    /// <summary>The root certificate cannot be read.</summary>
    public static readonly DiagnosticCode BrokenRootCertificate = new(
        "MTS0506",
        "the root certificate cannot be read",
        "The file should hold exactly one certificate in PEM, that of the root CA. Restore it from a backup or from a client that has it: the certificate is public, "
        + "and as long as the CA's key is there, the CA works on with the restored certificate.");

    /// <summary>The root certificate may not sign certificates.</summary>
    public static readonly DiagnosticCode RootIsNoCa = new(
        "MTS0507",
        "the root certificate is not one of a CA",
        "RFC 5280 demands basicConstraints with CA:TRUE and, where there is a keyUsage, keyCertSign in the certificate of whoever signs certificates; clients refuse a chain without them. "
        + "Point certificate.issuer.directory at the CA's own files, or at an empty place, where the next apply makes a root CA.");

    /// <summary>The root certificate has expired.</summary>
    public static readonly DiagnosticCode RootExpired = new(
        "MTS0508",
        "the root certificate has expired",
        "No client accepts a certificate of a CA that has expired, so MailTlsState signs none. If the host's clock is right, a new root CA is needed: add successor: { directory: /etc/pki/mailtls/ca-YEAR, trusted: true } under certificate.issuer "
        + "and apply with --accept-new-root. Then give the new ca.pem to every client. Check the clock first (timedatectl): a date in the future gives the same error.");

    /// <summary>The root certificate is not valid yet.</summary>
    public static readonly DiagnosticCode RootNotYetValid = new(
        "MTS0509",
        "the root certificate is not valid yet",
        "The root certificate's validity begins later than now. Nearly always the host's clock is wrong: it was ahead when the root CA was made, or is behind now. "
        + "Set the clock (timedatectl), then apply again.");

    /// <summary>CA and server would have the same subject.</summary>
    public static readonly DiagnosticCode SameSubject = new(
        "MTS0510",
        "the root CA and the server would have the same subject",
        "A certificate whose issuer equals its own subject counts as self-signed: clients stop there with OpenSSL's error 18 (self-signed certificate), though every command that made it succeeded. "
        + "The server's subject is its first name; give the root CA a commonName of its own, for example the organization's name and \"mail CA\".");

    /// <summary>Only one of ca.key and ca.pem is there.</summary>
    public static readonly DiagnosticCode IncompleteRoot = new(
        "MTS0511",
        "only half of the root CA is there",
        "A root CA is a key and a certificate. MailTlsState never makes a new half for an old one, nor overwrites what is there: clients may trust it. "
        + "Restore the missing file from a backup; ca.pem also from any client that has it, since it is public. Without its key a root CA is lost (mailtls explain MTS0536).");

    /// <summary>The root CA's key lies there unprotected.</summary>
    public static readonly DiagnosticCode UnencryptedRootKey = new(
        "MTS0512",
        "the root CA's key is not encrypted",
        "Whoever can read the file, or a backup of it, can make certificates for any name that all of the CA's clients accept. MailTlsState uses the key as it is. "
        + "Say keyEncryption: strong under certificate.issuer, and apply encrypts it under the passphrase that the manifest refers to. Copies in backups stay open: if there are any, think of a new root.");

    /// <summary>The root CA ends before a new leaf would.</summary>
    public static readonly DiagnosticCode RootEndsSoon = new(
        "MTS0513",
        "the root certificate ends soon",
        "A certificate never outlives the CA that signed it, so new ones get shorter as the root's end comes near, and on its last day all of them fail at once. "
        + "A new root CA cannot be trusted by itself: add successor: { directory: /etc/pki/mailtls/ca-YEAR } under certificate.issuer and apply, give its ca.pem to all clients, and only then say trusted: true (mailtls explain MTS0537).");

    /// <summary>The root CA on disk is another one than the manifest describes.</summary>
    public static readonly DiagnosticCode RootDiffers = new(
        "MTS0514",
        "the root CA differs from the manifest",
        "The subject, key kind or lifetime of a root CA cannot be changed without making a new one, which no client trusts yet. Therefore a root CA that exists is kept as it is, and the "
        + "manifest's values count only when one is made. Bring the manifest in line with the root CA, or prepare another one under successor.");

    /// <summary>A request was written and its answer is not there yet.</summary>
    public static readonly DiagnosticCode CertificateAwaited = new(
        "MTS0515",
        "a purchased certificate is waited for",
        "With issuer purchased mailtls makes a key and a request (HOST.csr), which you give to the CA of your choice. Until its answer is imported with mailtls import, the services keep serving what they "
        + "serve: their configuration is not touched, and a plan without other changes is no drift and ends with exit code 0.");

    /// <summary>A renewal was requested long ago.</summary>
    public static readonly DiagnosticCode RenewalLate = new(
        "MTS0518",
        "the certificate in use ends soon, and the next one is not here",
        "The request for the next certificate was written when its renewal was due, and half of the time until the present one ends has gone by since. mailtls cannot order it: give the request (mailtls csr prints it) to the CA "
        + "and import the answer. On the day on which the present certificate ends, every client refuses it.");

    /// <summary>The renewal did not come in time.</summary>
    public static readonly DiagnosticCode RenewalMissed = new(
        "MTS0519",
        "the certificate in use has expired, and the next one is not here",
        "Clients refuse an expired certificate, so TLS is broken for them until the next one is imported; nothing that mailtls can do by itself ends that. plan --detailed-exitcode ends with 2 though there is nothing to apply. "
        + "Give the request (mailtls csr prints it) to the CA and import the answer. Check the clock first (timedatectl): a date in the future gives the same warning.");

    /// <summary>Files that another tool keeps cannot be served.</summary>
    public static readonly DiagnosticCode ExistingUnusable = new(
        "MTS0516",
        "files that another tool keeps cannot be served",
        "With issuer existing another tool makes key and certificate, and mailtls only reads them. What they hold now would break TLS for clients or stop a daemon from starting, so nothing is changed and the "
        + "services keep what they have loaded. Have the other tool renew or write the files again; a renewal that is under way (the key is new, the certificate still old) is over a moment later.");

    /// <summary>Files that another tool keeps have a fault that does not stop them from being served.</summary>
    public static readonly DiagnosticCode ExistingDoubtful = new(
        "MTS0517",
        "files that another tool keeps have a fault",
        "With issuer existing mailtls changes neither content nor owner nor mode of key and certificate. What is named here does not keep the daemons from serving them, but should be mended in the tool that "
        + "keeps the files: a key that others may change or that they could replace is as good as known to them, a certificate that nears its end was not renewed in its time, and one without a name that the "
        + "manifest lists fails for the clients that use it.");

    /// <summary>A private CA's leaf lives longer than a public CA's may.</summary>
    public static readonly DiagnosticCode LongLifetime = new(
        "MTS0528",
        "the certificate is valid for longer than those of public CAs",
        "Public CAs may issue certificates for 200 days at most since 15 March 2026, for 100 days since 15 March 2027 and for 47 days since 15 March 2029 (CA/Browser Forum, Baseline Requirements section 6.3.2). "
        + "A private CA is not bound by that, and its clients trust what it signs; a shorter life costs nothing where mailtls renews by a timer. Apple's clients are stricter: they refuse a server's certificate "
        + "of more than 825 days, whoever signed it. certificate.issuer.leafLifetime says how long.");

    /// <summary>A server's certificate has no extended key usage.</summary>
    public static readonly DiagnosticCode PurposeMissing = new(
        "MTS0529",
        "the certificate does not say what it is for",
        "A certificate without the extension extended key usage may serve any purpose (RFC 5280 section 4.2.1.12), so it is served. Apple's mail clients demand the extension with serverAuth in it, though "
        + "(their requirements of 2019), and refuse the certificate. If such clients use this host, have the CA issue it again with serverAuth.");

    /// <summary>The host's trust store is of an unknown kind.</summary>
    public static readonly DiagnosticCode TrustStoreUnknown = new(
        "MTS0525",
        "the host has no trust store that is known",
        "With trustStore: true under certificate.issuer the root is also given to the host's own programs: on Debian as /usr/local/share/ca-certificates/mailtls-HOST.crt by update-ca-certificates, on Red Hat as /etc/pki/ca-trust/source/anchors/mailtls-HOST.crt "
        + "by update-ca-trust. Neither program is there. Install ca-certificates, or leave trustStore out: mail clients elsewhere do not need it.");

    /// <summary>The file of roots holds none.</summary>
    public static readonly DiagnosticCode NoRoots = new(
        "MTS0522",
        "the file of roots that the manifest names holds none",
        "certificate.issuer.trust names the file with the root by which clients trust the certificate. It does not exist, or holds no certificate in PEM or DER, so plan cannot judge whether the chain leads to it, and import and verify refuse to guess. "
        + "Copy the CA's root certificate to that path, or leave trust out where the certificate is a public CA's.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All =>
    [
        UnreadableKey, WrongPassphrase, EmptyPassphrase, BrokenRootKey, RootMismatch, BrokenRootCertificate, RootIsNoCa, RootExpired,
        RootNotYetValid, SameSubject, IncompleteRoot, UnencryptedRootKey, RootEndsSoon, RootDiffers, CertificateAwaited, ExistingUnusable, ExistingDoubtful, RenewalLate, RenewalMissed, LongPassphrase, UnfitRoot, NoRoots, TrustStoreUnknown, LongLifetime, PurposeMissing,
    ];

    internal static Diagnostic RootsUnknown(SourceLocation at, string file, bool absent) => new(
        NoRoots, Severity.Warning, $"{file} {(absent ? "does not exist" : "holds no certificate")}, so whether clients trust the chain is not judged", "put the root's certificate there, in PEM or DER, or leave trust out for a public CA", at);

    internal static Diagnostic KeyUnreadable(string reason) =>
        new(UnreadableKey, Severity.Error, Said(UnreadableKey, reason), "restore the key, or move the file away to get a new one");

    internal static Diagnostic PassphraseWrong() =>
        new(WrongPassphrase, Severity.Error, WrongPassphrase.Title, "check what certificate.issuer.passphrase refers to");

    internal static Diagnostic PassphraseEmpty() =>
        new(EmptyPassphrase, Severity.Error, EmptyPassphrase.Title, "put at least 20 random characters into what certificate.issuer.passphrase refers to");

    internal static Diagnostic PassphraseHasLines() =>
        new(LongPassphrase, Severity.Error, LongPassphrase.Title, "leave one line in what certificate.issuer.passphrase refers to, with one newline at its end or none");

    internal static Diagnostic RootKeyBroken(string reason) =>
        new(BrokenRootKey, Severity.Error, Said(BrokenRootKey, reason), "restore the file from a backup");

    internal static Diagnostic RootKeyUnusable(string reason) =>
        new(BrokenRootKey, Severity.Error, Said(BrokenRootKey, reason), "mailtls signs with RSA and ECDSA keys: prepare another root under certificate.issuer.successor");

    internal static Diagnostic RootFilesMismatch() =>
        new(RootMismatch, Severity.Error, RootMismatch.Title, "restore both files from the same backup");

    internal static Diagnostic RootCertificateBroken(string reason) =>
        new(BrokenRootCertificate, Severity.Error, Said(BrokenRootCertificate, reason), "restore the file from a backup or from a client");

    internal static Diagnostic RootNotCa(string reason) =>
        new(RootIsNoCa, Severity.Error, Said(RootIsNoCa, reason), "point certificate.issuer.directory at a root CA or at an empty place");

    internal static Diagnostic RootIsUnfit(string reason) =>
        new(UnfitRoot, Severity.Error, Said(UnfitRoot, reason), "point certificate.issuer.directory at a root CA that clients accept or at an empty place; where it is in use, prepare a successor");

    internal static Diagnostic RootHasExpired(DateTimeOffset end) =>
        new(RootExpired, Severity.Error, $"the root certificate has expired on {Day(end)}", "check the clock; if it is right, add successor: { directory: …, trusted: true } under certificate.issuer and apply with --accept-new-root");

    internal static Diagnostic RootIsNotYetValid(DateTimeOffset start) =>
        new(RootNotYetValid, Severity.Error, $"the root certificate is not valid before {Time(start)}", "check the clock");

    internal static Diagnostic SubjectsAreEqual(string subject) =>
        new(SameSubject, Severity.Error, $"the root CA and the server would have the same subject, {subject}", "give certificate.issuer.subject another commonName");

    internal static Diagnostic RootIsIncomplete(string present, string missing) =>
        new(IncompleteRoot, Severity.Error, $"{present} is there, but {missing} is not", $"restore {missing} from a backup{(missing.EndsWith(".pem", StringComparison.Ordinal) ? " or from any client that has it" : "")}");

    internal static Diagnostic RootKeyUnencrypted(string path) =>
        new(UnencryptedRootKey, Severity.Warning, $"the root CA's key {path} is not encrypted", "say keyEncryption: strong under certificate.issuer");

    internal static Diagnostic RootIsEnding(DateTimeOffset end) =>
        new(RootEndsSoon, Severity.Warning, $"the root certificate ends on {Day(end)}, before a new certificate would", "prepare the next root: successor: { directory: … } under certificate.issuer, and apply; nothing that is served changes by that");

    internal static Diagnostic RootIsAnother(string difference) =>
        new(RootDiffers, Severity.Note, $"the root CA is kept although it differs from the manifest: {difference}", "bring the manifest in line, or prepare another root under successor");

    internal static Diagnostic Waiting(string request) =>
        new(CertificateAwaited, Severity.Note, $"the certificate for {request} is waited for; the services keep what they serve", "give the request to the CA, then mailtls import its answer");

    internal static Diagnostic RenewalAwaited(string request, string reason) =>
        new(CertificateAwaited, Severity.Note, $"a new certificate for {request} is waited for, since {reason}; the present one stays in use", "give the request to the CA, then mailtls import its answer");

    internal static Diagnostic EndsWhileAwaited(string request, string reason) =>
        new(RenewalLate, Severity.Warning, $"a new certificate for {request} is still waited for, and {reason}", "give the request to the CA, then mailtls import its answer");

    internal static Diagnostic ExpiredWhileAwaited(string request, DateTimeOffset end) =>
        new(RenewalMissed, Severity.Warning, $"the certificate in use has expired on {Day(end)}, so clients refuse it, and a new one for {request} is still waited for", "give the request to the CA, then mailtls import its answer");

    internal static Diagnostic NotServable(SourceLocation at, string fact) =>
        new(ExistingUnusable, Severity.Error, fact, "have the tool that keeps the files write them again", at);

    internal static Diagnostic NoTrustStore(SourceLocation at) =>
        new(TrustStoreUnknown, Severity.Error, "the root is to go into the host's own trust store, and neither update-ca-certificates nor update-ca-trust is there", "install ca-certificates, or leave trustStore out", at);

    internal static Diagnostic Doubtful(SourceLocation at, string fact, string remedy) =>
        new(ExistingDoubtful, Severity.Warning, fact, remedy, at);

    /// <summary>Null where it is no longer than a public CA's, or is not made now.</summary>
    internal static Diagnostic? LivesLong(SourceLocation at, TimeSpan lifetime, DateTimeOffset now)
    {
        const int Apple = 825;
        var most = now < new DateTimeOffset(2027, 3, 15, 0, 0, 0, TimeSpan.Zero) ? 200 : now < new DateTimeOffset(2029, 3, 15, 0, 0, 0, TimeSpan.Zero) ? 100 : 47;
        return lifetime.TotalDays > Apple
            ? new(LongLifetime, Severity.Warning, $"the new certificate is valid for {(int)lifetime.TotalDays} days, and Apple's clients refuse more than {Apple}", "set certificate.issuer.leafLifetime to 825d or less if such clients use this host", at)
            : lifetime.TotalDays > most
            ? new(LongLifetime, Severity.Note, $"the new certificate is valid for {(int)lifetime.TotalDays} days; public CAs may issue {most} at most, a private CA may issue more", "", at)
            : null;
    }

    internal static Diagnostic NoPurpose(string certificate, SourceLocation? at = null) =>
        new(PurposeMissing, Severity.Note, $"{certificate} has no extended key usage, which Apple's clients want", "have it issued again with serverAuth if such clients use this host", at);

    /// <summary>The reason alone, as it was given to the factory method.</summary>
    internal static string ReasonOf(MailTlsException exception)
    {
        var diagnostic = exception.Diagnostics[0];
        var title = diagnostic.Code.Title + ": ";
        return diagnostic.Fact.StartsWith(title, StringComparison.Ordinal) ? diagnostic.Fact[title.Length..] : diagnostic.Fact;
    }

    internal static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", null);

    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", null);

    private static string Said(DiagnosticCode code, string reason) => $"{code.Title}: {reason}";
}
