using System.Buffers.Binary;

namespace MailTlsState.Probing;

/// <summary>TLS presentation language (RFC 8446 section 3), read without trust: each step says whether the bytes were there.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly int Left => _rest.Length;

    public bool UInt8(out int value)
    {
        var ok = Take(1, out var one);
        value = ok ? one[0] : 0;
        return ok;
    }

    public bool UInt16(out int value)
    {
        var ok = Take(2, out var two);
        value = ok ? BinaryPrimitives.ReadUInt16BigEndian(two) : 0;
        return ok;
    }

    public bool UInt24(out int value)
    {
        var ok = Take(3, out var three);
        value = ok ? (three[0] << 16) | (three[1] << 8) | three[2] : 0;
        return ok;
    }

    public bool Vector8() => UInt8(out var length) && Skip(length);

    public bool Vector16() => UInt16(out var length) && Skip(length);

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
