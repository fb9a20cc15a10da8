using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>
/// A private key with its public half, held by the system's OpenSSL. It shows its kind and the digest of its public key, and
/// nothing else: no text form, no exception and no property carries a private byte, except the one that <see cref="ExportPem"/> returns.
/// </summary>
public sealed class KeyPair : IDisposable
{
    private readonly AsymmetricAlgorithm _key;

    private KeyPair(AsymmetricAlgorithm key)
    {
        _key = key;
        SubjectPublicKeyInfo = key.ExportSubjectPublicKeyInfo();
        PublicKeyDigest = DigestOf(SubjectPublicKeyInfo);
        KindText = KeyKinds.Describe(key);
        Kind = KeyKinds.Parse(KindText);
    }

    /// <summary>The kind, or null for one that no manifest may ask for.</summary>
    public KeyKind? Kind { get; }

    /// <summary>The kind in words, also where <see cref="Kind"/> is null: <c>rsa-1024</c>.</summary>
    public string KindText { get; }

    /// <summary>The public key, SubjectPublicKeyInfo in DER (RFC 5280 section 4.1).</summary>
    public byte[] SubjectPublicKeyInfo { get; }

    /// <summary><c>sha256:</c> and lower-case hex of <see cref="SubjectPublicKeyInfo"/>; its hex is the value of a TLSA 3 1 1 record.</summary>
    public string PublicKeyDigest { get; }

    /// <summary>Makes a new key with the system's random generator.</summary>
    public static KeyPair Generate(KeyKind kind) => kind switch
    {
        KeyKind.Rsa2048 => new(Fresh(2048)),
        KeyKind.Rsa3072 => new(Fresh(3072)),
        KeyKind.Rsa4096 => new(Fresh(4096)),
        KeyKind.EcdsaP256 => new(ECDsa.Create(ECCurve.NamedCurves.nistP256)),
        KeyKind.EcdsaP384 => new(ECDsa.Create(ECCurve.NamedCurves.nistP384)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>
    /// Reads an unencrypted key out of a PEM text, whatever stands around it: PKCS#8 (RFC 5958), SEC 1 (RFC 5915) or PKCS#1 (RFC 8017).
    /// </summary>
    /// <param name="pem">The file's bytes; the caller overwrites them.</param>
    /// <param name="publicKeyDigest">Takes the key with this public half where a text holds several; null takes the first.</param>
    /// <exception cref="MailTlsException">There is no such key, or it is encrypted or broken.</exception>
    public static KeyPair Import(ReadOnlySpan<byte> pem, string? publicKeyDigest = null)
    {
        var text = new char[pem.Length];
        try
        {
            Encoding.Latin1.GetChars(pem, text);
            return Import(text, publicKeyDigest);
        }
        finally
        {
            Array.Clear(text);
        }
    }

    /// <summary>As <see cref="Import(ReadOnlySpan{byte}, string?)"/>, from characters.</summary>
    /// <exception cref="MailTlsException">There is no such key, or it is encrypted or broken.</exception>
    public static KeyPair Import(ReadOnlySpan<char> pem, string? publicKeyDigest = null)
    {
        var found = false;
        foreach (var block in PemScanner.Scan(pem))
        {
            if (!PrivateKeyPem.IsPrivateKey(block.Label))
            {
                continue;
            }

            found = true;
            var key = ImportBlock(block.Label, pem[block.Body]);
            if (publicKeyDigest is null || key.PublicKeyDigest == publicKeyDigest)
            {
                return key;
            }

            key.Dispose();
        }

        throw new MailTlsException(CertificateDiagnostics.KeyUnreadable(
            found ? "none of the private keys has the expected public key" : "there is no private key in it"));
    }

    /// <summary>The key as PKCS#8 in PEM (<c>BEGIN PRIVATE KEY</c>), ASCII with a final newline. The caller overwrites the array after use.</summary>
    public byte[] ExportPem()
    {
        var der = _key.ExportPkcs8PrivateKey();
        try
        {
            return PrivateKeyPem.Encode("PRIVATE KEY", der);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>The kind and the public key's digest, never a private byte.</summary>
    public override string ToString() => $"{KindText}, public key {PublicKeyDigest}";

    /// <summary><c>sha256:</c> and lower-case hex of a SubjectPublicKeyInfo.</summary>
    internal static string DigestOf(ReadOnlySpan<byte> subjectPublicKeyInfo) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo));

    /// <summary>Reads the body of one unencrypted private key block.</summary>
    /// <exception cref="MailTlsException">It is encrypted, broken or of an algorithm that is not handled.</exception>
    internal static KeyPair ImportBlock(string label, ReadOnlySpan<char> body)
    {
        if (PrivateKeyPem.IsEncrypted(label, body))
        {
            throw new MailTlsException(CertificateDiagnostics.KeyUnreadable("it is encrypted"));
        }

        var der = PrivateKeyPem.DecodeBody(body)
            ?? throw new MailTlsException(CertificateDiagnostics.KeyUnreadable("its base64 is broken"));
        try
        {
            return ImportDer(label, der);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Reads a key from DER: PKCS#8, or what <paramref name="label"/> says.</summary>
    /// <exception cref="MailTlsException">It is broken or of an algorithm that is not handled.</exception>
    internal static KeyPair ImportDer(string label, ReadOnlySpan<byte> der)
    {
        AsymmetricAlgorithm? key = null;
        try
        {
            key = Create(label, der);
            switch (label)
            {
                case "RSA PRIVATE KEY":
                    ((RSA)key).ImportRSAPrivateKey(der, out _);
                    break;
                case "EC PRIVATE KEY":
                    if (!EcPrivateKey.TryImport((ECDsa)key, der))
                    {
                        ((ECDsa)key).ImportECPrivateKey(der, out _);
                    }

                    break;
                default:
                    if (key is not ECDsa curve || !EcPrivateKey.TryImportPkcs8(curve, der))
                    {
                        key.ImportPkcs8PrivateKey(der, out _);
                    }

                    break;
            }

            return new KeyPair(key);
        }
        catch (Exception broken) when (broken is CryptographicException or AsnContentException)
        {
            key?.Dispose();

            // The inner exception is left out on purpose: what it says of the bytes is not ours to vouch for.
            throw new MailTlsException(CertificateDiagnostics.KeyUnreadable("its content is broken"));
        }
        catch (PlatformNotSupportedException)
        {
            key?.Dispose();
            throw new MailTlsException(CertificateDiagnostics.KeyUnreadable("its curve is not handled"));
        }
    }

    /// <summary>Signs certificates with this key.</summary>
    internal X509SignatureGenerator CreateSignatureGenerator() => _key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)_key);

    /// <summary>The hash that a signature by this key uses: as strong as the curve, SHA-256 for RSA (RFC 5758, RFC 4055).</summary>
    internal HashAlgorithmName SignatureHash => _key is ECDsa
        ? _key.KeySize switch { <= 256 => HashAlgorithmName.SHA256, <= 384 => HashAlgorithmName.SHA384, _ => HashAlgorithmName.SHA512 }
        : HashAlgorithmName.SHA256;

    /// <summary>The key encrypted under a passphrase as PKCS#8, DER.</summary>
    internal byte[] ExportEncrypted(ReadOnlySpan<char> passphrase, PbeParameters parameters) =>
        _key.ExportEncryptedPkcs8PrivateKey(passphrase, parameters);

    private static RSA Fresh(int bits)
    {
        var rsa = RSA.Create(bits);

        // OpenSSL makes an RSA key at its first use, so it is made here, where it is asked for.
        rsa.ExportParameters(false);
        return rsa;
    }

    private static AsymmetricAlgorithm Create(string label, ReadOnlySpan<byte> der) => label switch
    {
        "RSA PRIVATE KEY" => RSA.Create(),
        "EC PRIVATE KEY" => ECDsa.Create(),
        "PRIVATE KEY" => Algorithm(der) switch
        {
            "1.2.840.113549.1.1.1" => RSA.Create(),
            "1.2.840.10045.2.1" => ECDsa.Create(),
            var oid => throw new MailTlsException(CertificateDiagnostics.KeyUnreadable($"its algorithm ({oid}) is neither RSA nor ECDSA")),
        },
        _ => throw new MailTlsException(CertificateDiagnostics.KeyUnreadable($"a block \"{label}\" is neither an RSA nor an ECDSA key")),
    };

    // PrivateKeyInfo ::= SEQUENCE { version INTEGER, privateKeyAlgorithm SEQUENCE { algorithm OBJECT IDENTIFIER, … } … } (RFC 5958)
    private static string Algorithm(ReadOnlySpan<byte> der)
    {
        AsnDecoder.ReadSequence(der, AsnEncodingRules.BER, out var offset, out var length, out _);
        var info = der.Slice(offset, length);
        AsnDecoder.ReadIntegerBytes(info, AsnEncodingRules.BER, out var version);
        var rest = info[version..];
        AsnDecoder.ReadSequence(rest, AsnEncodingRules.BER, out offset, out length, out _);
        return AsnDecoder.ReadObjectIdentifier(rest.Slice(offset, length), AsnEncodingRules.BER, out _);
    }
}
