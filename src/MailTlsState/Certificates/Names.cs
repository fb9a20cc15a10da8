using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>Distinguished names and SANs in DER.</summary>
internal static class Names
{
    private const int LongestCommonName = 64;

    /// <summary>C, ST, L, O, OU, CN: from the whole to the part, as X.501 wants it; countryName printable, the rest UTF-8 (RFC 5280 section 4.1.2.4).</summary>
    public static X500DistinguishedName Encode(DistinguishedName name)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Add(writer, "2.5.4.6", name.Country, UniversalTagNumber.PrintableString);
            Add(writer, "2.5.4.8", name.State, UniversalTagNumber.UTF8String);
            Add(writer, "2.5.4.7", name.Locality, UniversalTagNumber.UTF8String);
            Add(writer, "2.5.4.10", name.Organization, UniversalTagNumber.UTF8String);
            Add(writer, "2.5.4.11", name.OrganizationalUnit, UniversalTagNumber.UTF8String);
            Add(writer, "2.5.4.3", name.CommonName, UniversalTagNumber.UTF8String);
        }

        return new X500DistinguishedName(writer.Encode());
    }

    /// <summary>The first DNS name as CN, or an empty subject when it is too long for one.</summary>
    public static X500DistinguishedName LeafSubject(IReadOnlyList<string> names)
    {
        var first = names.FirstOrDefault(n => !IPAddress.TryParse(n, out _));
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Add(writer, "2.5.4.3", first?.Length <= LongestCommonName ? first : null, UniversalTagNumber.UTF8String);
        }

        return new X500DistinguishedName(writer.Encode());
    }

    /// <summary>True for a name without any part.</summary>
    public static bool IsEmpty(X500DistinguishedName name) => name.RawData.Length == 2;

    /// <summary>The SAN (RFC 5280 section 4.2.1.6); critical where the subject is empty.</summary>
    public static X509Extension SubjectAlternativeNames(IReadOnlyList<string> names, bool critical)
    {
        // Not by SubjectAlternativeNameBuilder: its IDN mapping would change or refuse names that the manifest has checked already.
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var name in names)
            {
                if (IPAddress.TryParse(name, out var address))
                {
                    writer.WriteOctetString(address.GetAddressBytes(), new Asn1Tag(TagClass.ContextSpecific, 7));
                }
                else
                {
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, 2));
                }
            }
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical);
    }

    private static void Add(AsnWriter writer, string oid, string? value, UniversalTagNumber type)
    {
        if (value is null)
        {
            return;
        }

        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteCharacterString(type, value);
        }
    }
}
