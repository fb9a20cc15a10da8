using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates.Encryption;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>The file of a root CA's private key, encrypted under a passphrase.</summary>
internal static class RootKeyFile
{
    /// <summary>PBKDF2 rounds for a new file.</summary>
    public const int Rounds = KeyFileScheme.EnoughRounds;

    /// <summary>PKCS#8 under PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), PEM.</summary>
    public static byte[] Write(KeyPair key, string passphrase)
    {
        var der = key.ExportEncrypted(passphrase, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Rounds));
        return PrivateKeyPem.Encode("ENCRYPTED PRIVATE KEY", der);
    }

    /// <summary>Opens what <see cref="Write"/> made, and every form that <c>openssl genrsa -des3</c> has written in its time.</summary>
    /// <param name="pem">The file.</param>
    /// <param name="passphrase">The passphrase.</param>
    /// <exception cref="MailTlsException">The passphrase is wrong, or the file is broken.</exception>
    public static KeyPair Open(ReadOnlySpan<byte> pem, string passphrase)
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
                    return OpenBlock(block.Label, text.AsSpan()[block.Body], passphrase);
                }
            }
        }
        finally
        {
            Array.Clear(text);
        }

        throw Broken("there is no private key in it");
    }

    private static KeyPair OpenBlock(string label, ReadOnlySpan<char> body, string passphrase)
    {
        try
        {
            return label == "ENCRYPTED PRIVATE KEY" ? Decrypt(body, passphrase)
                : PrivateKeyPem.IsEncrypted(label, body) ? TraditionalPem.Open(label, body, passphrase)
                : KeyPair.ImportBlock(label, body);
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
    private static KeyPair Decrypt(ReadOnlySpan<char> body, string passphrase)
    {
        var der = PrivateKeyPem.DecodeBody(body) ?? throw Broken("its base64 is empty or broken");
        byte[] plain;
        try
        {
            var info = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
            plain = new PasswordEncryption(new WorkBudget()).Decrypt(info.ReadSequence(), info.ReadOctetString(), passphrase);
        }
        catch (AsnContentException)
        {
            throw Broken("it is no encrypted PKCS#8 key");
        }

        try
        {
            return KeyPair.ImportDer("PRIVATE KEY", plain);
        }
        catch (MailTlsException unreadable) when (IsPrivateKeyInfo(plain))
        {
            // The passphrase is right, since nothing else gives such a structure.
            throw new MailTlsException(CertificateDiagnostics.RootKeyUnusable(CertificateDiagnostics.ReasonOf(unreadable)));
        }
        catch (MailTlsException)
        {
            // With a wrong passphrase the padding fits by chance once in 256 times.
            throw new MailTlsException(CertificateDiagnostics.PassphraseWrong());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    // PrivateKeyInfo ::= SEQUENCE { version INTEGER, privateKeyAlgorithm SEQUENCE { algorithm OBJECT IDENTIFIER, … }, privateKey OCTET STRING, … } (RFC 5958 section 2)
    private static bool IsPrivateKeyInfo(ReadOnlySpan<byte> plain)
    {
        try
        {
            AsnDecoder.ReadSequence(plain, AsnEncodingRules.BER, out var offset, out var length, out _);
            var content = plain.Slice(offset, length);
            AsnDecoder.ReadIntegerBytes(content, AsnEncodingRules.BER, out var used);
            content = content[used..];
            AsnDecoder.ReadSequence(content, AsnEncodingRules.BER, out offset, out length, out used);
            AsnDecoder.ReadObjectIdentifier(content.Slice(offset, length), AsnEncodingRules.BER, out _);
            return Asn1Tag.TryDecode(content[used..], out var tag, out _) && tag.TagValue == Asn1Tag.PrimitiveOctetString.TagValue;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static MailTlsException Broken(string reason) => new(CertificateDiagnostics.RootKeyBroken(reason));
}
