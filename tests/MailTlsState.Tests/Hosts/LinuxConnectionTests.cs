using System.Net;
using System.Net.Sockets;
using MailTlsState.Hosts.Linux;
using MailTlsState.Policies;
using MailTlsState.Probing;
using Xunit;

namespace MailTlsState.Tests.Hosts;

public sealed class LinuxConnectionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("127.0.0.1", false)]
    public async Task A_server_that_closes_is_known_to_have_read_the_offer_or_not(string address, bool reads)
    {
        using var listener = Listen(address);
        var serve = Task.Run(
            async () =>
            {
                using var server = await listener.AcceptSocketAsync(Cancellation);
                var buffer = new byte[64 * 1024];

                // Peeking leaves all of it unread.
                Assert.True(await server.ReceiveAsync(buffer, reads ? SocketFlags.None : SocketFlags.Peek, Cancellation) > 0);
            },
            Cancellation);
        var answer = await OfferAsync(listener);
        await serve;
        Assert.True(answer.Closed);
        Assert.Equal(reads, answer.HasRead);
    }

    [Fact]
    public async Task A_server_that_closed_before_the_offer_came_has_not_read_it()
    {
        using var listener = Listen("127.0.0.1");
        await using var stream = await ConnectAsync(listener);
        (await listener.AcceptSocketAsync(Cancellation)).Dispose();
        var answer = await HelloProbe.OfferAsync(stream, Offer, Cancellation);
        Assert.True(answer.Closed);
        Assert.False(answer.HasRead);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task A_close_is_asked_about_again_unless_the_service_itself_has_read_the_offer(bool servedHere, int offers)
    {
        using var listener = Listen("127.0.0.1");
        var end = (IPEndPoint)listener.LocalEndpoint;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var serve = ServeAsync();
        var request = new ProbeRequest(MailProtocol.Imap, true, "127.0.0.1", end.Port, "mail.example.org", null, [TlsVersion.Tls11]) { ServedHere = servedHere };
        var probe = await MailProbe.RunAsync(request, _ => ConnectAsync(listener), Cancellation);
        await over.CancelAsync();
        await serve;
        Assert.Equal(1 + offers, probe.Connections);

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var server = await listener.AcceptSocketAsync(over.Token);
                    Assert.True(await server.ReceiveAsync(new byte[64 * 1024], over.Token) > 0);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static HelloOffer Offer => HelloOffer.Everything("mail.example.org", TlsVersion.Tls11);

    private static TcpListener Listen(string address)
    {
        var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        return listener;
    }

    private static async Task<HelloAnswer> OfferAsync(TcpListener listener)
    {
        await using var stream = await ConnectAsync(listener);
        return await HelloProbe.OfferAsync(stream, Offer, Cancellation);
    }

    private static Task<Stream> ConnectAsync(TcpListener listener)
    {
        var end = (IPEndPoint)listener.LocalEndpoint;
        return LinuxConnection.ConnectAsync(end.Address.ToString(), end.Port, null, LinuxConnection.MakeSocket, Cancellation);
    }
}
