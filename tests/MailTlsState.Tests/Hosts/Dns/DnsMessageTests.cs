using MailTlsState.Hosts.Dns;
using Xunit;

namespace MailTlsState.Tests.Hosts.Dns;

public sealed class DnsMessageTests
{
    private const string Name = "_25._tcp.mail.example.com";
    private static readonly byte[] Query = DnsMessage.Query(0x1234, Name);
    private static readonly byte[] Record = [0xC0, 0x0C, 0, 52, 0, 1, 0, 0, 0, 60, 0, 5, 3, 1, 1, 0xAB, 0xCD];
    private static readonly byte[] Alias = [0xC0, 0x0C, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, (byte)'x', 0xC0, 0x15];

    [Fact]
    public void A_query_asks_for_the_name_and_takes_large_answers()
    {
        Assert.Equal("123401000001000000000001" + "035f3235045f746370046d61696c076578616d706c6503636f6d00" + "00340001" + "00002904d0000000000000", Convert.ToHexStringLower(Query));
        Assert.Throws<FormatException>(() => DnsMessage.Query(1, "a..b"));
        Assert.Throws<FormatException>(() => DnsMessage.Query(1, new string('a', 64) + ".b"));
    }

    [Fact]
    public void Records_are_read_behind_an_alias_too()
    {
        var answer = DnsMessage.Read(Answer(0x8180, Alias, Record, Record), Query)!;
        Assert.Equal((0, false), (answer.Code, answer.Truncated));
        Assert.Equal(["3 1 1 abcd"], answer.Records);
        Assert.Empty(DnsMessage.Read(Answer(0x8183), Query)!.Records);
        Assert.Equal(3, DnsMessage.Read(Answer(0x8183), Query)!.Code);
        Assert.Equal(2, DnsMessage.Read(Answer(0x8182), Query)!.Code);
        Assert.True(DnsMessage.Read(Answer(0x8380, Record), Query)!.Truncated);
    }

    [Fact]
    public void What_does_not_answer_the_query_is_none()
    {
        var answer = Answer(0x8180, Record);
        Assert.Null(DnsMessage.Read(answer, DnsMessage.Query(0x1235, Name)));
        Assert.Null(DnsMessage.Read(answer, DnsMessage.Query(0x1234, "_25._tcp.mail.example.org")));
        Assert.Null(DnsMessage.Read(Query, Query));
        Assert.Null(DnsMessage.Read([], Query));
    }

    [Fact]
    public void A_damaged_answer_is_an_answer_none_or_broken_and_nothing_else()
    {
        var whole = Answer(0x8180, Alias, Record);
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = whole.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                damaged[random.Next(2, damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                DnsMessage.Read(damaged.AsSpan(0, random.Next(damaged.Length + 1)), Query);
            }
            catch (FormatException)
            {
                continue;
            }
        }
    }

    private static byte[] Answer(int flags, params byte[][] records) =>
        [0x12, 0x34, (byte)(flags >> 8), (byte)flags, 0, 1, 0, (byte)records.Length, 0, 0, 0, 0, .. Query[12..^11], .. records.SelectMany(r => r)];
}
