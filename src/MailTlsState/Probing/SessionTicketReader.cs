using System.Buffers.Binary;

namespace MailTlsState.Probing;

/// <summary>Reads a NewSessionTicket of TLS 1.3 (RFC 8446 section 4.6.1).</summary>
internal static class SessionTicketReader
{
    /// <summary>Bytes of 0-RTT data that the ticket allows; 0 for none, and for a message that cannot be read.</summary>
    public static long EarlyData(ReadOnlySpan<byte> body)
    {
        var reader = new WireReader(body);
        // Lifetime and age, nonce, ticket.
        if (!reader.Skip(8) || !reader.Vector8() || !reader.Vector16() || !reader.UInt16(out _))
        {
            return 0;
        }

        while (!reader.AtEnd)
        {
            if (!reader.UInt16(out var type) || !reader.UInt16(out var length) || !reader.Take(length, out var content))
            {
                return 0;
            }

            if (type == TlsExtensions.EarlyData && content.Length == 4)
            {
                return BinaryPrimitives.ReadUInt32BigEndian(content);
            }
        }

        return 0;
    }
}
