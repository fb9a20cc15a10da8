using MailTlsState.Policies;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.Sec;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Asn1.X9;

namespace MailTlsState.Probing;

/// <summary>The kind of key in a certificate as a server sent it.</summary>
internal static class LeafKey
{
    /// <summary>The kind, or null for another one or a certificate that cannot be read.</summary>
    public static KeyFamily? Family(byte[] der) => Algorithm(der)?.Algorithm is not { } algorithm ? null
        : algorithm.Equals(X9ObjectIdentifiers.IdECPublicKey) ? KeyFamily.Ecdsa
        : algorithm.Equals(PkcsObjectIdentifiers.RsaEncryption) || algorithm.Equals(PkcsObjectIdentifiers.IdRsassaPss) ? KeyFamily.Rsa
        : null;

    /// <summary>Code point of the curve that the key lies on ("TLS Supported Groups" registry), or null for another kind of key or curve.</summary>
    public static int? Curve(byte[] der) => Algorithm(der) is not { Parameters: DerObjectIdentifier curve } || Family(der) != KeyFamily.Ecdsa ? null
        : curve.Equals(X9ObjectIdentifiers.Prime256v1) ? 0x17
        : curve.Equals(SecObjectIdentifiers.SecP384r1) ? 0x18
        : curve.Equals(SecObjectIdentifiers.SecP521r1) ? 0x19
        : null;

    /// <summary>The one signature scheme of TLS 1.3 that an ECDSA key can be used with (RFC 8446 section 4.2.3), or null.</summary>
    public static int? Scheme(byte[] der) => Curve(der) switch
    {
        0x17 => 0x0403,
        0x18 => 0x0503,
        0x19 => 0x0603,
        _ => null,
    };

    private static AlgorithmIdentifier? Algorithm(byte[] der)
    {
        try
        {
            return X509CertificateStructure.GetInstance(der).SubjectPublicKeyInfo.Algorithm;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException)
        {
            return null;
        }
    }
}
