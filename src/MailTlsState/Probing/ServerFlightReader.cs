using System.Numerics;

namespace MailTlsState.Probing;

/// <summary>Reads what follows a ServerHello in the clear up to TLS 1.2.</summary>
internal static class ServerFlightReader
{
    private const int NamedCurve = 3; // RFC 8422 section 5.4

    /// <summary>The certificates of a Certificate message (RFC 5246 section 7.4.2), or null when it is malformed.</summary>
    public static IReadOnlyList<byte[]>? Certificates(byte[] body)
    {
        var reader = new WireReader(body);
        if (!reader.UInt24(out var total) || total != reader.Left)
        {
            return null;
        }

        var chain = new List<byte[]>();
        while (!reader.AtEnd)
        {
            if (!reader.UInt24(out var length) || !reader.Take(length, out var certificate))
            {
                return null;
            }

            chain.Add(certificate.ToArray());
        }

        return chain;
    }

    /// <summary>
    /// <paramref name="answer"/> with what a ServerKeyExchange says (RFC 5246 section 7.4.3, RFC 8422 section 5.4), or null when it is
    /// malformed.
    /// </summary>
    public static HelloAnswer? KeyExchange(byte[] body, HelloAnswer answer)
    {
        var reader = new WireReader(body);
        var suite = CipherSuites.Name(answer.Suite ?? -1);
        if (suite.StartsWith("TLS_ECDH", StringComparison.Ordinal))
        {
            if (!reader.UInt8(out var kind) || kind != NamedCurve || !reader.UInt16(out var group) || !reader.UInt8(out var length) || !reader.Skip(length))
            {
                return null;
            }

            answer = answer with { Group = group };
        }
        else if (suite.StartsWith("TLS_DH", StringComparison.Ordinal))
        {
            if (!reader.UInt16(out var length) || !reader.Take(length, out var prime) || !reader.Vector16() || !reader.Vector16())
            {
                return null;
            }

            answer = answer with { PrimeBits = (int)new BigInteger(prime, isUnsigned: true, isBigEndian: true).GetBitLength() };
        }
        else
        {
            // Export and other exchanges of long ago: what they hold is of no interest beyond that they are accepted.
            return answer;
        }

        // RFC 5246 section 4.7: the scheme is named since TLS 1.2; an anonymous exchange is not signed.
        return reader.AtEnd || answer.Version != WireVersion.Tls12 ? answer
            : reader.UInt16(out var scheme) ? answer with { Signature = scheme }
            : null;
    }
}
