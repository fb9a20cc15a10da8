namespace MailTlsState.Tests.Certificates.Import;

/// <summary>Damages bytes as transfers, editors and attackers do; half of the damage knows how DER is built.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> seeds)
{
    private static readonly byte[] Telling = [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x84, 0xA0, 0xA1, 0xFF, (byte)'-', (byte)'\n', (byte)' ', (byte)'A', (byte)'='];

    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var bytes = new List<byte>(seeds[_random.Next(seeds.Count)]);
        for (var changes = 1 + _random.Next(4); changes > 0 && bytes.Count > 0; changes--)
        {
            Change(bytes);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        var at = _random.Next(bytes.Count);
        switch (_random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes[at] = Telling[_random.Next(Telling.Length)];
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(16)));
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + _random.Next(64))));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                var other = seeds[_random.Next(seeds.Count)];
                var from = _random.Next(other.Length);
                bytes.InsertRange(at, other.AsSpan(from, Math.Min(other.Length - from, _random.Next(256))).ToArray());
                break;
            case 7:
                ChangeLength(bytes, at);
                break;
            default:
                bytes[at] = Telling[_random.Next(Telling.Length)];
                bytes.Insert(at, Telling[_random.Next(Telling.Length)]);
                break;
        }
    }

    // The next header with a constructed tag gets a length that is not true, or none.
    private void ChangeLength(List<byte> bytes, int from)
    {
        var at = bytes.FindIndex(from, b => b is 0x30 or 0x31 or 0xA0 or 0xA3 or 0x04 or 0x24);
        if (at < 0 || at + 2 >= bytes.Count)
        {
            return;
        }

        byte[] length = _random.Next(4) switch
        {
            0 => [0x80],
            1 => [0x84, 0x7F, 0xFF, 0xFF, 0xFF],
            2 => [0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            _ => [(byte)_random.Next(128)],
        };
        bytes.RemoveAt(at + 1);
        bytes.InsertRange(at + 1, length);
    }
}
