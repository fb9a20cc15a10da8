using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace MailTlsState.Hosts;

/// <summary>What may be known of a private key: its kind and the digest of its public key.</summary>
/// <param name="Kind"><c>rsa-2048</c>, <c>ecdsa-p256</c>, <c>ed25519</c>, …</param>
/// <param name="PublicKeyDigest">Lower case hex of the SHA-256 of the SubjectPublicKeyInfo's DER.</param>
internal sealed record PrivateKeyFacts(string Kind, string PublicKeyDigest)
{
    /// <summary>Reads the body of a PEM block; null when it is no key, or one whose halves do not belong together.</summary>
    internal static PrivateKeyFacts? Read(string label, string body)
    {
        try
        {
            var der = Convert.FromBase64String(body);
            return label switch
            {
                "PRIVATE KEY" => ReadPkcs8(PrivateKeyInfo.GetInstance(Whole(der))),
                "RSA PRIVATE KEY" => ReadRsa(RsaPrivateKeyStructure.GetInstance(Whole(der))),
                "EC PRIVATE KEY" => ReadEc(ECPrivateKeyStructure.GetInstance(Whole(der)), null),
                _ => null,
            };
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            // BouncyCastle has no common type for what it throws on broken input; the caller prints "unreadable".
            return null;
        }
    }

    /// <summary>
    /// True for DER of a private key: a SEQUENCE that starts with an INTEGER (PKCS#1, PKCS#8, PKCS#12, SEC 1), or an encrypted
    /// PKCS#8 (SEQUENCE, OCTET STRING). Certificates, requests and PKCS#7 start otherwise.
    /// </summary>
    internal static bool IsBinaryKey(string latin1)
    {
        if (latin1.Length < 8 || latin1[0] != '\x30' || latin1[1] < '\x10')
        {
            return false;
        }

        var content = ContentStart(latin1, 0);
        if (content < 0 || content >= latin1.Length)
        {
            return false;
        }

        if (latin1[content] == '\x02' && content + 1 < latin1.Length && latin1[content + 1] == '\x01')
        {
            return true;
        }

        var inner = latin1[content] == '\x30' ? ContentStart(latin1, content) : -1;
        var next = inner < 0 ? -1 : inner + LengthAt(latin1, content);
        return next > 0 && next < latin1.Length && latin1[next] == '\x04';
    }

    private static PrivateKeyFacts? ReadPkcs8(PrivateKeyInfo info)
    {
        var algorithm = info.PrivateKeyAlgorithm.Algorithm;
        if (algorithm.Equals(PkcsObjectIdentifiers.RsaEncryption))
        {
            return ReadRsa(RsaPrivateKeyStructure.GetInstance(info.ParsePrivateKey()));
        }

        if (algorithm.Equals(X9ObjectIdentifiers.IdECPublicKey))
        {
            return ReadEc(ECPrivateKeyStructure.GetInstance(info.ParsePrivateKey()), info.PrivateKeyAlgorithm.Parameters);
        }

        return PrivateKeyFactory.CreateKey(info) switch
        {
            Org.BouncyCastle.Crypto.Parameters.Ed25519PrivateKeyParameters key =>
                new PrivateKeyFacts("ed25519", Digest(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key.GeneratePublicKey()))),
            Org.BouncyCastle.Crypto.Parameters.Ed448PrivateKeyParameters key =>
                new PrivateKeyFacts("ed448", Digest(SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(key.GeneratePublicKey()))),
            _ => null,
        };
    }

    // By structure, not by BouncyCastle's key objects: those test the modulus for primes, 25 ms a key.
    private static PrivateKeyFacts? ReadRsa(RsaPrivateKeyStructure key)
    {
        var (n, e, d, p, q) = (key.Modulus, key.PublicExponent, key.PrivateExponent, key.Prime1, key.Prime2);
        if (p.SignValue <= 0 || q.SignValue <= 0 || n.SignValue <= 0 || !p.Multiply(q).Equals(n))
        {
            return null;
        }

        var (lessP, lessQ, product) = (p.Subtract(BigInteger.One), q.Subtract(BigInteger.One), e.Multiply(d));
        if (!product.Mod(lessP).Equals(BigInteger.One)
            || !product.Mod(lessQ).Equals(BigInteger.One)
            || !d.Mod(lessP).Equals(key.Exponent1)
            || !d.Mod(lessQ).Equals(key.Exponent2)
            || !key.Coefficient.Multiply(q).Mod(p).Equals(BigInteger.One))
        {
            return null;
        }

        var info = new SubjectPublicKeyInfo(new AlgorithmIdentifier(PkcsObjectIdentifiers.RsaEncryption, DerNull.Instance), new RsaPublicKeyStructure(n, e));
        return new PrivateKeyFacts($"rsa-{n.BitLength}", Digest(info));
    }

    private static PrivateKeyFacts? ReadEc(ECPrivateKeyStructure key, Asn1Encodable? outer)
    {
        var parameters = outer?.ToAsn1Object() ?? key.Parameters?.ToAsn1Object();
        if (parameters is not DerObjectIdentifier curve || CustomNamedCurves.GetByOid(curve) is not { } domain)
        {
            return null;
        }

        var d = key.GetKey();
        if (d.SignValue <= 0 || d.CompareTo(domain.N) >= 0)
        {
            return null;
        }

        var point = domain.G.Multiply(d).Normalize();
        if (key.PublicKey is { } stored && !domain.Curve.DecodePoint(stored.GetBytes()).Equals(point))
        {
            return null;
        }

        var info = new SubjectPublicKeyInfo(new AlgorithmIdentifier(X9ObjectIdentifiers.IdECPublicKey, curve), point.GetEncoded(false));
        return new PrivateKeyFacts("ecdsa-" + CurveName(curve), Digest(info));
    }

    private static string CurveName(DerObjectIdentifier curve) => curve.Id switch
    {
        "1.2.840.10045.3.1.7" => "p256",
        "1.3.132.0.34" => "p384",
        "1.3.132.0.35" => "p521",
        _ => SecNamedCurves.GetName(curve) ?? "other",
    };

    private static string Digest(SubjectPublicKeyInfo info) => Digests.Sha256Hex(info.GetEncoded(Asn1Encodable.Der));

    private static Asn1Object Whole(byte[] der) => Asn1Object.FromByteArray(der);

    private static int ContentStart(string der, int at) => at + 1 >= der.Length ? -1 : der[at + 1] switch
    {
        < '\x80' => at + 2,
        '\x80' => at + 2,
        <= '\x84' => at + 2 + (der[at + 1] - 0x80),
        _ => -1,
    };

    private static int LengthAt(string der, int at)
    {
        var first = der[at + 1];
        if (first < '\x80')
        {
            return first;
        }

        var length = 0;
        for (var i = 0; i < first - 0x80; i++)
        {
            if (at + 2 + i >= der.Length || length > 0xFFFFFF)
            {
                return int.MaxValue / 2;
            }

            length = (length << 8) | der[at + 2 + i];
        }

        return length;
    }
}
