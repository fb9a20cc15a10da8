using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Tests.Verification;
using Org.BouncyCastle.Tls;
using Xunit;

namespace MailTlsState.Tests.Probing;

public class HelloProbeTests
{
    private static readonly TestCertificate Leaf = TestCertificate.Root().Leaf("mail.example.test");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(WireVersion.Tls10, 0xC009)]
    [InlineData(WireVersion.Tls11, 0xC009)]
    [InlineData(WireVersion.Tls12, 0xC02B)]
    [InlineData(WireVersion.Tls13, 0x1301)]
    public async Task Version_and_suite_are_those_that_the_server_chose(WireVersion version, int suite)
    {
        var answer = await OfferAsync(new HelloOffer("mail.example.test", version, [0xC02B, 0xC009, 0x1301, 0xFAFA], HelloOffer.CommonGroups));

        Assert.Equal((version, suite), (answer.Version, answer.Suite));
        Assert.Equal(version == WireVersion.Tls13 ? 0x1D : null, answer.Group);
        Assert.Null(answer.Failure);
    }

    [Fact]
    public async Task The_one_group_that_is_offered_is_the_one_that_is_chosen()
    {
        var answer = await OfferAsync(new HelloOffer("", WireVersion.Tls13, [0x1301], [0x18]));

        Assert.Equal(0x18, answer.Group);
    }

    [Fact]
    public async Task No_suite_in_common_is_an_alert()
    {
        var answer = await OfferAsync(new HelloOffer("mail.example.test", WireVersion.Tls12, [0xC030], HelloOffer.CommonGroups));

        Assert.Equal((null, 40), (answer.Version, answer.Alert));
        Assert.Equal("handshake_failure", answer.AlertName);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("3232302068690d0a", false)]
    [InlineData("1603030004", true)]
    [InlineData("160303000402000002", true)]
    [InlineData("16030300040b000000", false)]
    [InlineData("1603030006020000020303", false)]
    [InlineData("160303000402ffffff", false)]
    [InlineData("1703030001aa", false)]
    public async Task What_is_no_answer_is_said_so(string hex, bool closed)
    {
        var server = new FakeServer(c => c.AnswerHelloAsync(Convert.FromHexString(hex)));
        await using var stream = await server.ConnectAsync(Token);

        var answer = await HelloProbe.OfferAsync(stream, HelloOffer.Everything("mail.example.test", TlsVersion.Tls12), Token);

        Assert.Null(answer.Version);
        Assert.Null(answer.Alert);
        Assert.NotNull(answer.Failure);
        Assert.Equal(closed, answer.Closed);
    }

    [Fact]
    public async Task A_warning_before_the_hello_is_passed_over()
    {
        var server = new FakeServer(c => c.AnswerHelloAsync([21, 3, 3, 0, 2, 1, 112, 21, 3, 3, 0, 2, 2, 40]));
        await using var stream = await server.ConnectAsync(Token);

        var answer = await HelloProbe.OfferAsync(stream, HelloOffer.Everything("other.example", TlsVersion.Tls12), Token);

        Assert.Equal(40, answer.Alert);
    }

    [Fact]
    public void Every_suite_has_its_name_and_stands_once()
    {
        Assert.Equal(CipherSuites.All.Count, CipherSuites.All.Distinct().Count());
        Assert.All(CipherSuites.All, s => Assert.StartsWith("TLS_", CipherSuites.Name(s), StringComparison.Ordinal));
        Assert.Equal("0xFAFA", CipherSuites.Name(0xFAFA));
    }

    private static async Task<HelloAnswer> OfferAsync(HelloOffer offer)
    {
        var server = new FakeServer(c => c.StartTlsAsync(Leaf, ProtocolVersion.TLSv13.DownTo(ProtocolVersion.TLSv10)), chunk: 7);
        await using var stream = await server.ConnectAsync(Token);
        return await HelloProbe.OfferAsync(stream, offer, Token);
    }
}
