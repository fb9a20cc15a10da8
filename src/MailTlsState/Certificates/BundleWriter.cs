using System.Security.Cryptography;

namespace MailTlsState.Certificates;

/// <summary>
/// Contents of key and certificate files, ASCII, each block with a final newline. The root is never among them: clients have it, or do not trust it.
/// Arrays that hold a key are overwritten by the caller after use.
/// </summary>
public static class BundleWriter
{
    /// <summary>
    /// Layout <c>bundle</c>: key, leaf, intermediates. Postfix wants the key before its certificate (smtpd_tls_chain_files in postconf(5), 3.4 and newer);
    /// for Dovecot ssl_cert and ssl_key both name the file.
    /// </summary>
    public static byte[] Bundle(KeyPair key, byte[] leaf, IReadOnlyList<byte[]> intermediates)
    {
        var keyPem = key.ExportPem();
        var chain = Chain(leaf, intermediates);
        byte[] bundle = [.. keyPem, .. chain];
        CryptographicOperations.ZeroMemory(keyPem);
        return bundle;
    }

    /// <summary>Layout <c>split</c>, the key's file.</summary>
    public static byte[] Key(KeyPair key) => key.ExportPem();

    /// <summary>Layout <c>split</c>, the certificate's file: leaf, intermediates.</summary>
    public static byte[] Chain(byte[] leaf, IReadOnlyList<byte[]> intermediates) =>
        [.. Certificate(leaf), .. intermediates.SelectMany(Certificate)];

    /// <summary>The files of one pair in its layout; a key that stays is not written again.</summary>
    public static IEnumerable<KeyValuePair<string, byte[]>> Files(MadePair pair, KeyPair key, byte[] leaf, IReadOnlyList<byte[]> intermediates)
    {
        if (pair.Files.IsBundle)
        {
            return [new(pair.Files.Chain, Bundle(key, leaf, intermediates))];
        }

        KeyValuePair<string, byte[]> chain = new(pair.Files.Chain, Chain(leaf, intermediates));
        return pair.CreateKey ? [new(pair.Files.Key, Key(key)), chain] : [chain];
    }

    /// <summary>One certificate in PEM.</summary>
    public static byte[] Certificate(byte[] der) => PrivateKeyPem.Encode(PemFile.CertificateLabel, der);
}
