using System.Buffers.Binary;
using System.Net;
using System.Text;
using MailTlsState.Hosts;

namespace MailTlsState.Probing;

/// <summary>Writes a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) in one record.</summary>
internal static class ClientHelloWriter
{
    private const int RenegotiationInfoScsv = 0x00FF; // RFC 5746 section 3.3
    private const int Deflate = 1; // RFC 3749

    public static byte[] Write(HelloOffer offer)
    {
        var is13 = offer.Version == WireVersion.Tls13;
        var body = new ByteWriter();
        body.UInt16((int)(is13 ? WireVersion.Tls12 : offer.Version));
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
        body.Vector8(v => v.Bytes(offer.Compression && !is13 ? [Deflate, 0] : [0]));
        // SSL 3.0 servers were written before there were extensions; what they do with them is anybody's guess.
        if (offer.Version > WireVersion.Ssl30)
        {
            body.Vector16(v => Extensions(v, offer));
        }

        var message = new ByteWriter();
        message.UInt8(TlsRecords.Handshake);
        // RFC 8446 section 5.1: the first record says TLS 1.0, whatever is offered since.
        message.UInt16((int)(offer.Version > WireVersion.Ssl30 ? WireVersion.Tls10 : offer.Version));
        message.Vector16(record =>
        {
            record.UInt8(1);
            record.UInt8(0);
            record.Vector16(v => v.Bytes(body.ToArray()));
        });
        return message.ToArray();
    }

    private static void Extensions(ByteWriter to, HelloOffer offer)
    {
        if (offer.ServerName.Length > 0 && !IPAddress.TryParse(offer.ServerName, out _))
        {
            Extension(to, TlsExtensions.ServerName, e => e.Vector16(list =>
            {
                list.UInt8(0);
                list.Vector16(v => v.Bytes(Encoding.ASCII.GetBytes(offer.ServerName)));
            }));
        }

        Extension(to, TlsExtensions.SupportedGroups, e => e.Vector16(list => UInt16s(list, offer.Groups)));
        if (offer.Version >= WireVersion.Tls12)
        {
            Extension(to, TlsExtensions.SignatureAlgorithms, e => e.Vector16(list => UInt16s(list, offer.Signatures)));
        }

        if (offer.ApplicationProtocol is { } protocol)
        {
            Extension(to, TlsExtensions.ApplicationProtocol, e => e.Vector16(list => list.Vector8(v => v.Bytes(Encoding.ASCII.GetBytes(protocol)))));
        }

        if (offer.Version == WireVersion.Tls13)
        {
            Extension(to, TlsExtensions.SupportedVersions, e => e.Vector8(list => list.UInt16((int)WireVersion.Tls13)));
            // An empty list asks for a HelloRetryRequest (RFC 8446 section 4.2.8): it names suite and group, and no key is made.
            Extension(to, TlsExtensions.KeyShare, e => e.Vector16(_ => { }));
            return;
        }

        Extension(to, TlsExtensions.PointFormats, e => e.Vector8(list => list.UInt8(0)));
        Extension(to, TlsExtensions.EncryptThenMac, _ => { });
        Extension(to, TlsExtensions.ExtendedMasterSecret, _ => { });
        Extension(to, TlsExtensions.SessionTicket, _ => { });
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
