using System.Buffers.Binary;
using System.Net;
using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>Writes a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) in one record.</summary>
internal static class ClientHelloWriter
{
    private const int RenegotiationInfoScsv = 0x00FF;

    // Every scheme that a mail server's certificate may need, SHA-1 and all, so that a refusal is due to what is offered.
    private static readonly int[] SignatureSchemes =
        [0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080A, 0x080B, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201];

    public static byte[] Write(HelloOffer offer)
    {
        var is13 = offer.Version == TlsVersion.Tls13;
        var body = new ByteWriter();
        body.UInt16(Wire(is13 ? TlsVersion.Tls12 : offer.Version));
        body.Bytes(RandomBytes(32));
        // RFC 8446 appendix D.4: a session id makes TLS 1.3 look like a resumption to middleboxes.
        body.Vector8(v => v.Bytes(is13 ? RandomBytes(32) : []));
        body.Vector16(v =>
        {
            foreach (var suite in offer.Suites)
            {
                v.UInt16(suite);
            }

            if (!is13)
            {
                v.UInt16(RenegotiationInfoScsv);
            }
        });
        body.Vector8(v => v.UInt8(0));
        body.Vector16(v => Extensions(v, offer));

        var message = new ByteWriter();
        message.UInt8(TlsRecords.Handshake);
        // RFC 8446 section 5.1: the first record says TLS 1.0, whatever is offered.
        message.UInt16(Wire(TlsVersion.Tls10));
        message.Vector16(record =>
        {
            record.UInt8(1);
            record.UInt8(0);
            record.Vector16(v => v.Bytes(body.ToArray()));
        });
        return message.ToArray();
    }

    /// <summary>The version's number on the wire.</summary>
    public static int Wire(TlsVersion version) => version switch
    {
        TlsVersion.Tls10 => 0x0301,
        TlsVersion.Tls11 => 0x0302,
        TlsVersion.Tls12 => 0x0303,
        TlsVersion.Tls13 => 0x0304,
        _ => throw new ArgumentOutOfRangeException(nameof(version), version, null),
    };

    private static void Extensions(ByteWriter to, HelloOffer offer)
    {
        if (offer.ServerName.Length > 0 && !IPAddress.TryParse(offer.ServerName, out _))
        {
            Extension(to, 0, e => e.Vector16(list =>
            {
                list.UInt8(0);
                list.Vector16(v => v.Bytes(Encoding.ASCII.GetBytes(offer.ServerName)));
            }));
        }

        Extension(to, 10, e => e.Vector16(list => UInt16s(list, offer.Groups)));
        Extension(to, 11, e => e.Vector8(list => list.UInt8(0)));
        if (offer.Version >= TlsVersion.Tls12)
        {
            Extension(to, 13, e => e.Vector16(list => UInt16s(list, SignatureSchemes)));
        }

        if (offer.Version == TlsVersion.Tls13)
        {
            Extension(to, 43, e => e.Vector8(list => list.UInt16(Wire(TlsVersion.Tls13))));
            // An empty list asks for a HelloRetryRequest (RFC 8446 section 4.2.8): it names suite and group, and no key is made.
            Extension(to, 51, e => e.Vector16(_ => { }));
        }
    }

    private static void Extension(ByteWriter to, int type, Action<ByteWriter> content)
    {
        to.UInt16(type);
        to.Vector16(content);
    }

    private static void UInt16s(ByteWriter to, IReadOnlyList<int> values)
    {
        foreach (var value in values)
        {
            to.UInt16(value);
        }
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        SystemRandom.Fill(bytes);
        return bytes;
    }

    /// <summary>TLS presentation language (RFC 8446 section 3): numbers and vectors with their lengths before them.</summary>
    private sealed class ByteWriter
    {
        private readonly List<byte> _bytes = [];

        public void UInt8(int value) => _bytes.Add(checked((byte)value));

        public void UInt16(int value)
        {
            Span<byte> two = stackalloc byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(two, checked((ushort)value));
            _bytes.AddRange(two);
        }

        public void Bytes(ReadOnlySpan<byte> bytes) => _bytes.AddRange(bytes);

        public void Vector8(Action<ByteWriter> content)
        {
            var inner = Inner(content);
            UInt8(inner._bytes.Count);
            _bytes.AddRange(inner._bytes);
        }

        public void Vector16(Action<ByteWriter> content)
        {
            var inner = Inner(content);
            UInt16(inner._bytes.Count);
            _bytes.AddRange(inner._bytes);
        }

        public byte[] ToArray() => [.. _bytes];

        private static ByteWriter Inner(Action<ByteWriter> content)
        {
            var inner = new ByteWriter();
            content(inner);
            return inner;
        }
    }
}
