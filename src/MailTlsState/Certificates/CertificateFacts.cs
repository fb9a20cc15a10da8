using System.Net;
using MailTlsState.Policies;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.Digests;

namespace MailTlsState.Certificates;

/// <summary>
/// What a certificate says about itself, read from its DER and free of judgement. Read by BouncyCastle's ASN.1 only:
/// the framework's X509 classes would load the system's OpenSSL, and building a public key would test RSA moduli.
/// </summary>
/// <param name="Subject">Distinguished name by RFC 4514, for example <c>CN=mail.example.com,O=Example</c>; empty when there is none.</param>
/// <param name="Issuer">The issuer's distinguished name in the same form.</param>
/// <param name="DnsNames">dNSName entries of the SAN in their order, lower case.</param>
/// <param name="IpAddresses">iPAddress entries of the SAN in text form.</param>
/// <param name="NotBefore">First moment of validity, UTC.</param>
/// <param name="NotAfter">Last moment of validity, UTC.</param>
/// <param name="SerialNumber">Lower-case hex of the serial number's content octets without a leading sign octet.</param>
/// <param name="Fingerprint">Lower-case hex of the SHA-256 of the whole DER.</param>
/// <param name="PublicKeyFingerprint">Lower-case hex of the SHA-256 of SubjectPublicKeyInfo (what TLSA 3 1 1 holds).</param>
/// <param name="Key">Kind and size in the manifest's words: <c>rsa-2048</c>, <c>ecdsa-p256</c>, <c>ed25519</c>; else the algorithm's OID.</param>
/// <param name="SignatureAlgorithm">Name as OpenSSL prints it, for example <c>ecdsa-with-SHA256</c>; else the OID.</param>
/// <param name="IsAuthority">True when basicConstraints says CA:TRUE.</param>
/// <param name="PathLength">basicConstraints' pathLenConstraint, or null.</param>
/// <param name="AuthorityKeyId">Lower-case hex of the AKI's key identifier, or null.</param>
/// <param name="SubjectKeyId">Lower-case hex of the SKI, or null.</param>
public sealed record CertificateFacts(
    string Subject,
    string Issuer,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<string> IpAddresses,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    string SerialNumber,
    string Fingerprint,
    string PublicKeyFingerprint,
    string Key,
    string SignatureAlgorithm,
    bool IsAuthority,
    int? PathLength,
    string? AuthorityKeyId,
    string? SubjectKeyId)
{
    /// <summary>True when subject and issuer are the same name.</summary>
    public bool IsSelfIssued => Subject == Issuer;

    /// <summary>The algorithm of the key, or null for one that no manifest may ask for.</summary>
    public KeyFamily? Family => Key.StartsWith("rsa-", StringComparison.Ordinal) ? KeyFamily.Rsa : Key.StartsWith("ecdsa-", StringComparison.Ordinal) ? KeyFamily.Ecdsa : null;

    /// <summary>The hash in the signature, as policies name it (<c>sha256</c>), or null where the algorithm has none of its own.</summary>
    public string? SignatureHash => Hashes.FirstOrDefault(h => SignatureAlgorithm.Contains(h, StringComparison.OrdinalIgnoreCase));

    /// <summary>Where the issuer's certificate can be had, from the authority information access (RFC 5280 section 4.2.2.1): URLs, as they stand there.</summary>
    public IReadOnlyList<string> IssuerAddresses { get; init; } = [];

    /// <summary>What the certificate is for: the SAN's DNS names, then its addresses.</summary>
    public IReadOnlyList<string> ServerNames => [.. DnsNames, .. IpAddresses];

    /// <summary>Reads one certificate (RFC 5280).</summary>
    /// <param name="der">DER and nothing after it; not PEM.</param>
    /// <exception cref="FormatException">It is no certificate.</exception>
    public static CertificateFacts Read(ReadOnlySpan<byte> der)
    {
        var bytes = der.ToArray();
        try
        {
            return Read(X509CertificateStructure.GetInstance(Asn1Object.FromByteArray(bytes)), bytes);
        }
        catch (Exception e) when (e is IOException or ArgumentException or InvalidOperationException or InvalidCastException or Asn1ParsingException or NullReferenceException or IndexOutOfRangeException)
        {
            // BouncyCastle reports malformed ASN.1 by whatever its readers stumble over.
            throw new FormatException($"not an X.509 certificate: {e.Message}", e);
        }
    }

    /// <summary>The same, or null for bytes that are no certificate: for whoever shows what a server sent, which a finding judges elsewhere.</summary>
    public static CertificateFacts? TryRead(ReadOnlySpan<byte> der)
    {
        try
        {
            return Read(der);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Lower-case hex of the SHA-256 of some bytes.</summary>
    public static string Sha256(ReadOnlySpan<byte> bytes)
    {
        var digest = new Sha256Digest();
        digest.BlockUpdate(bytes);
        Span<byte> hash = stackalloc byte[32];
        digest.DoFinal(hash);
        return Convert.ToHexStringLower(hash);
    }

    private static readonly string[] Hashes = ["md5", "sha1", "sha256", "sha384", "sha512"];

    internal static string Sha256Of(byte[] bytes) => Sha256(bytes);

    private static CertificateFacts Read(X509CertificateStructure certificate, byte[] der)
    {
        var extensions = certificate.TbsCertificate.Extensions;
        var san = Extension(extensions, X509Extensions.SubjectAlternativeName) is { } names ? GeneralNames.GetInstance(names).GetNames() : [];
        var constraints = Extension(extensions, X509Extensions.BasicConstraints) is { } basic ? BasicConstraints.GetInstance(basic) : null;
        var authority = Extension(extensions, X509Extensions.AuthorityKeyIdentifier) is { } aki
            ? AuthorityKeyIdentifier.GetInstance(aki).KeyIdentifier?.GetOctets()
            : null;
        var subjectKey = Extension(extensions, X509Extensions.SubjectKeyIdentifier) is { } ski
            ? SubjectKeyIdentifier.GetInstance(ski).GetKeyIdentifier()
            : null;
        return new CertificateFacts(
            NameText(certificate.Subject),
            NameText(certificate.Issuer),
            [.. san.Where(n => n.TagNo == GeneralName.DnsName).Select(n => DerIA5String.GetInstance(n.Name).GetString().ToLowerInvariant())],
            [.. san.Where(n => n.TagNo == GeneralName.IPAddress).Select(n => Address(Asn1OctetString.GetInstance(n.Name).GetOctets()))],
            Utc(certificate.StartDate),
            Utc(certificate.EndDate),
            Convert.ToHexStringLower(certificate.SerialNumber.PositiveValue.ToByteArrayUnsigned()),
            Sha256(der),
            Sha256(certificate.SubjectPublicKeyInfo.GetDerEncoded()),
            KeyText(certificate.SubjectPublicKeyInfo),
            SignatureText(certificate.SignatureAlgorithm),
            constraints?.IsCA() ?? false,
            constraints is { PathLenConstraint: { } length } ? (length.BitLength < 31 ? length.IntValue : int.MaxValue) : null,
            authority is null ? null : Convert.ToHexStringLower(authority),
            subjectKey is null ? null : Convert.ToHexStringLower(subjectKey))
        {
            IssuerAddresses = Addresses(extensions),
        };
    }

    // Only what is printable and short: it is shown to an administrator, who may well copy it.
    private static IReadOnlyList<string> Addresses(X509Extensions? extensions) =>
        Extension(extensions, X509Extensions.AuthorityInfoAccess) is { } access
            ? [.. AuthorityInformationAccess.GetInstance(access).GetAccessDescriptions()
                .Where(d => d.AccessMethod.Equals(AccessDescription.IdADCAIssuers) && d.AccessLocation.TagNo == GeneralName.UniformResourceIdentifier)
                .Select(d => DerIA5String.GetInstance(d.AccessLocation.Name).GetString())
                .Where(u => u.Length <= 200 && u.All(c => c is > ' ' and < '\x7F'))]
            : [];

    /// <summary>A public key's kind in the words of <see cref="Key"/>.</summary>
    internal static string KeyOf(byte[] subjectPublicKeyInfo) => KeyText(SubjectPublicKeyInfo.GetInstance(subjectPublicKeyInfo));

    internal static string NameText(X509Name name) => name.ToString(reverse: true, X509Name.RFC2253Symbols);

    private static Asn1Encodable? Extension(X509Extensions? extensions, DerObjectIdentifier oid) => extensions?.GetExtension(oid)?.GetParsedValue();

    private static DateTimeOffset Utc(Time time) => new(DateTime.SpecifyKind(time.ToDateTime(), DateTimeKind.Utc));

    private static string Address(byte[] octets) => octets.Length is 4 or 16 ? new IPAddress(octets).ToString() : Convert.ToHexStringLower(octets);

    private static string KeyText(SubjectPublicKeyInfo info)
    {
        var algorithm = info.Algorithm.Algorithm;
        if (algorithm.Equals(PkcsObjectIdentifiers.RsaEncryption))
        {
            return $"rsa-{RsaPublicKeyStructure.GetInstance(info.ParsePublicKey()).Modulus.BitLength}";
        }

        if (algorithm.Equals(X9ObjectIdentifiers.IdECPublicKey))
        {
            var curve = info.Algorithm.Parameters is DerObjectIdentifier named ? named.Id : "explicit";
            return curve switch
            {
                "1.2.840.10045.3.1.7" => "ecdsa-p256",
                "1.3.132.0.34" => "ecdsa-p384",
                "1.3.132.0.35" => "ecdsa-p521",
                _ => $"ecdsa-{curve}",
            };
        }

        return algorithm.Id switch
        {
            "1.3.101.112" => "ed25519",
            "1.3.101.113" => "ed448",
            "1.2.840.113549.1.1.10" => "rsa-pss",
            _ => algorithm.Id,
        };
    }

    private static string SignatureText(AlgorithmIdentifier algorithm) => algorithm.Algorithm.Id switch
    {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        "1.3.101.113" => "ED448",
        var oid => oid,
    };
}
