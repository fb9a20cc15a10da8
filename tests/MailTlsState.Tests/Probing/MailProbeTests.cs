using System.Net.Sockets;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Tests.Verification;
using Org.BouncyCastle.Tls;
using Xunit;

namespace MailTlsState.Tests.Probing;

public class MailProbeTests
{
    private const string Ehlo = "250-mail.example.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n";
    private const string EhloOverTls = "250-mail.example.test\r\n250 AUTH PLAIN\r\n";

    private static readonly TestCertificate Root = TestCertificate.Root();
    private static readonly TestCertificate Leaf = Root.Leaf("mail.example.test");
    private static readonly ProbeLimits Quick = new(TimeSpan.FromSeconds(20), TimeProvider.System);

    private static readonly ProbeRequest StartTls = new(MailProtocol.Smtp, false, "127.0.0.1", 25, "mail.example.test", "127.0.0.2", []);
    private static readonly ProbeRequest Implicit = StartTls with { Implicit = true, Port = 465 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Transcript.Chunks), MemberType = typeof(Transcript))]
    public async Task STARTTLS_is_gone_through_to_the_answer_over_TLS(int chunk)
    {
        var server = new FakeServer(c => SpeakSmtpAsync(c, s => s.StartTlsAsync(Leaf, chain: [Leaf, Root])), chunk);

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick);

        Assert.Equal((ProbeOutcome.Completed, null), (result.Outcome, result.Failure));
        Assert.Equal("220 mail.example.test ESMTP", result.Greeting);
        Assert.Equal(["PIPELINING", "STARTTLS"], result.CapabilitiesBefore);
        Assert.Equal(["AUTH PLAIN"], result.CapabilitiesAfter);
        Assert.Equal(TlsVersion.Tls13, result.Version);
        Assert.Equal("TLS_AES_128_GCM_SHA256", result.Suite);
        Assert.Equal([Convert.ToBase64String(Leaf.Der), Convert.ToBase64String(Root.Der)], result.Chain);
        Assert.Empty(result.Offers);
    }

    [Theory]
    [MemberData(nameof(Transcript.Chunks), MemberType = typeof(Transcript))]
    public async Task Implicit_TLS_is_gone_through_to_the_answer(int chunk)
    {
        var server = new FakeServer(
            async c =>
            {
                await c.StartTlsAsync(Leaf, [ProtocolVersion.TLSv12]);
                await c.SendAsync("* OK ready\r\n");
                await c.ReadLineAsync();
                await c.SendAsync("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na1 OK done\r\n");
                await c.ReadLineAsync();
                await c.SendAsync("* BYE\r\na2 OK\r\n");
            },
            chunk);

        var result = await MailProbe.RunAsync(Implicit with { Protocol = MailProtocol.Imap }, server.ConnectAsync, Token, Quick);

        Assert.Equal((ProbeOutcome.Completed, null), (result.Outcome, result.Failure));
        Assert.Equal("* OK ready", result.Greeting);
        Assert.Empty(result.CapabilitiesBefore);
        Assert.Equal(["IMAP4REV1", "AUTH=PLAIN"], result.CapabilitiesAfter);
        Assert.Equal(TlsVersion.Tls12, result.Version);
        Assert.Equal("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", result.Suite);
    }

    [Fact]
    public async Task A_kind_of_key_that_the_server_prefers_costs_no_connection_and_one_that_it_lacks_is_told()
    {
        var connections = 0;
        var server = new FakeServer(c =>
        {
            connections++;
            return SpeakSmtpAsync(c, s => s.StartTlsAsync(Leaf));
        });

        var result = await MailProbe.RunAsync(StartTls with { Families = [KeyFamily.Rsa, KeyFamily.Ecdsa] }, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.Completed, result.Outcome);
        Assert.Equal((result.Chain, null), (result.ByFamily[KeyFamily.Ecdsa].Chain, result.ByFamily[KeyFamily.Ecdsa].Failure));
        Assert.Empty(result.ByFamily[KeyFamily.Rsa].Chain);
        Assert.NotNull(result.ByFamily[KeyFamily.Rsa].Failure);
        Assert.Equal(2, connections);
    }

    [Fact]
    public async Task A_server_with_only_an_old_version_is_seen_as_it_is()
    {
        var server = new FakeServer(c => SpeakSmtpAsync(c, s => s.StartTlsAsync(Leaf, [ProtocolVersion.TLSv10])));

        var result = await MailProbe.RunAsync(StartTls with { Offers = [TlsVersion.Tls10, TlsVersion.Tls11] }, server.ConnectAsync, Token, Quick);

        Assert.Equal((ProbeOutcome.Completed, null), (result.Outcome, result.Failure));
        Assert.Equal(TlsVersion.Tls10, result.Version);
        Assert.Equal(OfferOutcome.Accepted, result.Offers[TlsVersion.Tls10]);
        Assert.Equal(OfferOutcome.Refused, result.Offers[TlsVersion.Tls11]);
    }

    [Fact]
    public async Task A_server_with_both_old_versions_accepts_both_offers()
    {
        var server = new FakeServer(c => SpeakSmtpAsync(c, s => s.StartTlsAsync(Leaf, ProtocolVersion.TLSv13.DownTo(ProtocolVersion.TLSv10))));

        var result = await MailProbe.RunAsync(StartTls with { Offers = [TlsVersion.Tls10, TlsVersion.Tls11] }, server.ConnectAsync, Token, Quick);

        Assert.Equal(TlsVersion.Tls13, result.Version);
        Assert.All(result.Offers.Values, o => Assert.Equal(OfferOutcome.Accepted, o));
        Assert.Equal(2, result.Offers.Count);
    }

    [Fact]
    public async Task Old_versions_are_refused_by_one_further_connection()
    {
        var server = new FakeServer(c => SpeakSmtpAsync(c, s => s.StartTlsAsync(Leaf)));

        var result = await MailProbe.RunAsync(StartTls with { Offers = [TlsVersion.Tls10, TlsVersion.Tls11] }, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.Completed, result.Outcome);
        Assert.Equal([TlsVersion.Tls10, TlsVersion.Tls11], result.Offers.Keys);
        Assert.All(result.Offers.Values, o => Assert.Equal(OfferOutcome.Refused, o));
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_refused_STARTTLS_is_told_in_the_servers_words()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 mail.example.test ESMTP\r\n");
            await c.ReadLineAsync();
            await c.SendAsync(Ehlo);
            await c.ReadLineAsync();
            await c.SendAsync("454 4.7.0 TLS not available due to local problem\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("221 2.0.0 Bye\r\n");
        });

        var result = await MailProbe.RunAsync(StartTls with { Offers = [TlsVersion.Tls11] }, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.StartTlsRefused, result.Outcome);
        Assert.Contains("454 4.7.0 TLS not available", result.Failure, StringComparison.Ordinal);
        Assert.Equal(OfferOutcome.NotTested, result.Offers[TlsVersion.Tls11]);
    }

    [Fact]
    public async Task A_server_without_STARTTLS_is_told_so_and_left_politely()
    {
        var said = new List<string?>();
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 mail.example.test ESMTP\r\n");
            said.Add(await c.ReadLineAsync());
            await c.SendAsync("250-mail.example.test\r\n250 AUTH PLAIN\r\n");
            said.Add(await c.ReadLineAsync());
            await c.SendAsync("221 2.0.0 Bye\r\n");
        });

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick);

        Assert.Equal((ProbeOutcome.StartTlsNotOffered, "the server does not offer STARTTLS"), (result.Outcome, result.Failure));
        Assert.Equal(["AUTH PLAIN"], result.CapabilitiesBefore);
        Assert.Equal(["EHLO [127.0.0.2]", "QUIT"], said);
    }

    [Fact]
    public async Task A_server_that_hangs_up_at_EHLO_has_not_said_that_it_has_no_STARTTLS()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 mail.example.test ESMTP\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("421 4.7.0 too many connections\r\n");
        });

        Assert.Equal(ProbeOutcome.NoGreeting, (await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick)).Outcome);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2")]
    [InlineData("554 5.3.2 not now\r\n", "554 5.3.2 not now")]
    [InlineData("", "closed")]
    public async Task What_does_not_greet_as_a_mail_server_is_no_greeting(string greeting, string told)
    {
        var server = new FakeServer(c => c.SendAsync(greeting));

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.NoGreeting, result.Outcome);
        Assert.Contains(told, result.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_is_no_greeting_after_the_limit()
    {
        var server = new FakeServer(c => c.ReadLineAsync());

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, new ProbeLimits(TimeSpan.FromMilliseconds(50), TimeProvider.System));

        Assert.Equal((ProbeOutcome.NoGreeting, "greeting: nothing within 0.05 s"), (result.Outcome, result.Failure));
    }

    [Fact]
    public async Task A_close_in_the_handshake_is_told_as_such()
    {
        var server = new FakeServer(async c => await c.AnswerHelloAsync([]));

        var result = await MailProbe.RunAsync(Implicit, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.HandshakeFailed, result.Outcome);
        Assert.Contains("without an alert", result.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_shakes_hands_with_nobody_has_refused_no_version()
    {
        var server = new FakeServer(async c => await c.AnswerHelloAsync([]));

        var result = await MailProbe.RunAsync(Implicit with { Offers = [TlsVersion.Tls10, TlsVersion.Tls11] }, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.HandshakeFailed, result.Outcome);
        Assert.All(result.Offers.Values, o => Assert.Equal(OfferOutcome.NotTested, o));
    }

    [Fact]
    public async Task An_alert_is_told_by_its_name()
    {
        var server = new FakeServer(c => c.AnswerHelloAsync([21, 3, 3, 0, 2, 2, 70]));

        var result = await MailProbe.RunAsync(Implicit, server.ConnectAsync, Token, Quick);

        Assert.Equal((ProbeOutcome.HandshakeFailed, "the server refused with the TLS alert protocol_version"), (result.Outcome, result.Failure));
    }

    [Fact]
    public async Task Clear_text_on_an_implicit_port_is_shown()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 mail.example.test ESMTP\r\n");

            // It goes on listening, as a real one does: a client that is hung up on may never read the greeting.
            await c.ReadLineAsync();
        });

        var result = await MailProbe.RunAsync(Implicit, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.HandshakeFailed, result.Outcome);
        Assert.Contains("\"220 mail.example.test ESMTP\" in the clear", result.Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("220 ready\r\n250-evil.example\r\n250 AUTH PLAIN\r\n")]
    [InlineData("220 ready\r\n\r\n")]
    public async Task Clear_text_after_the_answer_to_STARTTLS_is_never_taken_as_TLS(string answer)
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 mail.example.test ESMTP\r\n");
            await c.ReadLineAsync();
            await c.SendAsync(Ehlo);
            await c.ReadLineAsync();
            await c.SendAsync(answer);
            await c.StartTlsAsync(Leaf);
            await c.ReadLineAsync();
        });

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.HandshakeFailed, result.Outcome);
        Assert.Contains("in the clear", result.Failure, StringComparison.Ordinal);
        Assert.Empty(result.CapabilitiesAfter);
    }

    [Fact]
    public async Task Clear_text_that_comes_late_breaks_the_handshake()
    {
        var server = new FakeServer(
            async c =>
            {
                await c.SendAsync("220 mail.example.test ESMTP\r\n");
                await c.ReadLineAsync();
                await c.SendAsync(Ehlo);
                await c.ReadLineAsync();
                await c.SendAsync("220 ready\r\n250 AUTH PLAIN\r\n");
                await c.StartTlsAsync(Leaf);
            },
            chunk: 1);

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.HandshakeFailed, result.Outcome);
        Assert.Empty(result.CapabilitiesAfter);
    }

    [Fact]
    public async Task A_server_that_dies_after_the_handshake_gave_its_chain_but_no_answer()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 mail.example.test ESMTP\r\n");
            await c.ReadLineAsync();
            await c.SendAsync(Ehlo);
            await c.ReadLineAsync();
            await c.SendAsync("220 ready\r\n");
            await c.StartTlsAsync(Leaf);
        });

        var result = await MailProbe.RunAsync(StartTls, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.NoAnswerOverTls, result.Outcome);
        Assert.Contains("EHLO over TLS", result.Failure, StringComparison.Ordinal);
        Assert.Equal([Convert.ToBase64String(Leaf.Der)], result.Chain);
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_kept_for_judgement()
    {
        var other = Root.Leaf("mail.example.test");
        // The leaf is not of the key that signs the handshake: no library goes on, but what was sent is seen.
        var server = new FakeServer(c => c.StartTlsAsync(Leaf, chain: [other]));

        var result = await MailProbe.RunAsync(Implicit, server.ConnectAsync, Token, Quick);

        Assert.Equal(ProbeOutcome.HandshakeFailed, result.Outcome);
        Assert.Equal([Convert.ToBase64String(other.Der)], result.Chain);
    }

    [Fact]
    public async Task A_connection_that_is_refused_is_not_connected()
    {
        foreach (var e in new Exception[] { new SocketException((int)SocketError.ConnectionRefused), new TimeoutException("too slow"), new IOException("no route") })
        {
            var result = await MailProbe.RunAsync(StartTls with { Offers = [TlsVersion.Tls10] }, _ => Task.FromException<Stream>(e), Token);

            Assert.Equal((ProbeOutcome.NotConnected, e.Message), (result.Outcome, result.Failure));
            Assert.Equal(OfferOutcome.NotTested, result.Offers[TlsVersion.Tls10]);
        }
    }

    [Fact]
    public async Task Cancelling_is_no_outcome()
    {
        using var source = new CancellationTokenSource();
        var server = new FakeServer(async c =>
        {
            await source.CancelAsync();
            await c.ReadLineAsync();
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => MailProbe.RunAsync(StartTls, server.ConnectAsync, source.Token, Quick));
    }

    internal static async Task SpeakSmtpAsync(FakeConnection c, Func<FakeConnection, Task> startTls)
    {
        await c.SendAsync("220 mail.example.test ESMTP\r\n");
        await c.ReadLineAsync();
        await c.SendAsync(Ehlo);
        await c.ReadLineAsync();
        await c.SendAsync("220 2.0.0 Ready to start TLS\r\n");
        await startTls(c);
        await c.ReadLineAsync();
        await c.SendAsync(EhloOverTls);
        await c.ReadLineAsync();
        await c.SendAsync("221 2.0.0 Bye\r\n");
    }
}
