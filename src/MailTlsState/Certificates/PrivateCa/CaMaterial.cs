namespace MailTlsState.Certificates.PrivateCa;

/// <summary>A new root CA: what is written to disk, and the opened CA itself, ready to sign. Disposing it closes the CA.</summary>
/// <param name="EncryptedKeyPem">Content of <c>ca.key</c>: encrypted PKCS#8, ASCII PEM.</param>
/// <param name="CertificatePem">Content of <c>ca.pem</c>: the root certificate, ASCII PEM.</param>
/// <param name="Root">The CA, opened.</param>
public sealed record CaMaterial(byte[] EncryptedKeyPem, byte[] CertificatePem, RootAuthority Root) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Root.Dispose();

    /// <summary>The CA's subject; never the key.</summary>
    public override string ToString() => Root.ToString();
}
