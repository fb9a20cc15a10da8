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

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [NoCa, RequestUnreadable, RequestNames, RequestKey, Exists];

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

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.DefaultIfEmpty("no name"));
}
