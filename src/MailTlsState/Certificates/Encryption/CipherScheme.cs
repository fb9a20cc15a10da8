using System.Formats.Asn1;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Paddings;
using Org.BouncyCastle.Crypto.Parameters;

namespace MailTlsState.Certificates.Encryption;

/// <summary>
/// A cipher and the sizes of its key and vector. By BouncyCastle, because the system's OpenSSL 3 has RC2, RC4 and DES only in a provider
/// that is seldom loaded, and vendors' files still come with them. Only decrypts.
/// </summary>
/// <param name="KeySize">Bytes.</param>
/// <param name="VectorSize">Bytes; 0 for a stream cipher.</param>
/// <param name="EffectiveBits">RC2's effective key length, else 0.</param>
/// <param name="Block">Makes the block cipher; null for RC4.</param>
internal sealed record CipherScheme(int KeySize, int VectorSize, int EffectiveBits, Func<IBlockCipher>? Block)
{
    private static readonly CipherScheme TripleDes = new(24, 8, 0, () => new DesEdeEngine());

    /// <summary>The ciphers of PKCS#12 (RFC 7292 appendix C), by OID.</summary>
    public static CipherScheme? OfPkcs12(string oid) => oid switch
    {
        "1.2.840.113549.1.12.1.1" => new(16, 0, 0, null),
        "1.2.840.113549.1.12.1.2" => new(5, 0, 0, null),
        "1.2.840.113549.1.12.1.3" => TripleDes,
        "1.2.840.113549.1.12.1.4" => TripleDes with { KeySize = 16 },
        "1.2.840.113549.1.12.1.5" => Rc2(16, 128),
        "1.2.840.113549.1.12.1.6" => Rc2(5, 40),
        _ => null,
    };

    /// <summary>The ciphers of PBES1 (RFC 8018 appendix A.3) with their hashes, by OID.</summary>
    public static (CipherScheme Cipher, HashAlgorithmName Hash)? OfPbes1(string oid) => oid switch
    {
        "1.2.840.113549.1.5.3" => (Des(), HashAlgorithmName.MD5),
        "1.2.840.113549.1.5.6" => (Rc2(8, 64), HashAlgorithmName.MD5),
        "1.2.840.113549.1.5.10" => (Des(), HashAlgorithmName.SHA1),
        "1.2.840.113549.1.5.11" => (Rc2(8, 64), HashAlgorithmName.SHA1),
        _ => null,
    };

    /// <summary>The ciphers of OpenSSL's own encryption of PEM keys, by their names there.</summary>
    public static CipherScheme? OfPem(ReadOnlySpan<char> name) => name switch
    {
        "DES-EDE3-CBC" => TripleDes,
        "DES-CBC" => Des(),
        "AES-128-CBC" => Aes(16),
        "AES-192-CBC" => Aes(24),
        "AES-256-CBC" => Aes(32),
        "CAMELLIA-128-CBC" => Camellia(16),
        "CAMELLIA-192-CBC" => Camellia(24),
        "CAMELLIA-256-CBC" => Camellia(32),
        "ARIA-128-CBC" => Aria(16),
        "ARIA-192-CBC" => Aria(24),
        "ARIA-256-CBC" => Aria(32),
        _ => null,
    };

    /// <summary>Reads the encryption scheme of PBES2 (RFC 8018 appendix B.2): cipher and vector. Camellia by RFC 3657, ARIA by RFC 5794.</summary>
    /// <exception cref="PasswordEncryptionException">It is not handled.</exception>
    public static (CipherScheme Cipher, byte[] Vector) ReadPbes2(AsnReader scheme)
    {
        var oid = scheme.ReadObjectIdentifier();
        var (cipher, vector) = oid switch
        {
            "2.16.840.1.101.3.4.1.2" => (Aes(16), scheme.ReadOctetString()),
            "2.16.840.1.101.3.4.1.22" => (Aes(24), scheme.ReadOctetString()),
            "2.16.840.1.101.3.4.1.42" => (Aes(32), scheme.ReadOctetString()),
            "1.2.840.113549.3.7" => (TripleDes, scheme.ReadOctetString()),
            "1.3.14.3.2.7" => (Des(), scheme.ReadOctetString()),
            "1.2.392.200011.61.1.1.1.2" => (Camellia(16), scheme.ReadOctetString()),
            "1.2.392.200011.61.1.1.1.3" => (Camellia(24), scheme.ReadOctetString()),
            "1.2.392.200011.61.1.1.1.4" => (Camellia(32), scheme.ReadOctetString()),
            "1.2.410.200046.1.1.2" => (Aria(16), scheme.ReadOctetString()),
            "1.2.410.200046.1.1.7" => (Aria(24), scheme.ReadOctetString()),
            "1.2.410.200046.1.1.12" => (Aria(32), scheme.ReadOctetString()),
            "1.2.840.113549.3.2" => ReadRc2(scheme.ReadSequence()),
            _ => throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"its cipher ({oid}) is not handled"),
        };
        return vector.Length == cipher.VectorSize ? (cipher, vector) : throw new PasswordEncryptionException(EncryptionFault.Broken, "its initialisation vector has the wrong length");
    }

    /// <summary>Decrypts and takes the padding off. The caller overwrites the result.</summary>
    /// <exception cref="PasswordEncryptionException">The padding is wrong: another password, or damage.</exception>
    public byte[] Decrypt(ReadOnlySpan<byte> key, byte[] vector, byte[] encrypted)
    {
        if (Block is null)
        {
            var stream = new RC4Engine();
            stream.Init(false, new KeyParameter(key));
            var all = new byte[encrypted.Length];
            stream.ProcessBytes(encrypted, 0, encrypted.Length, all, 0);
            return all;
        }

        var cipher = new PaddedBufferedBlockCipher(new CbcBlockCipher(Block()), new Pkcs7Padding());
        ICipherParameters parameters = EffectiveBits > 0 ? new RC2Parameters(key.ToArray(), EffectiveBits) : new KeyParameter(key);
        cipher.Init(false, new ParametersWithIV(parameters, vector));
        var plain = new byte[cipher.GetOutputSize(encrypted.Length)];
        try
        {
            var length = cipher.ProcessBytes(encrypted, 0, encrypted.Length, plain, 0);
            length += cipher.DoFinal(plain, length);
            return plain[..length];
        }
        catch (CryptoException)
        {
            throw new PasswordEncryptionException(EncryptionFault.WrongPassword, "the password does not open it");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static CipherScheme Aes(int keySize) => new(keySize, 16, 0, () => new AesEngine());

    private static CipherScheme Camellia(int keySize) => new(keySize, 16, 0, () => new CamelliaEngine());

    private static CipherScheme Aria(int keySize) => new(keySize, 16, 0, () => new AriaEngine());

    private static CipherScheme Des() => new(8, 8, 0, () => new DesEngine());

    private static CipherScheme Rc2(int keySize, int bits) => new(keySize, 8, bits, () => new RC2Engine());

    // RFC 8018 appendix B.2.3: the version stands for the effective key length.
    private static (CipherScheme Cipher, byte[] Vector) ReadRc2(AsnReader parameters)
    {
        var bits = 32;
        if (parameters.PeekTag() == Asn1Tag.Integer)
        {
            bits = parameters.TryReadInt32(out var version) ? version switch { 160 => 40, 120 => 64, 58 => 128, >= 256 and <= 1024 => version, _ => 0 } : 0;
        }

        return bits > 0
            ? (Rc2(Math.Max(bits / 8, 1), bits), parameters.ReadOctetString())
            : throw new PasswordEncryptionException(EncryptionFault.Broken, "its RC2 version is not valid");
    }
}
