using System.Net;
using System.Text;
using MailTlsState.Hosts;
using Org.BouncyCastle.Crypto.Prng;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tls;
using Org.BouncyCastle.Tls.Crypto;
using Org.BouncyCastle.Tls.Crypto.Impl.BC;

namespace MailTlsState.Probing;

/// <summary>
/// A TLS client that accepts whatever a server serves, and remembers it. Nothing is verified in the handshake but the
/// server's possession of its key: trust is decided later, on the chain as sent.
/// </summary>
/// <param name="serverName">SNI name; empty for none.</param>
/// <param name="family">The one kind of server key that it takes, or null for every kind.</param>
internal sealed class ProbeTlsClient(string serverName, Policies.KeyFamily? family = null) : DefaultTlsClient(new RecordingCrypto())
{
    /// <summary>Certificates as sent, DER, also of a handshake that failed later.</summary>
    public IReadOnlyList<byte[]> Chain => ((RecordingCrypto)Crypto).Certificates;

    public bool IsComplete { get; private set; }

    /// <summary>The version that the server chose, or null before its hello.</summary>
    public Policies.TlsVersion? Version { get; private set; }

    /// <summary>The suite that the server chose, or null before its hello.</summary>
    public int? Suite { get; private set; }

    // A server that still speaks only an old version is a finding, not a failed probe.
    protected override ProtocolVersion[] GetSupportedVersions() => ProtocolVersion.TLSv13.DownTo(ProtocolVersion.TLSv10);

    protected override int[] GetSupportedCipherSuites() => TlsUtilities.GetSupportedCipherSuites(Crypto, [.. CipherSuites.Authenticated.Where(s => family is not { } kind || CipherSuites.CanAuthenticate(s, kind))]);

    // TLS 1.3 names the key's algorithm here alone (RFC 8446 section 4.2.3).
    protected override IList<SignatureAndHashAlgorithm> GetSupportedSignatureAlgorithms() =>
        [.. base.GetSupportedSignatureAlgorithms().Where(a => family is not { } kind || IsOf(a.Signature, kind))];

    // Whatever kind of key the CA has may sign the certificate.
    protected override IList<SignatureAndHashAlgorithm>? GetSupportedSignatureAlgorithmsCert() => family is null ? null : base.GetSupportedSignatureAlgorithms();

    // X25519's key share is the cheapest to make in a cold process; P-256's costs 3 ms more.
    protected override IList<int> GetSupportedGroups(IList<int> namedGroupRoles) =>
        [NamedGroup.x25519, NamedGroup.secp256r1, NamedGroup.x448, NamedGroup.secp384r1, NamedGroup.secp521r1, NamedGroup.ffdhe2048, NamedGroup.ffdhe3072, NamedGroup.ffdhe4096];

    public override IList<int> GetEarlyKeyShareGroups() => [NamedGroup.x25519];

    protected override IList<ServerName>? GetSniServerNames() =>
        serverName.Length == 0 || IPAddress.TryParse(serverName, out _) ? null : [new ServerName(NameType.host_name, Encoding.ASCII.GetBytes(serverName))];

    protected override CertificateStatusRequest? GetCertificateStatusRequest() => null;

    public override TlsDHGroupVerifier GetDHGroupVerifier() => new AnyGroup();

    public override bool ShouldCheckSigAlgOfPeerCerts() => false;

    public override void NotifySecureRenegotiation(bool secureRenegotiation)
    {
        // A server without RFC 5746 is shaken hands with as well.
    }

    public override TlsAuthentication GetAuthentication() => new NoVerification();

    public override void NotifyServerVersion(ProtocolVersion serverVersion)
    {
        Version = serverVersion.MinorVersion switch
        {
            1 => Policies.TlsVersion.Tls10,
            2 => Policies.TlsVersion.Tls11,
            3 => Policies.TlsVersion.Tls12,
            _ => Policies.TlsVersion.Tls13,
        };
        base.NotifyServerVersion(serverVersion);
    }

    public override void NotifySelectedCipherSuite(int selectedCipherSuite)
    {
        Suite = selectedCipherSuite;
        base.NotifySelectedCipherSuite(selectedCipherSuite);
    }

    public override void NotifyHandshakeComplete()
    {
        IsComplete = true;
        base.NotifyHandshakeComplete();
    }

    private static bool IsOf(short signature, Policies.KeyFamily kind) => kind == Policies.KeyFamily.Ecdsa
        ? signature == SignatureAlgorithm.ecdsa || SignatureAlgorithm.GetName(signature).StartsWith("ecdsa_", StringComparison.Ordinal)
        : signature == SignatureAlgorithm.rsa || SignatureAlgorithm.GetName(signature).StartsWith("rsa_", StringComparison.Ordinal);

    private sealed class NoVerification : TlsAuthentication
    {
        public void NotifyServerCertificate(TlsServerCertificate serverCertificate)
        {
            // Judged afterwards, from Chain.
        }

        public TlsCredentials? GetClientCredentials(CertificateRequest certificateRequest) => null;
    }

    private sealed class AnyGroup : TlsDHGroupVerifier
    {
        public bool Accept(DHGroup dhGroup) => true;
    }

    /// <summary>Sees each certificate's bytes before anything can refuse it.</summary>
    private sealed class RecordingCrypto() : BcTlsCrypto(new SecureRandom(new KernelRandom()))
    {
        public List<byte[]> Certificates { get; } = [];

        public override TlsCertificate CreateCertificate(short type, byte[] encoding)
        {
            Certificates.Add(encoding);
            return base.CreateCertificate(type, encoding);
        }
    }
}

/// <summary>The kernel's random bytes for BouncyCastle, whose own default loads the system's OpenSSL.</summary>
internal sealed class KernelRandom : IRandomGenerator
{
    public void AddSeedMaterial(byte[] seed)
    {
        // The kernel's pool needs none from us.
    }

    public void AddSeedMaterial(ReadOnlySpan<byte> seed)
    {
        // The kernel's pool needs none from us.
    }

    public void AddSeedMaterial(long seed)
    {
        // The kernel's pool needs none from us.
    }

    public void NextBytes(byte[] bytes) => SystemRandom.Fill(bytes);

    public void NextBytes(byte[] bytes, int start, int len) => SystemRandom.Fill(bytes.AsSpan(start, len));

    public void NextBytes(Span<byte> bytes) => SystemRandom.Fill(bytes);
}
