using MailTlsState.Diagnostics;
using MailTlsState.Policies;

namespace MailTlsState.Manifests;

/// <summary>The desired TLS state of one mail host, as the manifest (v1) says it, defaults filled in.</summary>
/// <param name="Source">The text and where its values stand.</param>
/// <param name="Host">Fully qualified name of the mail host, lower case.</param>
/// <param name="Certificate">What is served and where it lies.</param>
/// <param name="Policy">The TLS policy's name and overrides.</param>
/// <param name="Postfix">Null when the manifest does not name Postfix.</param>
/// <param name="Dovecot">Null when the manifest does not name Dovecot.</param>
/// <param name="SeLinux">How labels are treated.</param>
public sealed record Manifest(
    ManifestSource Source,
    string Host,
    CertificateManifest Certificate,
    PolicyManifest Policy,
    ServiceManifest? Postfix,
    ServiceManifest? Dovecot,
    SeLinuxMode SeLinux)
{
    /// <summary>The services that the manifest names, Postfix first.</summary>
    public IEnumerable<ServiceManifest> Services => new[] { Postfix, Dovecot }.OfType<ServiceManifest>();
}

/// <summary>The manifest's text and the place of each value in it.</summary>
/// <param name="File">Path as the user gave it.</param>
/// <param name="Text">The whole text.</param>
/// <param name="Digest"><c>sha256:</c> and hex of the text's UTF-8 bytes.</param>
/// <param name="Locations">JSON-pointer-like path (<c>/certificate/keys/0</c>, <c>/</c> for the root) to the value's place.</param>
public sealed record ManifestSource(string File, string Text, string Digest, IReadOnlyDictionary<string, SourceLocation> Locations)
{
    /// <summary>The policy file that the manifest names, or null. Its text is part of what <see cref="Digest"/> covers.</summary>
    public ManifestAttachment? PolicyFile { get; init; }

    /// <summary>The place of <paramref name="path"/>, or of its nearest ancestor that stands in the text (a default has no place of its own).</summary>
    public SourceLocation Locate(string path)
    {
        for (var p = path; p.Length > 1; p = p[..Math.Max(1, p.LastIndexOf('/'))])
        {
            if (Locations.TryGetValue(p, out var at))
            {
                return at;
            }

            if (p.LastIndexOf('/') <= 0)
            {
                break;
            }
        }

        return Locations.TryGetValue("/", out var root) ? root : new SourceLocation(File, 1, 1);
    }
}

/// <summary>A file that a manifest names and that belongs to it: a saved plan carries it.</summary>
/// <param name="Path">As written in the manifest.</param>
/// <param name="Text">Its whole text.</param>
public sealed record ManifestAttachment(string Path, string Text);

/// <summary>Kinds of key that a certificate may have.</summary>
public enum KeyKind
{
    /// <summary>RSA, 2048 bits.</summary>
    Rsa2048,

    /// <summary>RSA, 3072 bits.</summary>
    Rsa3072,

    /// <summary>RSA, 4096 bits.</summary>
    Rsa4096,

    /// <summary>ECDSA on NIST P-256.</summary>
    EcdsaP256,

    /// <summary>ECDSA on NIST P-384.</summary>
    EcdsaP384,
}

/// <summary>How key and chain are stored.</summary>
public enum CertificateLayout
{
    /// <summary><c>HOST.pem</c>: key, leaf and chain in one file, replaced atomically.</summary>
    Bundle,

    /// <summary><c>HOST.key</c> and <c>HOST.pem</c>.</summary>
    Split,
}

/// <summary>The certificate that the host serves.</summary>
/// <param name="Names">DNS names for the SAN, lower case; the first is the host unless the manifest says otherwise.</param>
/// <param name="Keys">One kind, or one RSA and one ECDSA kind (two certificates).</param>
/// <param name="Directory">Absolute directory of our own, root:root 0700.</param>
/// <param name="Layout">One file or two.</param>
/// <param name="RenewBefore">Remaining lifetime at which a renewal is due; null means a third of the lifetime.</param>
/// <param name="RotateKey">True when a renewal makes a new key.</param>
/// <param name="Issuer">Where the certificate comes from.</param>
public sealed record CertificateManifest(
    IReadOnlyList<string> Names,
    IReadOnlyList<KeyKind> Keys,
    string Directory,
    CertificateLayout Layout,
    TimeSpan? RenewBefore,
    bool RotateKey,
    IssuerManifest Issuer)
{
    /// <summary>How long a replaced key and certificate stay for a roll-back; zero keeps none.</summary>
    public TimeSpan KeepPrevious { get; init; } = TimeSpan.FromDays(7);

    /// <summary>SELinux type of the directory and of all in it, or null for the policy's own choice where the daemons may read that.</summary>
    public string? LabelType { get; init; }

    /// <summary>The kinds of key of the certificates that stand side by side; none where there is one certificate.</summary>
    public IReadOnlyList<KeyFamily> Families => (Issuer is ExistingManifest existing ? existing.Files.Count : Keys.Count) > 1 ? [KeyFamily.Ecdsa, KeyFamily.Rsa] : [];
}

/// <summary>Kinds of issuer.</summary>
public enum IssuerKind
{
    /// <summary>A root CA of our own on this host.</summary>
    PrivateCa,

    /// <summary>A public CA signs a request that mailtls writes; the answer is imported.</summary>
    Purchased,

    /// <summary>Another tool keeps key and certificate.</summary>
    Existing,
}

/// <summary>Where the certificate comes from; <c>kind</c> in the manifest.</summary>
public abstract record IssuerManifest
{
    /// <summary>The manifest's <c>kind</c>.</summary>
    public abstract IssuerKind Kind { get; }
}

/// <summary>The roots that clients are taken to trust.</summary>
/// <param name="File">Absolute path of roots in PEM, or null for the system's own.</param>
public sealed record TrustManifest(string? File);

/// <summary>A CA elsewhere signs a request; its answer is imported.</summary>
/// <param name="Trust">The roots that clients trust.</param>
public sealed record PurchasedManifest(TrustManifest Trust) : IssuerManifest
{
    /// <inheritdoc/>
    public override IssuerKind Kind => IssuerKind.Purchased;
}

/// <summary>Another tool keeps key and certificate; mailtls only reads them.</summary>
/// <param name="Files">One pair, or one for each of two algorithms.</param>
/// <param name="Trust">The roots that clients trust.</param>
public sealed record ExistingManifest(IReadOnlyList<ExistingPair> Files, TrustManifest Trust) : IssuerManifest
{
    /// <inheritdoc/>
    public override IssuerKind Kind => IssuerKind.Existing;
}

/// <summary>A pair that another tool keeps; links are followed, and nothing of it is ever changed.</summary>
/// <param name="Certificate">Absolute path of leaf and chain.</param>
/// <param name="Key">Absolute path of the key; the same where one file holds both.</param>
public sealed record ExistingPair(string Certificate, string Key);

/// <summary>A root CA of our own on this host.</summary>
/// <param name="Subject">Subject of the root certificate.</param>
/// <param name="Key">Kind of the root's key.</param>
/// <param name="Lifetime">Validity of the root certificate.</param>
/// <param name="LeafLifetime">Validity of a leaf; cut at the root's end.</param>
/// <param name="Passphrase">Protects the root's key.</param>
/// <param name="Directory">Absolute directory of <c>ca.key</c> and <c>ca.pem</c>; default <c>ca/</c> in the certificate's directory.</param>
public sealed record PrivateCaManifest(
    DistinguishedName Subject,
    KeyKind Key,
    TimeSpan Lifetime,
    TimeSpan LeafLifetime,
    SecretReference Passphrase,
    string Directory) : IssuerManifest
{
    /// <inheritdoc/>
    public override IssuerKind Kind => IssuerKind.PrivateCa;

    /// <summary>How the file of the root's key is to be encrypted.</summary>
    public KeyFileEncryption KeyEncryption { get; init; }

    /// <summary>True when the host's own programs are to trust the root.</summary>
    public bool TrustStore { get; init; }

    /// <summary>The root that is to follow this one, or null.</summary>
    public SuccessorManifest? Successor { get; init; }

    /// <summary>The CA that signs the host's certificates: this one until the manifest says that clients trust its successor.</summary>
    public PrivateCaManifest Signing => Successor is { Trusted: true } next ? next.Ca : this;
}

/// <summary>The root that follows another one when that ends: made beside it, given to clients, then used.</summary>
/// <param name="Ca">The CA, with what it does not say for itself taken from the present one.</param>
/// <param name="SameKey">True when it is the present root with a new validity: same name, same key.</param>
/// <param name="Trusted">True when the administrator says that the clients have it: then it signs.</param>
public sealed record SuccessorManifest(PrivateCaManifest Ca, bool SameKey, bool Trusted);

/// <summary>How the file of a root's key is to be encrypted.</summary>
public enum KeyFileEncryption
{
    /// <summary>As it is; a new one strongly.</summary>
    AsFound,

    /// <summary>PKCS#8 with AES and at least 600,000 rounds of PBKDF2, or scrypt; a weaker file is written anew.</summary>
    Strong,
}

/// <summary>The parts of a distinguished name that a root CA of a mail host needs.</summary>
/// <param name="CommonName">CN.</param>
/// <param name="Organization">O, or null.</param>
/// <param name="OrganizationalUnit">OU, or null.</param>
/// <param name="Locality">L, or null.</param>
/// <param name="State">ST, or null.</param>
/// <param name="Country">C, two letters, or null.</param>
public sealed record DistinguishedName(
    string CommonName,
    string? Organization = null,
    string? OrganizationalUnit = null,
    string? Locality = null,
    string? State = null,
    string? Country = null);

/// <summary>Where a secret comes from; never the secret itself.</summary>
/// <param name="File">Absolute path, or null.</param>
/// <param name="EnvironmentVariable">Name, or null. Of these two and <see cref="Credential"/> one is set, or none.</param>
public sealed record SecretReference(string? File, string? EnvironmentVariable)
{
    /// <summary>What is asked on the terminal of whoever runs the command.</summary>
    public static SecretReference Terminal { get; } = new(null, null);

    /// <summary>Name of a credential that systemd gives to the running unit (systemd.exec(5), LoadCredential=), or null.</summary>
    public string? Credential { get; init; }

    /// <summary>True where it is typed: nothing else is named.</summary>
    public bool IsTyped => this is { File: null, EnvironmentVariable: null, Credential: null };

    /// <summary>True when a new key is encrypted under it: a person types it twice.</summary>
    public bool IsNew { get; init; }

    /// <summary>How the reference is shown: <c>file /root/ca.pass</c>, <c>environment variable NAME</c>, <c>systemd credential NAME</c> or <c>the terminal</c>.</summary>
    public override string ToString() => File is not null ? $"file {File}"
        : EnvironmentVariable is not null ? $"environment variable {EnvironmentVariable}"
        : Credential is not null ? $"systemd credential {Credential}"
        : "the terminal";
}

/// <summary>The TLS policy that the manifest chooses.</summary>
/// <param name="Base">Name in the catalogue.</param>
/// <param name="MinimumProtocol">Override: <c>TLSv1.2</c> or <c>TLSv1.3</c>; null keeps the base's.</param>
public sealed record PolicyManifest(string Base, string? MinimumProtocol)
{
    /// <summary>The policy file in place of <see cref="Base"/>, as written; null for a policy of the catalogue.</summary>
    public string? File { get; init; }

    /// <summary>The policy with the manifest's fields in place of its own, the floor apart; null where the catalogue's stands as it is.</summary>
    public TlsPolicy? Policy { get; init; }
}

/// <summary>Mail servers that MailTlsState configures.</summary>
public enum ServiceKind
{
    /// <summary>Postfix.</summary>
    Postfix,

    /// <summary>Dovecot.</summary>
    Dovecot,
}

/// <summary>Whether a service has to run.</summary>
public enum DesiredServiceState
{
    /// <summary>A stopped service is started.</summary>
    Running,

    /// <summary>A stopped service stays stopped.</summary>
    AsFound,
}

/// <summary>One mail server in the manifest.</summary>
/// <param name="Kind">Which.</param>
/// <param name="State">Whether it has to run.</param>
/// <param name="AllowUntested">Go on with a version outside the tested range.</param>
/// <param name="Endpoints">The endpoints that the manifest names, in the order of <see cref="EndpointKind"/>.</param>
public sealed record ServiceManifest(ServiceKind Kind, DesiredServiceState State, bool AllowUntested, IReadOnlyList<EndpointManifest> Endpoints)
{
    /// <summary>How the service sends mail to other hosts, or null when that stays as it is.</summary>
    public OutboundManifest? Outbound { get; init; }
}

/// <summary>How mail to other hosts is protected on its way.</summary>
public enum OutboundSecurity
{
    /// <summary>The security level stays as it is.</summary>
    AsFound,

    /// <summary>TLS where the other host offers it, clear text where not (RFC 7435).</summary>
    Opportunistic,

    /// <summary>TLS to every host; mail to one that offers none stays in the queue.</summary>
    Required,

    /// <summary>Opportunistic DANE (RFC 7672): TLS that a host's TLSA records authenticate, else as opportunistic.</summary>
    Dane,
}

/// <summary>The sending side of a mail server.</summary>
/// <param name="Security">Its security level.</param>
/// <param name="MinimumProtocol">Oldest protocol version that it accepts, or null to leave that as it is.</param>
public sealed record OutboundManifest(OutboundSecurity Security, TlsVersion? MinimumProtocol);

/// <summary>One port of a service by its registered name.</summary>
public enum EndpointKind
{
    /// <summary>SMTP relay, 25.</summary>
    Smtp,

    /// <summary>Message submission with STARTTLS, 587 (RFC 6409).</summary>
    Submission,

    /// <summary>Message submission over implicit TLS, 465 (RFC 8314).</summary>
    Submissions,

    /// <summary>IMAP with STARTTLS, 143.</summary>
    Imap,

    /// <summary>IMAP over implicit TLS, 993.</summary>
    Imaps,

    /// <summary>POP3 with STLS, 110.</summary>
    Pop3,

    /// <summary>POP3 over implicit TLS, 995.</summary>
    Pop3s,
}

/// <summary>How an endpoint protects its connections.</summary>
public enum EndpointSecurity
{
    /// <summary>STARTTLS is offered; clear text stays possible.</summary>
    Opportunistic,

    /// <summary>No AUTH and no mail data before STARTTLS.</summary>
    Required,

    /// <summary>TLS from the first byte.</summary>
    Implicit,

    /// <summary>Not listening.</summary>
    Disabled,
}

/// <summary>One endpoint in the manifest.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Security">How it protects its connections.</param>
/// <param name="Port">TCP port; default is the registered one.</param>
/// <param name="Addresses">IP addresses to listen on; empty means all that are bound.</param>
/// <param name="ProxyProtocol">True when a proxy header comes first: then it is not probed.</param>
public sealed record EndpointManifest(EndpointKind Kind, EndpointSecurity Security, int Port, IReadOnlyList<string> Addresses, bool ProxyProtocol);

/// <summary>How SELinux labels are treated.</summary>
public enum SeLinuxMode
{
    /// <summary>Labels are managed where SELinux is present.</summary>
    Auto,

    /// <summary>A host without SELinux is an error.</summary>
    Required,

    /// <summary>Labels are left alone.</summary>
    Ignore,
}
