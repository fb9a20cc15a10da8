using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace MailTlsState.Certificates;

/// <summary>Whether a certificate is fit for a server (RFC 5280, RFC 9325 section 6). Reads by BouncyCastle, so that a plan does not load OpenSSL.</summary>
internal static class LeafProfile
{
    /// <summary>Why clients would refuse the certificate, names and dates aside.</summary>
    public static IEnumerable<string> Problems(byte[] der, CertificateFacts facts) =>
        IsSignedOldly(facts) ? [.. Unfit(der, facts), $"the certificate is signed by {facts.SignatureAlgorithm}, which clients refuse"] : Unfit(der, facts);

    /// <summary>Why it is none of a server, whatever it is signed with.</summary>
    public static IEnumerable<string> Unfit(byte[] der, CertificateFacts facts)
    {
        var certificate = X509CertificateStructure.GetInstance(der);
        if (certificate.Version != 3)
        {
            yield return $"the certificate is X.509 version {certificate.Version}, which has no extensions";
            yield break;
        }

        if (facts.IsAuthority)
        {
            yield return "the certificate is one of a CA";
        }

        var extensions = certificate.TbsCertificate.Extensions;
        if (extensions?.GetExtensionParsedValue(X509Extensions.ExtendedKeyUsage) is { } purposes
            && !ExtendedKeyUsage.GetInstance(purposes).HasKeyPurposeId(KeyPurposeID.id_kp_serverAuth))
        {
            yield return "the certificate's extended key usage lacks serverAuth";
        }

        if (extensions?.GetExtensionParsedValue(X509Extensions.KeyUsage) is { } usage
            && (DerBitString.GetInstance(usage).IntValue & KeyUsage.DigitalSignature) == 0)
        {
            yield return "the certificate's key usage lacks digitalSignature";
        }
    }

    /// <summary>True where no extended key usage says what the key is for: RFC 5280 section 4.2.1.12 lets it serve then, and Apple's clients want to see serverAuth.</summary>
    public static bool LacksPurpose(byte[] der) =>
        X509CertificateStructure.GetInstance(der) is { Version: 3 } certificate && certificate.TbsCertificate.Extensions?.GetExtension(X509Extensions.ExtendedKeyUsage) is null;

    /// <summary>True for a signature with MD5 or SHA-1, which can be forged.</summary>
    public static bool IsSignedOldly(CertificateFacts facts) =>
        facts.SignatureAlgorithm.Contains("md5", StringComparison.OrdinalIgnoreCase) || facts.SignatureAlgorithm.Contains("sha1", StringComparison.OrdinalIgnoreCase);

    /// <summary>True when the issuer's name and key are the root's: its signature is checked.</summary>
    public static bool IsSignedBy(byte[] der, byte[] root)
    {
        try
        {
            var certificate = new X509Certificate(X509CertificateStructure.GetInstance(der));
            var authority = new X509Certificate(X509CertificateStructure.GetInstance(root));
            return certificate.IssuerDN.Equivalent(authority.SubjectDN, true) && certificate.IsSignatureValid(authority.GetPublicKey());
        }
        catch (Exception odd) when (odd is GeneralSecurityException or CryptoException or IOException or ArgumentException or InvalidCastException or ArithmeticException)
        {
            // A signature that cannot be checked (another kind of key than the algorithm's, an unknown algorithm) is not the root's.
            return false;
        }
    }
}
