using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates.Encryption;

namespace MailTlsState.Certificates.Import;

/// <summary>
/// Reads PKCS#12 (RFC 7292, RFC 9579): certificates and keys, whatever its attributes say. Not by a ready-made store, because those derive
/// keys by the file's own work factors before anybody can look at them.
/// </summary>
internal sealed class Pkcs12Reader(VendorContents contents)
{
    private const string Data = "1.2.840.113549.1.7.1";
    private const string EncryptedData = "1.2.840.113549.1.7.6";
    private const string Bags = "1.2.840.113549.1.12.10.1.";
    private const string X509Certificate = "1.2.840.113549.1.9.22.1";
    private const int DeepestNesting = 4;

    private static readonly Asn1Tag Tag0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    private string? _password = contents.Password;
    private bool _proven;
    private int _number;

    /// <summary>Reads PFX after its version.</summary>
    /// <exception cref="PasswordEncryptionException">It does not open.</exception>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public void Read(AsnReader pfx)
    {
        var safe = pfx.ReadSequence();
        if (safe.ReadObjectIdentifier() is not Data and var type)
        {
            throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"it is protected by a key pair instead of a password ({type})");
        }

        var content = safe.ReadSequence(Tag0).ReadOctetString();
        try
        {
            if (pfx.HasData)
            {
                ProvePassword(pfx.ReadSequence(), content);
            }

            var parts = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
            while (parts.HasData)
            {
                ReadPart(parts.ReadSequence());
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private void ReadPart(AsnReader part)
    {
        switch (part.ReadObjectIdentifier())
        {
            case Data:
                ReadBags(part.ReadSequence(Tag0).ReadOctetString(), 0);
                break;
            case EncryptedData:
                var encrypted = part.ReadSequence(Tag0).ReadSequence();
                encrypted.ReadInteger();
                var info = encrypted.ReadSequence();
                info.ReadObjectIdentifier();
                var algorithm = info.ReadSequence();
                ReadBags(Opened(() => contents.Encryption.Decrypt(algorithm, ReadImplicitOctets(info), _password)), 0);
                break;
            case var type:
                contents.AddProblem($"a part is protected in a way that is not handled ({type})");
                break;
        }
    }

    // [0] IMPLICIT OCTET STRING, in one piece or, as BER, in several.
    private static byte[] ReadImplicitOctets(AsnReader info) => info.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0));

    private void ReadBags(byte[] content, int depth)
    {
        try
        {
            ReadBags(new AsnReader(content, AsnEncodingRules.BER).ReadSequence(), depth);
        }
        catch (AsnContentException) when (!_proven)
        {
            // Noise: without a MAC a wrong password passes the padding check once in 256 times.
            throw new PasswordEncryptionException(EncryptionFault.WrongPassword, "the password does not open it");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    private void ReadBags(AsnReader bags, int depth)
    {
        if (depth > DeepestNesting)
        {
            throw new PasswordEncryptionException(EncryptionFault.Broken, "its parts are nested too deep");
        }

        while (bags.HasData)
        {
            var bag = bags.ReadSequence();
            var kind = bag.ReadObjectIdentifier();
            var value = bag.ReadSequence(Tag0);
            var place = $"number {++_number}";
            switch (kind)
            {
                case Bags + "1":
                    AddKey(value.ReadEncodedValue(), place);
                    break;
                case Bags + "2":
                    var info = value.ReadSequence();
                    Opened(() =>
                    {
                        contents.AddEncryptedKey(info, _password, place);
                        return 0;
                    });
                    break;
                case Bags + "3":
                    var certificate = value.ReadSequence();
                    if (certificate.ReadObjectIdentifier() == X509Certificate)
                    {
                        contents.AddCertificate(certificate.ReadSequence(Tag0).ReadOctetString(), place);
                    }

                    break;
                case Bags + "6":
                    ReadBags(value.ReadSequence(), depth + 1);
                    break;
            }
        }
    }

    private void AddKey(ReadOnlyMemory<byte> encoded, string place)
    {
        var der = encoded.ToArray();
        contents.AddKey("PRIVATE KEY", der, place);
        CryptographicOperations.ZeroMemory(der);
    }

    private T Opened<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (PasswordEncryptionException closed) when (closed.Fault == EncryptionFault.WrongPassword && _proven)
        {
            // The MAC said that the password is right, so this part was encrypted under another one, or is damaged.
            throw new PasswordEncryptionException(EncryptionFault.Broken, "one of its parts is damaged or has a password of its own");
        }
    }

    // MacData (RFC 7292 section 4): DigestInfo, salt, rounds. It tells a wrong password from damage, and an empty one from none.
    private void ProvePassword(AsnReader mac, byte[] content)
    {
        var digest = mac.ReadSequence();
        var algorithm = digest.ReadSequence();
        var expected = digest.ReadOctetString();
        var salt = mac.ReadOctetString();
        var rounds = mac.HasData ? mac.ReadInteger() : 1;
        if (salt.Length is 0 or > 1024 || rounds.Sign <= 0)
        {
            throw new PasswordEncryptionException(EncryptionFault.Broken, "its MAC has no sensible parameters");
        }

        if (rounds > int.MaxValue)
        {
            throw new PasswordEncryptionException(EncryptionFault.TooMuchWork, "it asks for a key derivation that would never end");
        }

        var oid = algorithm.ReadObjectIdentifier();
        var parameters = algorithm.HasData ? algorithm.ReadEncodedValue() : default;
        string?[] tries = contents.Password is { Length: > 0 } given ? [given] : ["", null];
        foreach (var password in tries)
        {
            var found = oid == "1.2.840.113549.1.5.14"
                ? Pbmac1(new AsnReader(parameters, AsnEncodingRules.BER).ReadSequence(), content, password)
                : Mac(oid, content, password, salt, (int)rounds);
            if (CryptographicOperations.FixedTimeEquals(found, expected))
            {
                (_password, _proven) = (password, true);
                return;
            }
        }

        throw new PasswordEncryptionException(EncryptionFault.WrongPassword, "the password does not open it");
    }

    private byte[] Mac(string oid, byte[] content, string? password, byte[] salt, int rounds)
    {
        HashAlgorithmName hash = oid switch
        {
            "1.2.840.113549.2.5" => HashAlgorithmName.MD5,
            "1.3.14.3.2.26" => HashAlgorithmName.SHA1,
            "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
            "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
            "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
            _ => throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"its MAC's hash ({oid}) is not handled"),
        };
        contents.Encryption.Budget.Spend(rounds);
        var secret = Pkcs12Derivation.Encode(password);
        var key = Pkcs12Derivation.Derive(hash, Pkcs12Purpose.Mac, secret, salt, rounds, Pkcs12Derivation.HashSize(hash));
        CryptographicOperations.ZeroMemory(secret);
        return Hmac(hash, key, content);
    }

    // RFC 9579: a key derivation and an HMAC, as PBES2 has them.
    private byte[] Pbmac1(AsnReader parameters, byte[] content, string? password)
    {
        var derivation = parameters.ReadSequence();
        var oid = parameters.ReadSequence().ReadObjectIdentifier();
        var hash = PasswordEncryption.HmacHash(oid) ?? throw new PasswordEncryptionException(EncryptionFault.Unsupported, $"its MAC's hash ({oid}) is not handled");
        var secret = Encoding.UTF8.GetBytes(password ?? "");
        var key = contents.Encryption.Derive(derivation, secret, null);
        CryptographicOperations.ZeroMemory(secret);
        return Hmac(hash, key, content);
    }

    private static byte[] Hmac(HashAlgorithmName hash, byte[] key, byte[] content)
    {
        var mac = CryptographicOperations.HmacData(hash, key, content);
        CryptographicOperations.ZeroMemory(key);
        return mac;
    }
}
