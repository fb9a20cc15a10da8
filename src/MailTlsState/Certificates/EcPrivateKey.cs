using System.Formats.Asn1;
using System.Security.Cryptography;

namespace MailTlsState.Certificates;

/// <summary>
/// Reads EC private keys as OpenSSL does: RFC 5915 section 3 wants the scalar in exactly as many octets as the curve's order, and GnuTLS's certtool writes it as
/// an INTEGER's content, with a leading zero or short of one; the framework refuses both, and a compressed public point.
/// </summary>
internal static class EcPrivateKey
{
    private const AsnEncodingRules Rules = AsnEncodingRules.BER;

    // ECPrivateKey's [0] parameters and [1] publicKey.
    private static readonly Asn1Tag Parameters = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag Public = new(TagClass.ContextSpecific, 1, isConstructed: true);

    /// <summary>Imports an ECPrivateKey (RFC 5915). False, with nothing imported, when its curve is not named or none of ours.</summary>
    /// <exception cref="AsnContentException">It is broken.</exception>
    /// <exception cref="CryptographicException">Its halves do not belong together, or it is none of the curve's.</exception>
    public static bool TryImport(ECDsa key, ReadOnlySpan<byte> der, string? curve = null)
    {
        var content = Sequence(der);
        AsnDecoder.ReadIntegerBytes(content, Rules, out var used);
        content = content[used..];
        if (!AsnDecoder.TryReadPrimitiveOctetString(content, Rules, out var scalar, out used))
        {
            return false;
        }

        ReadOnlySpan<byte> point = [];
        for (content = content[used..]; !content.IsEmpty; content = content[used..])
        {
            var tag = AsnDecoder.ReadEncodedValue(content, Rules, out var offset, out var length, out used);
            var inner = content.Slice(offset, length);
            if (tag == Parameters && Asn1Tag.TryDecode(inner, out var kind, out _) && kind == Asn1Tag.ObjectIdentifier)
            {
                curve ??= AsnDecoder.ReadObjectIdentifier(inner, Rules, out _);
            }
            else if (tag == Public)
            {
                point = AsnDecoder.TryReadPrimitiveBitString(inner, Rules, out _, out var bits, out _) ? bits : [];
            }
        }

        if (SizeOn(curve) is not { } size)
        {
            return false;
        }

        var d = new byte[size];
        try
        {
            scalar = scalar.TrimStart((byte)0);
            if (scalar.Length > size || scalar.IsEmpty)
            {
                throw new CryptographicException();
            }

            scalar.CopyTo(d.AsSpan(size - scalar.Length));
            key.ImportParameters(new ECParameters { Curve = ECCurve.CreateFromValue(curve!), D = d });
        }
        finally
        {
            CryptographicOperations.ZeroMemory(d);
        }

        return point.IsEmpty || IsPublicHalf(key, point) ? true : throw new CryptographicException();
    }

    /// <summary>As <see cref="TryImport"/>, within PKCS#8.</summary>
    public static bool TryImportPkcs8(ECDsa key, ReadOnlySpan<byte> der)
    {
        // PrivateKeyInfo ::= SEQUENCE { version INTEGER, privateKeyAlgorithm SEQUENCE { algorithm, parameters }, privateKey OCTET STRING, … } (RFC 5958)
        var content = Sequence(der);
        AsnDecoder.ReadIntegerBytes(content, Rules, out var used);
        content = content[used..];
        AsnDecoder.ReadSequence(content, Rules, out var offset, out var length, out used);
        var algorithm = content.Slice(offset, length);
        content = content[used..];
        AsnDecoder.ReadObjectIdentifier(algorithm, Rules, out var named);
        algorithm = algorithm[named..];
        var curve = Asn1Tag.TryDecode(algorithm, out var kind, out _) && kind == Asn1Tag.ObjectIdentifier ? AsnDecoder.ReadObjectIdentifier(algorithm, Rules, out _) : null;
        return curve is not null && AsnDecoder.TryReadPrimitiveOctetString(content, Rules, out var inner, out _) && TryImport(key, inner, curve);
    }

    private static ReadOnlySpan<byte> Sequence(ReadOnlySpan<byte> der)
    {
        AsnDecoder.ReadSequence(der, Rules, out var offset, out var length, out _);
        return der.Slice(offset, length);
    }

    private static int? SizeOn(string? curve) => curve switch
    {
        "1.2.840.10045.3.1.7" => 32,
        "1.3.132.0.34" => 48,
        "1.3.132.0.35" => 66,
        _ => null,
    };

    // Uncompressed, or x alone with the parity of y (SEC 1 section 2.3.3).
    private static bool IsPublicHalf(ECDsa key, ReadOnlySpan<byte> point)
    {
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        return point[0] == 4 ? point[1..].SequenceEqual([.. q.X!, .. q.Y!]) : point[0] == 2 + (q.Y![^1] & 1) && point[1..].SequenceEqual(q.X);
    }
}
