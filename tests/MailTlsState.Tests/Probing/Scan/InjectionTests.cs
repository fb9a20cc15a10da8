using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Tests.Verification;
using Xunit;

namespace MailTlsState.Tests.Probing.Scan;

/// <summary>A command that comes in the same packet as STARTTLS (CVE-2011-0411).</summary>
public class InjectionTests
{
    private static readonly TestCertificate Leaf = TestCertificate.Root().Leaf("mail.example.test");
    private static readonly ProbeLimits Quick = new(TimeSpan.FromSeconds(20), TimeProvider.System);
    private static readonly ProbeRequest StartTls = new(MailProtocol.Smtp, false, "127.0.0.1", 25, "mail.example.test", "127.0.0.2", []);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MailProtocol.Smtp, false, InjectionOutcome.Dropped)]
    [InlineData(MailProtocol.Smtp, true, InjectionOutcome.Executed)]
    [InlineData(MailProtocol.Imap, false, InjectionOutcome.Dropped)]
    [InlineData(MailProtocol.Imap, true, InjectionOutcome.Executed)]
    [InlineData(MailProtocol.Pop3, false, InjectionOutcome.Dropped)]
    [InlineData(MailProtocol.Pop3, true, InjectionOutcome.Executed)]
    public async Task A_server_that_carries_it_out_over_TLS_is_told_from_one_that_drops_it(MailProtocol protocol, bool keeps, InjectionOutcome expected)
    {
        var server = new FakeServer(c => protocol switch
        {
            MailProtocol.Smtp => SpeakAsync(c, "220 ready\r\n", ["250-mail\r\n250 STARTTLS\r\n"], "220 go\r\n", keeps ? "250 2.0.0 Ok\r\n" : "", "221 bye\r\n"),
            MailProtocol.Imap => SpeakAsync(c, "* OK ready\r\n", ["* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n"], "a2 OK go\r\n", keeps ? "x1 OK\r\n" : "", "* BYE\r\nx2 OK\r\n"),
            _ => SpeakAsync(c, "+OK ready\r\n", ["+OK\r\nSTLS\r\n.\r\n"], "+OK go\r\n", keeps ? "-ERR unknown\r\n" : "", "+OK bye\r\n"),
        });

        var facts = await new ProbeSession(StartTls with { Protocol = protocol }, server.ConnectAsync, Quick, Token).InjectAsync();

        Assert.Equal(expected, facts.Injection);
        Assert.True(facts.ShookTls13);
    }

    [Fact]
    public async Task A_server_that_hangs_up_on_it_is_as_safe_as_one_that_drops_it()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 ready\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("250-mail\r\n250 STARTTLS\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("220 go\r\n");
        });

        Assert.Equal(InjectionOutcome.Dropped, (await new ProbeSession(StartTls, server.ConnectAsync, Quick, Token).InjectAsync()).Injection);
    }

    [Theory]
    [InlineData("503 5.5.0 improper command pipelining", InjectionOutcome.Dropped)]
    [InlineData("421 4.7.0 busy", InjectionOutcome.NotTested)]
    public async Task A_server_that_refuses_STARTTLS_for_it_is_as_safe_as_one_that_drops_it(string reply, InjectionOutcome expected)
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 ready\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("250-mail\r\n250 STARTTLS\r\n");
            await c.ReadLineAsync();
            await c.SendAsync(reply + "\r\n");
        });

        Assert.Equal(expected, (await new ProbeSession(StartTls, server.ConnectAsync, Quick, Token).InjectAsync()).Injection);
    }

    [Fact]
    public async Task A_server_that_falls_silent_has_not_shown_what_it_does()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 ready\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("250-mail\r\n250 STARTTLS\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("220 go\r\n");
            await Task.Delay(Timeout.Infinite);
        });
        var limits = new ProbeLimits(TimeSpan.FromMilliseconds(200), TimeProvider.System);

        Assert.Equal(InjectionOutcome.NotTested, (await new ProbeSession(StartTls, server.ConnectAsync, limits, Token).InjectAsync()).Injection);
    }

    [Fact]
    public async Task What_one_busy_moment_left_open_is_asked_again_and_told_where_it_stays_open()
    {
        var busy = 1;
        var server = new FakeServer(async c =>
        {
            if (Interlocked.Decrement(ref busy) >= 0)
            {
                await c.SendAsync("421 too many connections\r\n");
                return;
            }

            await SpeakAsync(c, "220 ready\r\n", ["250-mail\r\n250 STARTTLS\r\n"], "220 go\r\n", "", "221 bye\r\n");
        });
        var probe = new ProbeResult(StartTls, ProbeOutcome.Completed, null, null, [], [], null, null, [], new Dictionary<MailTlsState.Policies.TlsVersion, OfferOutcome>());
        var channel = new ScanChannel(StartTls, server.ConnectAsync, Quick, Token);
        Assert.Equal(InjectionOutcome.Dropped, (await SessionScan.RunAsync(channel, probe)).Injection);
        Assert.Empty(channel.Missing);

        busy = 100;
        Assert.Equal(InjectionOutcome.NotTested, (await SessionScan.RunAsync(channel, probe)).Injection);
        Assert.Equal(["tickets and what is sent with STARTTLS"], channel.Missing);
    }

    [Fact]
    public async Task Without_STARTTLS_nothing_is_said_of_it()
    {
        var server = new FakeServer(async c =>
        {
            await c.SendAsync("220 ready\r\n");
            await c.ReadLineAsync();
            await c.SendAsync("250 mail\r\n");
        });

        Assert.Equal(InjectionOutcome.NotTested, (await new ProbeSession(StartTls, server.ConnectAsync, Quick, Token).InjectAsync()).Injection);
    }

    private static async Task SpeakAsync(FakeConnection connection, string greeting, string[] capabilities, string go, string injected, string goodbye)
    {
        await connection.SendAsync(greeting);
        foreach (var reply in capabilities)
        {
            await connection.ReadLineAsync();
            await connection.SendAsync(reply);
        }

        await connection.ReadLineAsync();

        // What came with it.
        Assert.NotNull(await connection.ReadLineAsync());
        await connection.SendAsync(go);
        await connection.StartTlsAsync(Leaf);
        await connection.SendAsync(injected);
        await connection.ReadLineAsync();
        await connection.SendAsync(goodbye);
    }
}
