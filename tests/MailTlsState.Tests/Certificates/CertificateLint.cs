using System.Formats.Asn1;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Tests.Certificates;

/// <summary>What zlint looks for in a certificate of RFC 5280: one line a fault, with its section. Written for tests, from the RFC alone.</summary>
internal static class CertificateLint
{
    private static readonly Dictionary<string, int> Longest = new() { ["2.5.4.3"] = 64, ["2.5.4.6"] = 2, ["2.5.4.7"] = 128, ["2.5.4.8"] = 128, ["2.5.4.10"] = 64, ["2.5.4.11"] = 64 };
    private static readonly DateTimeOffset Year2050 = new(2050, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The faults of one certificate.</summary>
    /// <param name="der">The certificate.</param>
    /// <param name="issuer">Its issuer's, or itself.</param>
    public static IReadOnlyList<string> Faults(byte[] der, byte[] issuer)
    {
        var certificate = X509CertificateStructure.GetInstance(der);
        var above = X509CertificateStructure.GetInstance(issuer);
        return
        [
            .. Form(certificate, der), .. Serial(certificate), .. Algorithm(certificate), .. Validity(certificate, above), .. Names(certificate.Subject, "subject"), .. Names(certificate.Issuer, "issuer"),
            .. Key(certificate), .. Extensions(certificate, above),
        ];
    }

    private static IEnumerable<string> Form(X509CertificateStructure certificate, byte[] der)
    {
        if (certificate.Version != 3)
        {
            yield return "4.1.2.1: not version 3";
        }

        if (!certificate.GetDerEncoded().AsSpan().SequenceEqual(der))
        {
            yield return "4.1: not DER";
        }

        if (certificate.TbsCertificate.IssuerUniqueID is not null || certificate.TbsCertificate.SubjectUniqueID is not null)
        {
            yield return "4.1.2.8: unique identifiers";
        }
    }

    private static IEnumerable<string> Serial(X509CertificateStructure certificate)
    {
        var serial = certificate.SerialNumber.Value;
        if (serial.SignValue <= 0 || serial.ToByteArray().Length > 20)
        {
            yield return "4.1.2.2: the serial number is not positive or has more than 20 octets";
        }

        // CA/Browser Forum, Baseline Requirements section 7.1: 64 bits of randomness.
        if (serial.BitLength < 64)
        {
            yield return "4.1.2.2: the serial number has less than 64 bits";
        }
    }

    private static IEnumerable<string> Algorithm(X509CertificateStructure certificate)
    {
        if (!certificate.SignatureAlgorithm.Equals(certificate.TbsCertificate.Signature))
        {
            yield return "4.1.1.2: signatureAlgorithm differs from signature";
        }

        // RFC 4055 section 5: NULL for RSA; RFC 5758 section 3.2: absent for ECDSA.
        var name = certificate.SignatureAlgorithm.Algorithm.Id;
        var right = name.StartsWith("1.2.840.113549.1.1.", StringComparison.Ordinal) ? certificate.SignatureAlgorithm.Parameters is Asn1Null : certificate.SignatureAlgorithm.Parameters is null;
        if (!right || name is "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1")
        {
            yield return "4.1.1.2: an old signature algorithm, or wrong parameters";
        }
    }

    private static IEnumerable<string> Validity(X509CertificateStructure certificate, X509CertificateStructure issuer)
    {
        var read = new AsnReader(certificate.TbsCertificate.Validity.GetDerEncoded(), AsnEncodingRules.DER).ReadSequence();
        foreach (var name in new[] { "notBefore", "notAfter" })
        {
            var isUtc = read.PeekTag().TagValue == (int)UniversalTagNumber.UtcTime;
            var text = System.Text.Encoding.ASCII.GetString(read.PeekContentBytes().Span);
            var time = isUtc ? read.ReadUtcTime(2049) : read.ReadGeneralizedTime();
            if (isUtc != time < Year2050 || text.Length != (isUtc ? 13 : 15) || text[^1] != 'Z')
            {
                yield return $"4.1.2.5: {name} is encoded as {text}";
            }
        }

        var (start, end) = (certificate.StartDate.ToDateTime(), certificate.EndDate.ToDateTime());
        if (start >= end)
        {
            yield return "4.1.2.5: it ends before it begins";
        }

        if (start < issuer.StartDate.ToDateTime() || end > issuer.EndDate.ToDateTime())
        {
            yield return "6.1: it is valid when its issuer is not";
        }
    }

    private static IEnumerable<string> Names(X509Name name, string which)
    {
        var sequence = (Asn1Sequence)name.ToAsn1Object();
        if (which == "issuer" && sequence.Count == 0)
        {
            yield return "4.1.2.4: the issuer is empty";
        }

        foreach (var part in sequence.SelectMany(set => (Asn1Set)set).Select(Asn1Sequence.GetInstance))
        {
            var (type, value) = (((DerObjectIdentifier)part[0]).Id, (IAsn1String)part[1]);
            var text = value.GetString();
            if (value is not (DerPrintableString or DerUtf8String) || text.Trim().Length == 0 || text.Trim() != text || text.Any(char.IsControl))
            {
                yield return $"4.1.2.4: {which} has {type} with a strange value";
            }

            if (text.EnumerateRunes().Count() > Longest.GetValueOrDefault(type, 128) || (type == "2.5.4.6" && !(value is DerPrintableString && text.Length == 2 && text.All(char.IsAsciiLetterUpper))))
            {
                yield return $"appendix A.1: {which} has {type} beyond its bounds";
            }
        }

        if (sequence.GroupBy(set => ((DerObjectIdentifier)Asn1Sequence.GetInstance(((Asn1Set)set)[0])[0]).Id).Any(g => g.Count() > 1))
        {
            yield return $"4.1.2.4: {which} has a part twice";
        }
    }

    private static IEnumerable<string> Key(X509CertificateStructure certificate)
    {
        var info = certificate.SubjectPublicKeyInfo;
        if (info.Algorithm.Algorithm.Id == "1.2.840.10045.2.1")
        {
            if (info.Algorithm.Parameters is not DerObjectIdentifier)
            {
                yield return "RFC 5480 2.1.1: the curve is not named";
            }

            yield break;
        }

        var rsa = RsaPublicKeyStructure.GetInstance(info.ParsePublicKey());
        if (info.Algorithm.Parameters is not Asn1Null || rsa.Modulus.BitLength < 2048 || rsa.Modulus.BitLength % 8 != 0 || !rsa.Modulus.TestBit(0) || rsa.PublicExponent.IntValue < 65537)
        {
            yield return "RFC 3279 2.3.1: a weak or strange RSA key";
        }
    }

    private static IEnumerable<string> Extensions(X509CertificateStructure certificate, X509CertificateStructure above)
    {
        if (certificate.TbsCertificate.Extensions is not { } all)
        {
            yield return "4.2: no extensions";
            yield break;
        }

        var given = all.GetExtensionOids();
        if (given.Distinct().Count() != given.Length)
        {
            yield return "4.2: an extension stands twice";
        }

        var known = new Dictionary<DerObjectIdentifier, bool>
        {
            [X509Extensions.BasicConstraints] = true, [X509Extensions.KeyUsage] = true, [X509Extensions.SubjectKeyIdentifier] = false, [X509Extensions.AuthorityKeyIdentifier] = false,
            [X509Extensions.ExtendedKeyUsage] = false, [X509Extensions.SubjectAlternativeName] = ((Asn1Sequence)certificate.Subject.ToAsn1Object()).Count == 0,
        };
        foreach (var oid in given.Where(o => !known.TryGetValue(o, out var critical) || all.GetExtension(o).IsCritical != critical))
        {
            yield return $"4.2.1: {oid} is unknown, or critical where it should not be, or not where it should";
        }

        var isAuthority = all.GetExtensionParsedValue(X509Extensions.BasicConstraints) is { } basic && BasicConstraints.GetInstance(basic) is var constraints
            ? constraints.IsCA() : throw new FormatException("no basicConstraints");
        if (!isAuthority && constraints.PathLenConstraint is not null)
        {
            yield return "4.2.1.9: a path length without CA";
        }

        foreach (var fault in Usage(all, isAuthority).Concat(Identifiers(certificate, all, above)).Concat(Server(certificate, all, isAuthority)))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> Usage(X509Extensions all, bool isAuthority)
    {
        if (all.GetExtensionParsedValue(X509Extensions.KeyUsage) is not DerBitString bits)
        {
            yield return "4.2.1.3: no key usage";
            yield break;
        }

        var last = bits.GetBytes()[^1];
        if (last == 0 || bits.PadBits != System.Numerics.BitOperations.TrailingZeroCount(last))
        {
            yield return "4.2.1.3: zero bits at the end of the key usage";
        }

        var signs = (bits.IntValue & KeyUsage.KeyCertSign) != 0;
        if (signs != isAuthority)
        {
            yield return "4.2.1.9: keyCertSign and CA do not go together";
        }
    }

    private static IEnumerable<string> Identifiers(X509CertificateStructure certificate, X509Extensions all, X509CertificateStructure above)
    {
        if (all.GetExtensionParsedValue(X509Extensions.SubjectKeyIdentifier) is null)
        {
            yield return "4.2.1.2: no subject key identifier";
        }

        var authority = all.GetExtensionParsedValue(X509Extensions.AuthorityKeyIdentifier) is { } id ? AuthorityKeyIdentifier.GetInstance(id).KeyIdentifier?.GetOctets() : null;
        var wanted = above.TbsCertificate.Extensions?.GetExtensionParsedValue(X509Extensions.SubjectKeyIdentifier) is { } ski ? SubjectKeyIdentifier.GetInstance(ski).GetKeyIdentifier() : null;
        var selfSigned = certificate.Equals(above);
        if (authority is null ? !selfSigned : wanted is null || !authority.AsSpan().SequenceEqual(wanted))
        {
            yield return "4.2.1.1: the authority key identifier is not the issuer's subject key identifier";
        }

        if (!certificate.Issuer.Equivalent(above.Subject, true))
        {
            yield return "4.1.2.4: the issuer is not the issuer's subject";
        }
    }

    private static IEnumerable<string> Server(X509CertificateStructure certificate, X509Extensions all, bool isAuthority)
    {
        if (isAuthority)
        {
            yield break;
        }

        if (all.GetExtensionParsedValue(X509Extensions.ExtendedKeyUsage) is not { } uses || !ExtendedKeyUsage.GetInstance(uses).GetAllUsages().SequenceEqual([KeyPurposeID.id_kp_serverAuth]))
        {
            yield return "4.2.1.12: the extended key usage is not serverAuth alone";
        }

        var names = all.GetExtensionParsedValue(X509Extensions.SubjectAlternativeName) is { } san ? GeneralNames.GetInstance(san).GetNames() : [];
        var dns = names.Where(n => n.TagNo == GeneralName.DnsName).Select(n => ((IAsn1String)n.Name).GetString()).ToList();
        if (names.Length == 0 || dns.Exists(n => !IsDnsName(n)) || names.Any(n => n.TagNo == GeneralName.IPAddress && Asn1OctetString.GetInstance(n.Name).GetOctetsLength() is not (4 or 16)))
        {
            yield return "4.2.1.6: no name, or one in a wrong form";
        }

        if (certificate.Subject.GetValueList(X509Name.CN) is [var common] && !dns.Contains(common))
        {
            yield return "RFC 9525: the common name is not among the names";
        }
    }

    private static bool IsDnsName(string name)
    {
        var labels = (name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name).Split('.');
        return name.Length <= 253 && labels.Length > 1 && labels.All(l => l.Length is > 0 and <= 63 && l[0] != '-' && l[^1] != '-' && l.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));
    }
}
