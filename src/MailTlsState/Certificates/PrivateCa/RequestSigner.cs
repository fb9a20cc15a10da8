using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Signs the request of another machine, as the manifest of the CA's machine says.</summary>
public static class RequestSigner
{
    /// <summary>Judges a request: its signature, names and key.</summary>
    /// <param name="pemOrDer">PKCS#10 (RFC 2986).</param>
    /// <param name="path">Where it came from, for the message.</param>
    /// <param name="certificate">What the manifest allows.</param>
    /// <returns>The public key that the certificate is for.</returns>
    /// <exception cref="MailTlsException">It is not signed: MTS0531, MTS0532 or MTS0533.</exception>
    public static byte[] Judge(byte[] pemOrDer, string path, CertificateManifest certificate)
    {
        var request = Read(pemOrDer) ?? throw new MailTlsException(CaDiagnostics.RequestIsUnreadable(path));
        var asked = NamesOf(request);
        if (!asked.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(certificate.Names))
        {
            throw new MailTlsException(CaDiagnostics.RequestHasOtherNames(path, asked, certificate.Names));
        }

        var key = request.PublicKey.ExportSubjectPublicKeyInfo();
        var kind = CertificateFacts.KeyOf(key);
        return certificate.Keys.Select(KeyKinds.Text).Contains(kind)
            ? key
            : throw new MailTlsException(CaDiagnostics.RequestHasOtherKey(path, kind, certificate.Keys.Select(KeyKinds.Text)));
    }

    private static CertificateRequest? Read(byte[] bytes)
    {
        try
        {
            // Loading also checks the signature by the request's own key.
            return bytes.AsSpan().StartsWith("0"u8)
                ? CertificateRequest.LoadSigningRequest(bytes, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions)
                : CertificateRequest.LoadSigningRequestPem(Encoding.Latin1.GetString(bytes), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        }
        catch (Exception odd) when (odd is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    private static IReadOnlyList<string> NamesOf(CertificateRequest request)
    {
        try
        {
            return [.. request.CertificateExtensions
                .Where(e => e.Oid?.Value == "2.5.29.17")
                .Select(e => new X509SubjectAlternativeNameExtension(e.RawData))
                .SelectMany(s => s.EnumerateDnsNames().Concat(s.EnumerateIPAddresses().Select(a => a.ToString())))];
        }
        catch (Exception odd) when (odd is CryptographicException or AsnContentException)
        {
            return [];
        }
    }
}
