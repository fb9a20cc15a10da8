using MailTlsState.Policies;
using Org.BouncyCastle.Asn1.Pkcs;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Asn1.X9;

namespace MailTlsState.Probing;

/// <summary>The kind of key in a certificate as a server sent it.</summary>
internal static class LeafKey
{
    /// <summary>The kind, or null for another one or a certificate that cannot be read.</summary>
    public static KeyFamily? Family(byte[] der)
    {
        try
        {
            var algorithm = X509CertificateStructure.GetInstance(der).SubjectPublicKeyInfo.Algorithm.Algorithm;
            return algorithm.Equals(X9ObjectIdentifiers.IdECPublicKey) ? KeyFamily.Ecdsa
                : algorithm.Equals(PkcsObjectIdentifiers.RsaEncryption) || algorithm.Equals(PkcsObjectIdentifiers.IdRsassaPss) ? KeyFamily.Rsa
                : null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException)
        {
            return null;
        }
    }
}
