using System.Buffers.Binary;
using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>Reads a ServerHello or HelloRetryRequest (RFC 8446 section 4.1.3).</summary>
internal static class ServerHelloReader
{
    /// <summary>The server's choice, or null when the message is malformed or chooses a version outside TLS 1.0 to 1.3.</summary>
    public static HelloAnswer? Read(byte[] body)
    {
        var reader = new Reader(body);
        if (!reader.UInt16(out var legacy) || !reader.Skip(32) || !reader.Vector8() || !reader.UInt16(out var suite) || !reader.Skip(1))
        {
            return null;
        }

        var version = legacy;
        int? group = null;
        // A server without extensions ends here (RFC 5246 section 7.4.1.3).
        if (!reader.AtEnd)
        {
            if (!reader.UInt16(out var total) || total != reader.Left)
            {
                return null;
            }

            while (!reader.AtEnd)
            {
                if (!reader.UInt16(out var type) || !reader.UInt16(out var length) || !reader.Take(length, out var content))
                {
                    return null;
                }

                var value = content.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(content) : -1;
                version = type == 43 ? value : version;
                group = type == 51 ? value : group;
            }
        }

        return version is >= 0x0301 and <= 0x0304
            ? new HelloAnswer((TlsVersion)(version - 0x0301), suite, group, null, null, Closed: false)
            : null;
    }

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public readonly bool AtEnd => _rest.IsEmpty;

        public readonly int Left => _rest.Length;

        public bool UInt16(out int value)
        {
            var ok = Take(2, out var two);
            value = ok ? BinaryPrimitives.ReadUInt16BigEndian(two) : 0;
            return ok;
        }

        public bool Vector8() => Take(1, out var length) && Skip(length[0]);

        public bool Skip(int count) => Take(count, out _);

        public bool Take(int count, out ReadOnlySpan<byte> taken)
        {
            if (count > _rest.Length)
            {
                taken = default;
                return false;
            }

            taken = _rest[..count];
            _rest = _rest[count..];
            return true;
        }
    }
}
