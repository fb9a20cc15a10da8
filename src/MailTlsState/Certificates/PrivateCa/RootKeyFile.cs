using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates.Encryption;
using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>The file of a root CA's private key, encrypted under a passphrase.</summary>
internal static class RootKeyFile
{
    /// <summary>PBKDF2 rounds for a new file: what OWASP's password storage sheet (2023) asks of PBKDF2-HMAC-SHA256.</summary>
    public const int Rounds = 600_000;

    private const string Pbes2 = "1.2.840.113549.1.5.13";
    private const string Pbkdf2 = "1.2.840.113549.1.5.12";

    // PKCS#5 v1.5 and PKCS#12 schemes that the framework decrypts (RFC 8018 appendix A, RFC 7292 appendix C).
    private static readonly string[] OldSchemes =
        ["1.2.840.113549.1.5.3", "1.2.840.113549.1.5.6", "1.2.840.113549.1.5.10", "1.2.840.113549.1.5.11", "1.2.840.113549.1.12.1.3", "1.2.840.113549.1.12.1.4"];

    /// <summary>PKCS#8 under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), PEM.</summary>
    public static byte[] Write(KeyPair key, string passphrase)
    {
        var der = key.ExportEncrypted(passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Rounds));
        return PrivateKeyPem.Encode("ENCRYPTED PRIVATE KEY", der);
    }

    /// <summary>Opens what <see cref="Write"/> made, and every form that <c>openssl genrsa -des3</c> has written in its time.</summary>
    /// <param name="pem">The file.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <param name="expected">The algorithm that the root certificate has: it is tried first, because each try costs all rounds.</param>
    /// <exception cref="MailTlsException">The passphrase is wrong, or the file is broken.</exception>
    public static KeyPair Open(ReadOnlySpan<byte> pem, string passphrase, KeyFamily expected)
    {
        // A key that is not encrypted may stand here too, so the characters are overwritten.
        var text = new char[pem.Length];
        try
        {
            Encoding.Latin1.GetChars(pem, text);
            foreach (var block in PemScanner.Scan(text))
            {
                if (PrivateKeyPem.IsPrivateKey(block.Label))
                {
                    return OpenBlock(block.Label, text.AsSpan()[block.Body], passphrase, expected);
                }
            }
        }
        finally
        {
            Array.Clear(text);
        }

        throw Broken("there is no private key in it");
    }

    private static KeyPair OpenBlock(string label, ReadOnlySpan<char> body, string passphrase, KeyFamily expected)
    {
        if (label == "ENCRYPTED PRIVATE KEY")
        {
            var der = PrivateKeyPem.DecodeBody(body) ?? throw Broken("its base64 is empty or broken");
            CheckScheme(der);
            return KeyPair.ImportEncrypted(der, passphrase, expected) ?? throw new MailTlsException(CertificateDiagnostics.PassphraseWrong());
        }

        try
        {
            return PrivateKeyPem.IsEncrypted(label, body) ? TraditionalPem.Open(label, body, passphrase) : KeyPair.ImportBlock(label, body);
        }
        catch (PasswordEncryptionException closed)
        {
            throw closed.Fault == EncryptionFault.WrongPassword ? new MailTlsException(CertificateDiagnostics.PassphraseWrong()) : Broken(closed.Message);
        }
        catch (MailTlsException unreadable) when (unreadable.Diagnostics[0].Code == CertificateDiagnostics.UnreadableKey)
        {
            throw Broken(CertificateDiagnostics.ReasonOf(unreadable));
        }
    }

    // EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING } (RFC 5958 section 3).
    // Looked at first, because the framework reports a broken file and a wrong passphrase alike.
    private static void CheckScheme(byte[] der)
    {
        string scheme;
        try
        {
            var info = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
            var algorithm = info.ReadSequence();
            scheme = algorithm.ReadObjectIdentifier();
            info.ReadOctetString();
            if (scheme == Pbes2)
            {
                var derivation = algorithm.ReadSequence().ReadSequence().ReadObjectIdentifier();
                scheme = derivation == Pbkdf2 ? scheme : derivation;
            }
        }
        catch (AsnContentException)
        {
            throw Broken("it is no encrypted PKCS#8 key");
        }

        if (scheme != Pbes2 && !OldSchemes.Contains(scheme))
        {
            throw Broken($"it is encrypted in a way that is not handled ({scheme})");
        }
    }

    private static MailTlsException Broken(string reason) => new(CertificateDiagnostics.RootKeyBroken(reason));
}
