using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MailTlsState.Certificates;

/// <summary>A request for a certificate (PKCS#10, RFC 2986): subject and SAN as in a leaf of our own; the rest is the CA's choice.</summary>
internal static class SigningRequest
{
    /// <summary>Makes a request, PEM.</summary>
    /// <param name="names">DNS names in ASCII.</param>
    /// <param name="key">The server's key, which signs the request.</param>
    public static byte[] Write(IReadOnlyList<string> names, KeyPair key)
    {
        var subject = Names.LeafSubject(names);
        var request = new CertificateRequest(subject, PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _), key.SignatureHash);
        request.CertificateExtensions.Add(Names.SubjectAlternativeNames(names, critical: Names.IsEmpty(subject)));
        return PrivateKeyPem.Encode("CERTIFICATE REQUEST", request.CreateSigningRequest(key.CreateSignatureGenerator()));
    }

    /// <summary>The digest of the public key of a request for these names, or null when the text is no such request or its signature is wrong.</summary>
    public static string? PublicKeyDigest(string? pem, IReadOnlyList<string> names)
    {
        if (pem is null)
        {
            return null;
        }

        try
        {
            var request = CertificateRequest.LoadSigningRequestPem(pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
            var wanted = Names.SubjectAlternativeNames(names, critical: false).RawData;
            return request.CertificateExtensions.Any(e => e.RawData.AsSpan().SequenceEqual(wanted)) ? KeyPair.DigestOf(request.PublicKey.ExportSubjectPublicKeyInfo()) : null;
        }
        catch (Exception odd) when (odd is CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}
