using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace MailTlsState.Tests.Verification;

/// <summary>A certificate with its key, on P-256 unless it says otherwise, made for a test.</summary>
internal sealed record TestCertificate(byte[] Der, AsymmetricKeyParameter Key, AsymmetricKeyParameter PublicKey, string Subject)
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private static readonly SecureRandom Random = new();

    public string Fingerprint => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Der));

    public static TestCertificate Root(string name = "CN=Test Root", Options? options = null) =>
        Make(name, null, (options ?? new Options()) with { Authority = true });

    public TestCertificate Issue(string name, Options? options = null) => Make(name, this, options ?? new Options());

    public TestCertificate Intermediate(string name = "CN=Test Intermediate", Options? options = null) =>
        Make(name, this, (options ?? new Options()) with { Authority = options?.Authority ?? true });

    public TestCertificate Leaf(params string[] names) => Issue("CN=" + names[0], new Options { Names = names });

    private static TestCertificate Make(string name, TestCertificate? issuer, Options options)
    {
        IAsymmetricCipherKeyPairGenerator generator = options.IsRsa ? new RsaKeyPairGenerator() : new ECKeyPairGenerator();
        generator.Init(options.IsRsa ? new KeyGenerationParameters(Random, 2048) : new ECKeyGenerationParameters(SecObjectIdentifiers.SecP256r1, Random));
        var pair = options.SameKeyAs is { } other ? new AsymmetricCipherKeyPair(other.PublicKey, other.Key) : generator.GenerateKeyPair();
        var certificate = new X509V3CertificateGenerator();
        certificate.SetSerialNumber(new BigInteger(64, Random).Add(BigInteger.One));
        certificate.SetSubjectDN(new X509Name(name));
        certificate.SetIssuerDN(new X509Name(options.IssuerName ?? issuer?.Subject ?? name));
        certificate.SetNotBefore((options.NotBefore ?? Now.AddDays(-1)).UtcDateTime);
        certificate.SetNotAfter((options.NotAfter ?? Now.AddDays(90)).UtcDateTime);
        certificate.SetPublicKey(pair.Public);
        if (options.Authority is { } authority)
        {
            certificate.AddExtension(X509Extensions.BasicConstraints, true, options.PathLength is { } length ? new BasicConstraints(length) : new BasicConstraints(authority));
        }

        if (options.Names.Count > 0)
        {
            certificate.AddExtension(X509Extensions.SubjectAlternativeName, false, new GeneralNames([.. options.Names.Select(n =>
                new GeneralName(System.Net.IPAddress.TryParse(n, out _) ? GeneralName.IPAddress : GeneralName.DnsName, n))]));
        }

        foreach (var (oid, critical, value) in options.Extensions)
        {
            certificate.AddExtension(new Org.BouncyCastle.Asn1.DerObjectIdentifier(oid), critical, value);
        }

        var signed = certificate.Generate(new Asn1SignatureFactory(options.Signature, issuer?.Key ?? pair.Private, Random));
        return new TestCertificate(signed.GetEncoded(), pair.Private, pair.Public, name);
    }

    /// <summary>What differs from a plain certificate that is valid now.</summary>
    internal sealed record Options
    {
        public IReadOnlyList<string> Names { get; init; } = [];

        public DateTimeOffset? NotBefore { get; init; }

        public DateTimeOffset? NotAfter { get; init; }

        public bool? Authority { get; init; }

        public int? PathLength { get; init; }

        public string? IssuerName { get; init; }

        public string Signature { get; init; } = "SHA256WITHECDSA";

        public TestCertificate? SameKeyAs { get; init; }

        /// <summary>An RSA key of 2048 bits in place of one on P-256.</summary>
        public bool IsRsa { get; init; }

        public IReadOnlyList<(string Oid, bool Critical, Org.BouncyCastle.Asn1.Asn1Encodable Value)> Extensions { get; init; } = [];
    }
}
