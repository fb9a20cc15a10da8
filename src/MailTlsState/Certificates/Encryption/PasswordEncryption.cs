using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Generators;

namespace MailTlsState.Certificates.Encryption;

/// <summary>
/// Decrypts what PKCS#8 and PKCS#12 encrypt under a password: PBES2 with PBKDF2 or scrypt, PBES1 (RFC 8018, RFC 7914) and the schemes of
/// PKCS#12 (RFC 7292 appendix C). Parameters are judged before anything is derived from them.
/// </summary>
/// <param name="budget">What it may cost.</param>
internal sealed class PasswordEncryption(WorkBudget budget)
{
    private const int LongestSalt = 1024;

    /// <summary>What is left.</summary>
    public WorkBudget Budget { get; } = budget;

    /// <summary>Decrypts. The caller overwrites the result.</summary>
    /// <param name="algorithm">AlgorithmIdentifier, at its content.</param>
    /// <param name="encrypted">The ciphertext.</param>
    /// <param name="password">The password; null for PKCS#12's empty one without its terminator.</param>
    /// <exception cref="PasswordEncryptionException">It does not open.</exception>
    /// <exception cref="AsnContentException">The parameters are broken.</exception>
    public byte[] Decrypt(AsnReader algorithm, byte[] encrypted, string? password)
    {
        var oid = algorithm.ReadObjectIdentifier();
        if (oid == "1.2.840.113549.1.5.13")
        {
            return DecryptPbes2(algorithm.ReadSequence(), encrypted, password ?? "");
        }

        if (CipherScheme.OfPkcs12(oid) is { } cipher)
        {
            var (salt, rounds) = ReadSaltAndRounds(algorithm.ReadSequence());
            Budget.Spend(rounds * 3L);
            var bytes = Pkcs12Derivation.Encode(password);
            var key = Pkcs12Derivation.Derive(HashAlgorithmName.SHA1, Pkcs12Purpose.Key, bytes, salt, rounds, cipher.KeySize);
            return Decrypt(cipher, key, cipher.VectorSize == 0 ? [] : Pkcs12Derivation.Derive(HashAlgorithmName.SHA1, Pkcs12Purpose.Vector, bytes, salt, rounds, cipher.VectorSize), encrypted, bytes);
        }

        if (CipherScheme.OfPbes1(oid) is var (block, hash))
        {
            var (salt, rounds) = ReadSaltAndRounds(algorithm.ReadSequence());
            Budget.Spend(rounds);
            var bytes = Encoding.UTF8.GetBytes(password ?? "");
            var derived = DerivePbkdf1(hash, bytes, salt, rounds);
            return Decrypt(block, derived[..8], derived[8..16], encrypted, bytes);
        }

        throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"it is encrypted in a way that is not handled ({oid})");
    }

    /// <summary>Derives a key by PBKDF2 or scrypt (KeyDerivationFunc of RFC 8018), at its content. The caller overwrites it.</summary>
    /// <param name="derivation">AlgorithmIdentifier, at its content.</param>
    /// <param name="password">UTF-8.</param>
    /// <param name="length">How many bytes; null takes what the parameters say.</param>
    public byte[] Derive(AsnReader derivation, ReadOnlySpan<byte> password, int? length)
    {
        var oid = derivation.ReadObjectIdentifier();
        var parameters = derivation.ReadSequence();
        return oid switch
        {
            "1.2.840.113549.1.5.12" => DerivePbkdf2(parameters, password, length),
            "1.3.6.1.4.1.11591.4.11" => DeriveScrypt(parameters, password, length),
            _ => throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"its key derivation ({oid}) is not handled"),
        };
    }

    /// <summary>An HMAC's hash, by the OID of RFC 8018 appendix B.1; null for one that is not handled.</summary>
    public static HashAlgorithmName? HmacHash(string oid) => oid switch
    {
        "1.2.840.113549.2.7" => HashAlgorithmName.SHA1,
        "1.2.840.113549.2.9" => HashAlgorithmName.SHA256,
        "1.2.840.113549.2.10" => HashAlgorithmName.SHA384,
        "1.2.840.113549.2.11" => HashAlgorithmName.SHA512,
        _ => null,
    };

    private byte[] DecryptPbes2(AsnReader parameters, byte[] encrypted, string password)
    {
        var derivation = parameters.ReadSequence();
        var (cipher, vector) = CipherScheme.ReadPbes2(parameters.ReadSequence());
        var bytes = Encoding.UTF8.GetBytes(password);
        return Decrypt(cipher, Derive(derivation, bytes, cipher.KeySize), vector, encrypted, bytes);
    }

    private byte[] DerivePbkdf2(AsnReader parameters, ReadOnlySpan<byte> password, int? length)
    {
        var salt = ReadSalt(parameters);
        var rounds = ReadNumber(parameters);
        var size = ReadLength(parameters, length);
        var prf = "1.2.840.113549.2.7";
        if (parameters.HasData)
        {
            prf = parameters.ReadSequence().ReadObjectIdentifier();
        }

        var hash = HmacHash(prf) ?? throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"its key derivation's hash ({prf}) is not handled");
        var blocks = (size + Pkcs12Derivation.HashSize(hash) - 1) / Pkcs12Derivation.HashSize(hash);
        Budget.Spend((long)rounds * blocks);
        return Rfc2898DeriveBytes.Pbkdf2(password, salt, rounds, hash, size);
    }

    private byte[] DeriveScrypt(AsnReader parameters, ReadOnlySpan<byte> password, int? length)
    {
        var salt = ReadSalt(parameters);
        var (cost, blockSize, parallel) = (ReadNumber(parameters), ReadNumber(parameters), ReadNumber(parameters));
        var size = ReadLength(parameters, length);
        Budget.SpendScrypt(cost, blockSize, parallel);
        var secret = password.ToArray();
        try
        {
            return SCrypt.Generate(secret, salt, cost, blockSize, parallel, size);
        }
        catch (ArgumentException)
        {
            throw new PasswordEncryptionException(EncryptionFault.Broken, "its scrypt parameters are not valid");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    // RFC 8018 section 5.1. Sixteen bytes: the first half is the key, the second the vector.
    private static byte[] DerivePbkdf1(HashAlgorithmName hash, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int rounds)
    {
        byte[] input = [.. password, .. salt];
        var digest = CryptographicOperations.HashData(hash, input);
        CryptographicOperations.ZeroMemory(input);
        for (var i = 1; i < rounds; i++)
        {
            CryptographicOperations.HashData(hash, digest, digest);
        }

        return digest;
    }

    private static byte[] Decrypt(CipherScheme cipher, byte[] key, byte[] vector, byte[] encrypted, byte[] password)
    {
        try
        {
            return cipher.Decrypt(key, vector, encrypted);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(password);
        }
    }

    private static (byte[] Salt, int Rounds) ReadSaltAndRounds(AsnReader parameters) => (ReadSalt(parameters), ReadNumber(parameters));

    private static byte[] ReadSalt(AsnReader parameters)
    {
        var salt = parameters.ReadOctetString();
        return salt.Length is > 0 and <= LongestSalt ? salt : throw new PasswordEncryptionException(EncryptionFault.Broken, "its salt has no sensible length");
    }

    private static int ReadNumber(AsnReader parameters)
    {
        var number = parameters.ReadInteger();
        return number.Sign < 0 ? throw new PasswordEncryptionException(EncryptionFault.Broken, "one of its parameters is negative")
            : number > int.MaxValue ? throw new PasswordEncryptionException(EncryptionFault.TooMuchWork, "it asks for a key derivation that would never end")
            : (int)number;
    }

    // The key's length is the cipher's; a file that says otherwise is not what it seems.
    private static int ReadLength(AsnReader parameters, int? length)
    {
        int? said = parameters.HasData && parameters.PeekTag() == Asn1Tag.Integer ? ReadNumber(parameters) : null;
        return (said ?? length) is { } size and > 0 and <= 128 && (length is null || size == length)
            ? size
            : throw new PasswordEncryptionException(EncryptionFault.Broken, "its key length is not the cipher's");
    }
}
