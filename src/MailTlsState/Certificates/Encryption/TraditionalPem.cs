using System.Security.Cryptography;
using System.Text;
using MailTlsState.Diagnostics;

namespace MailTlsState.Certificates.Encryption;

/// <summary>
/// OpenSSL's own encryption of PEM keys (<c>Proc-Type: 4,ENCRYPTED</c> and <c>DEK-Info</c>, RFC 1421 with OpenSSL's key derivation, see
/// PEM_read_bio_PrivateKey(3)): what <c>openssl genrsa -des3</c> wrote before OpenSSL 3. Read only; nothing is written this way.
/// </summary>
internal static class TraditionalPem
{
    private const string Info = "DEK-Info:";

    /// <summary>Decrypts and reads the body of a block.</summary>
    /// <exception cref="PasswordEncryptionException">The passphrase is wrong, or the block is broken.</exception>
    public static KeyPair Open(string label, ReadOnlySpan<char> body, string passphrase)
    {
        var header = body.IndexOf(Info, StringComparison.Ordinal);
        var line = header < 0 ? default : body[(header + Info.Length)..];
        var lineEnd = line.IndexOfAny('\r', '\n');
        var comma = line.IndexOf(',');
        if (comma < 0 || lineEnd < comma)
        {
            throw Broken("its DEK-Info header is missing or broken");
        }

        var cipher = CipherScheme.OfPem(line[..comma].Trim()) ?? throw Broken("it is encrypted by a cipher that is not handled");
        var vector = Vector(line[(comma + 1)..lineEnd].Trim(), cipher.VectorSize);
        var encrypted = PrivateKeyPem.DecodeBody(line[lineEnd..]);
        if (encrypted is null || encrypted.Length % vector.Length != 0)
        {
            throw Broken("its base64 is empty or broken");
        }

        var key = DeriveKey(passphrase, vector.AsSpan(0, 8), cipher.KeySize);
        byte[]? plain = null;
        try
        {
            plain = cipher.Decrypt(key, vector, encrypted);
            return KeyPair.ImportDer(label, plain);
        }
        catch (MailTlsException)
        {
            // A wrong passphrase passes the padding check once in 256 times and then gives noise.
            throw new PasswordEncryptionException(EncryptionFault.WrongPassword, "the passphrase does not open it");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] Vector(ReadOnlySpan<char> hex, int length)
    {
        var vector = new byte[length];
        return hex.Length == length * 2 && Convert.FromHexString(hex, vector, out _, out _) == System.Buffers.OperationStatus.Done
            ? vector
            : throw Broken("its DEK-Info header is missing or broken");
    }

    // EVP_BytesToKey with MD5 and one round: D1 = MD5(passphrase, salt), D2 = MD5(D1, passphrase, salt), …
    private static byte[] DeriveKey(string passphrase, ReadOnlySpan<byte> salt, int length)
    {
        var secret = Encoding.UTF8.GetBytes(passphrase);
        var key = new byte[length];
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        Span<byte> block = stackalloc byte[16];
        for (var at = 0; at < length; at += block.Length)
        {
            if (at > 0)
            {
                md5.AppendData(block);
            }

            md5.AppendData(secret);
            md5.AppendData(salt);
            md5.GetHashAndReset(block);
            block[..Math.Min(block.Length, length - at)].CopyTo(key.AsSpan(at));
        }

        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(block);
        return key;
    }

    private static PasswordEncryptionException Broken(string reason) => new(EncryptionFault.Broken, reason);
}
