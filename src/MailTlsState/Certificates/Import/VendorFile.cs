using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.Import;

/// <summary>A certificate in a file.</summary>
/// <param name="Der">Its bytes.</param>
/// <param name="Facts">What it says.</param>
public sealed record VendorCertificate(byte[] Der, CertificateFacts Facts);

/// <summary>
/// What a CA, a vendor or an administrator put into one file: certificates in any order, perhaps a key. Disposing it closes the keys.
/// </summary>
public sealed class VendorFile : IDisposable
{
    internal VendorFile(string name, string format, IReadOnlyList<VendorCertificate> certificates, IReadOnlyList<KeyPair> keys, IReadOnlyList<string> problems) =>
        (Name, Format, Certificates, Keys, Problems) = (name, format, certificates, keys, problems);

    /// <summary>The file's name, as it was given.</summary>
    public string Name { get; }

    /// <summary>Its format, for people: <c>PEM</c>, <c>DER</c>, <c>PKCS#7</c>, <c>PKCS#12</c>, <c>PKCS#8</c>.</summary>
    public string Format { get; }

    /// <summary>The certificates, each once, in the file's order.</summary>
    public IReadOnlyList<VendorCertificate> Certificates { get; }

    /// <summary>The private keys, each once.</summary>
    public IReadOnlyList<KeyPair> Keys { get; }

    /// <summary>Parts that could not be read, lower case; none holds any of the content.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>Reads a file of any of the formats.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="content">Its bytes; the caller overwrites them.</param>
    /// <param name="password">The password, or null.</param>
    /// <exception cref="MailTlsException">There is nothing of use in it, or it does not open. <see cref="ImportDiagnostics.PasswordMissing"/> asks for a password.</exception>
    public static VendorFile Read(string name, byte[] content, string? password = null) => Read(name, content, password, new ImportLimits());

    internal static VendorFile Read(string name, byte[] content, string? password, ImportLimits limits)
    {
        using var contents = new VendorContents(name, password, limits);
        return VendorFormats.Read(content, contents);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var key in Keys)
        {
            key.Dispose();
        }
    }
}
