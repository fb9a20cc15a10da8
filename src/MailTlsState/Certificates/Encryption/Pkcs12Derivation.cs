using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MailTlsState.Certificates.Encryption;

/// <summary>What a derived value is for (RFC 7292 appendix B.3).</summary>
internal enum Pkcs12Purpose : byte
{
    /// <summary>An encryption key.</summary>
    Key = 1,

    /// <summary>An initialisation vector.</summary>
    Vector = 2,

    /// <summary>A MAC key.</summary>
    Mac = 3,
}

/// <summary>The key derivation of PKCS#12 (RFC 7292 appendix B.2).</summary>
internal static class Pkcs12Derivation
{
    /// <summary>A password as it goes in: BMPString with its two zero bytes (RFC 7292 appendix B.1); null, which some tools write for an empty one, has none.</summary>
    public static byte[] Encode(string? password)
    {
        if (password is null)
        {
            return [];
        }

        var bytes = new byte[(password.Length + 1) * 2];
        for (var i = 0; i < password.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(i * 2), password[i]);
        }

        return bytes;
    }

    /// <summary>Derives <paramref name="length"/> bytes; the caller overwrites them.</summary>
    /// <param name="hash">SHA-1 in the schemes of RFC 7292; any for a MAC.</param>
    /// <param name="purpose">What for.</param>
    /// <param name="password">From <see cref="Encode"/>.</param>
    /// <param name="salt">Salt, not empty.</param>
    /// <param name="rounds">Booked already.</param>
    /// <param name="length">How many bytes.</param>
    public static byte[] Derive(HashAlgorithmName hash, Pkcs12Purpose purpose, ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int rounds, int length)
    {
        var size = HashSize(hash);
        var block = size > 32 ? 128 : 64;
        var input = new byte[block + Padded(salt.Length, block) + Padded(password.Length, block)];
        var (derived, digest, expanded) = (new byte[length], new byte[size], new byte[block]);
        try
        {
            input.AsSpan(0, block).Fill((byte)purpose);
            Repeat(salt, input.AsSpan(block, Padded(salt.Length, block)));
            Repeat(password, input.AsSpan(block + Padded(salt.Length, block)));
            for (var at = 0; ; at += size)
            {
                CryptographicOperations.HashData(hash, input, digest);
                for (var i = 1; i < rounds; i++)
                {
                    CryptographicOperations.HashData(hash, digest, digest);
                }

                digest.AsSpan(0, Math.Min(size, length - at)).CopyTo(derived.AsSpan(at));
                if (at + size >= length)
                {
                    return derived;
                }

                Repeat(digest, expanded);
                for (var part = block; part < input.Length; part += block)
                {
                    AddPlusOne(input.AsSpan(part, block), expanded);
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(input);
            CryptographicOperations.ZeroMemory(digest);
            CryptographicOperations.ZeroMemory(expanded);
        }
    }

    /// <summary>Bytes of a hash's output.</summary>
    public static int HashSize(HashAlgorithmName hash) => hash.Name switch
    {
        "MD5" => 16,
        "SHA1" => 20,
        "SHA256" => 32,
        "SHA384" => 48,
        _ => 64,
    };

    private static int Padded(int length, int block) => (length + block - 1) / block * block;

    private static void Repeat(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i % from.Length];
        }
    }

    private static void AddPlusOne(Span<byte> number, ReadOnlySpan<byte> other)
    {
        var carry = 1;
        for (var i = number.Length - 1; i >= 0; i--)
        {
            carry += number[i] + other[i];
            number[i] = (byte)carry;
            carry >>= 8;
        }
    }
}
