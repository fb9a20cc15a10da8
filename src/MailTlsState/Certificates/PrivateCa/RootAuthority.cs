using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>A root CA whose key is open and belongs to its certificate. Disposing it forgets the key.</summary>
public sealed class RootAuthority : IDisposable
{
    private RootAuthority(KeyPair key, byte[] certificate, CertificateFacts facts)
    {
        Key = key;
        Certificate = certificate;
        Facts = facts;
    }

    /// <summary>The root certificate, DER.</summary>
    public byte[] Certificate { get; }

    /// <summary>What the root certificate says.</summary>
    public CertificateFacts Facts { get; }

    internal KeyPair Key { get; }

    /// <summary>Joins a root key and its certificate, and owns the key from then on, also when it throws.</summary>
    /// <exception cref="MailTlsException">They do not belong together, or the certificate cannot be read.</exception>
    internal static RootAuthority Join(KeyPair key, byte[] certificate)
    {
        try
        {
            var facts = CertificateFacts.Read(certificate);
            return "sha256:" + facts.PublicKeyFingerprint == key.PublicKeyDigest
                ? new RootAuthority(key, certificate, facts)
                : throw new MailTlsException(CertificateDiagnostics.RootFilesMismatch());
        }
        catch (Exception problem)
        {
            key.Dispose();
            if (problem is FormatException)
            {
                throw new MailTlsException(CertificateDiagnostics.RootCertificateBroken("it is no X.509 certificate"));
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Key.Dispose();

    /// <summary>The subject and the key's public half.</summary>
    public override string ToString() => $"{Facts.Subject} ({Key})";
}
