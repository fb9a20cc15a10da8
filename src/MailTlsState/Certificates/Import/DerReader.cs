using System.Formats.Asn1;
using System.Security.Cryptography;
using MailTlsState.Certificates.Encryption;

namespace MailTlsState.Certificates.Import;

/// <summary>Reads DER (or the BER that older tools write) and tells by its structure what it is.</summary>
internal static class DerReader
{
    private const string SignedData = "1.2.840.113549.1.7.2";

    /// <summary>Reads all structures of a file, one after the other. False when it holds none that is known.</summary>
    /// <exception cref="AsnContentException">It is broken.</exception>
    /// <exception cref="PasswordEncryptionException">It does not open.</exception>
    public static bool Read(ReadOnlySpan<byte> content, VendorContents contents, string? place = null)
    {
        var any = false;
        for (var number = 1; content.Length > 0; number++)
        {
            if (!TryMeasure(content, out var length))
            {
                // Line ends or zeros after the last structure are of no importance; anything else is.
                if (number == 1 || content.ContainsAnyExcept((byte)0, (byte)'\r', (byte)'\n'))
                {
                    contents.AddProblem(place is null ? "it ends in the middle of a structure, or something follows that is none" : $"the block {place} is broken");
                }

                break;
            }

            any |= ReadOne(content[..length], contents, place ?? $"number {number}");
            content = content[length..];
        }

        return any;
    }

    /// <summary>Reads the first structure and leaves what follows.</summary>
    public static bool ReadFirst(ReadOnlySpan<byte> content, VendorContents contents, string place) =>
        TryMeasure(content, out var length) && ReadOne(content[..length], contents, place);

    private static bool TryMeasure(ReadOnlySpan<byte> content, out int length)
    {
        length = 0;
        return content[0] == 0x30 && AsnDecoder.TryReadEncodedValue(content, AsnEncodingRules.BER, out _, out _, out _, out length);
    }

    private static bool ReadOne(ReadOnlySpan<byte> der, VendorContents contents, string place)
    {
        var copy = der.ToArray();
        try
        {
            return ReadOne(copy, contents, place);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(copy);
        }
    }

    private static bool ReadOne(byte[] der, VendorContents contents, string place)
    {
        var all = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        if (!all.HasData)
        {
            return false;
        }

        var first = all.PeekTag();
        if (first == Asn1Tag.ObjectIdentifier)
        {
            return all.ReadObjectIdentifier() == SignedData && Pkcs7(all.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)).ReadSequence(), contents);
        }

        if (first == Asn1Tag.Integer)
        {
            return ReadNumbered(der, all, contents, place);
        }

        all.ReadEncodedValue();
        var second = all.HasData ? all.PeekTag() : default;
        if (second == Asn1Tag.Sequence)
        {
            contents.Is(contents.IsPem ? "PEM" : "DER");
            contents.AddCertificate([.. der], place);
            return true;
        }

        if (!second.HasSameClassAndValue(Asn1Tag.PrimitiveOctetString))
        {
            return false;
        }

        contents.Is("PKCS#8");
        if (contents.Password is null)
        {
            throw new PasswordEncryptionException(EncryptionFault.WrongPassword, "it needs a password");
        }

        contents.AddEncryptedKey(new AsnReader(der, AsnEncodingRules.BER).ReadSequence(), contents.Password, place);
        return true;
    }

    // A version number comes first: PKCS#12 (3), PKCS#8 (0 or 1, then an algorithm), PKCS#1 (0, then numbers), SEC 1 (1, then an octet string).
    private static bool ReadNumbered(byte[] der, AsnReader all, VendorContents contents, string place)
    {
        var version = all.ReadInteger();
        if (!all.HasData)
        {
            return false;
        }

        var next = all.PeekTag();
        if (version == 3 && next == Asn1Tag.Sequence)
        {
            contents.Is("PKCS#12");
            new Pkcs12Reader(contents).Read(all);
            return true;
        }

        var label = next == Asn1Tag.Sequence ? "PRIVATE KEY" : next == Asn1Tag.Integer ? "RSA PRIVATE KEY" : next == Asn1Tag.PrimitiveOctetString ? "EC PRIVATE KEY" : null;
        if (label is null)
        {
            return false;
        }

        contents.Is(label == "PRIVATE KEY" ? "PKCS#8" : "DER");
        contents.AddKey(label, der, place);
        return true;
    }

    // SignedData (RFC 2315 section 9.1, RFC 5652 section 5.1): the certificates alone; nothing is signed in a file of certificates.
    private static bool Pkcs7(AsnReader signed, VendorContents contents)
    {
        contents.Is("PKCS#7");
        signed.ReadInteger();
        signed.ReadEncodedValue();
        signed.ReadEncodedValue();
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (!signed.HasData || signed.PeekTag() != tag)
        {
            return false;
        }

        var certificates = signed.ReadSequence(tag);
        for (var number = 1; certificates.HasData; number++)
        {
            // Other kinds of certificates have other tags (RFC 5652 section 10.2.2).
            var plain = certificates.PeekTag() == Asn1Tag.Sequence;
            var der = certificates.ReadEncodedValue();
            if (plain)
            {
                contents.AddCertificate(der.ToArray(), $"number {number}");
            }
        }

        return true;
    }
}
