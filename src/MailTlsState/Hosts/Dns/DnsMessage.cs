using System.Buffers.Binary;
using System.Text;

namespace MailTlsState.Hosts.Dns;

/// <summary>An answer of a DNS server.</summary>
/// <param name="Code">RCODE: 0 no error, 2 server failure, 3 no such name, 5 refused (RFC 1035 section 4.1.1).</param>
/// <param name="Truncated">True when the rest is to be had by TCP only.</param>
/// <param name="Records">The TLSA records in the answer section, as in <see cref="TlsaObservation"/>.</param>
internal sealed record DnsAnswer(int Code, bool Truncated, IReadOnlyList<string> Records);

/// <summary>Writes a query for TLSA records and reads its answer (RFC 1035, RFC 6891, RFC 6698). Whatever a server sends is an answer, is none, or is broken.</summary>
internal static class DnsMessage
{
    /// <summary>Longest answer that is taken by UDP, as the DNS flag day of 2020 settled it.</summary>
    public const int UdpSize = 1232;

    private const int HeaderSize = 12;
    private const ushort Tlsa = 52;
    private const ushort Options = 41;
    private const ushort Internet = 1;
    private const ushort RecursionDesired = 0x0100;
    private const ushort IsResponse = 0x8000;
    private const ushort IsTruncated = 0x0200;

    /// <summary>A query.</summary>
    /// <param name="id">Identifies it; random, so that nobody else can answer.</param>
    /// <param name="name">ASCII, without a dot at its end.</param>
    public static byte[] Query(ushort id, string name)
    {
        var labels = name.Split('.');
        if (labels.Any(l => l.Length is 0 or > 63) || name.Length > 253)
        {
            throw new FormatException($"{name} is no domain name");
        }

        var query = new List<byte>();
        void Number(int value) => query.AddRange([(byte)(value >> 8), (byte)value]);
        Number(id);
        Number(RecursionDesired);
        foreach (var count in new[] { 1, 0, 0, 1 })
        {
            Number(count);
        }

        foreach (var label in labels)
        {
            query.Add((byte)label.Length);
            query.AddRange(Encoding.ASCII.GetBytes(label));
        }

        query.Add(0);
        Number(Tlsa);
        Number(Internet);

        // OPT: the root's name, the size, no flags, no options.
        query.Add(0);
        Number(Options);
        Number(UdpSize);
        foreach (var zero in new[] { 0, 0, 0 })
        {
            Number(zero);
        }

        return [.. query];
    }

    /// <summary>Reads an answer; null for what does not answer the query.</summary>
    /// <param name="message">What came.</param>
    /// <param name="query">What was sent.</param>
    /// <exception cref="FormatException">It answers the query and is broken.</exception>
    public static DnsAnswer? Read(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        const int optionsSize = 11;
        var question = query[HeaderSize..^optionsSize];
        if (message.Length < HeaderSize || !message[..2].SequenceEqual(query[..2]) || (Word(message, 2) & IsResponse) == 0)
        {
            return null;
        }

        var flags = Word(message, 2);
        var code = flags & 0xF;
        if (Word(message, 4) != 1)
        {
            // A server that understands nothing of the query may leave the question out.
            return code == 0 ? null : new DnsAnswer(code, false, []);
        }

        // A resolver may change the case of letters, and nothing else.
        if (message.Length < HeaderSize + question.Length || !Ascii.EqualsIgnoreCase(message.Slice(HeaderSize, question.Length), question))
        {
            return null;
        }

        var records = new List<string>();
        var at = HeaderSize + question.Length;
        var truncated = (flags & IsTruncated) != 0;
        for (int count = truncated ? 0 : Word(message, 6); count > 0; count--)
        {
            at = AfterName(message, at);
            var (type, @class, length) = (Word(message, at), Word(message, at + 2), Word(message, at + 8));
            var data = Part(message, at + 10, length);
            if (type == Tlsa && @class == Internet && data.Length > 3)
            {
                records.Add($"{data[0]} {data[1]} {data[2]} {Convert.ToHexStringLower(data[3..])}");
            }

            at += 10 + length;
        }

        return new DnsAnswer(code, truncated, [.. records.Distinct().Order(StringComparer.Ordinal)]);
    }

    // A name is labels up to an empty one or a pointer, which is not followed: the answer is to our question.
    private static int AfterName(ReadOnlySpan<byte> message, int at)
    {
        while (true)
        {
            var length = Part(message, at, 1)[0];
            if (length == 0)
            {
                return at + 1;
            }

            if ((length & 0xC0) == 0xC0)
            {
                return at + 2;
            }

            at += 1 + length;
        }
    }

    private static int Word(ReadOnlySpan<byte> message, int at) => BinaryPrimitives.ReadUInt16BigEndian(Part(message, at, 2));

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> message, int at, int length) =>
        at + length <= message.Length ? message.Slice(at, length) : throw new FormatException("the answer is cut off");
}
