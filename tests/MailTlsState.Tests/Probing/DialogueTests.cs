using MailTlsState.Probing;
using Xunit;

namespace MailTlsState.Tests.Probing;

// The servers' lines were recorded from Postfix 3.7.11 and Dovecot 2.3.19.1 as Debian 12 ships them.
public class DialogueTests
{
    private const string Postfix = """
        S: 220 mail.example.test ESMTP Postfix (Debian/GNU)
        C: EHLO [127.0.0.2]
        S: 250-mail.example.test
        S: 250-PIPELINING
        S: 250-SIZE 10240000
        S: 250-VRFY
        S: 250-ETRN
        S: 250-STARTTLS
        S: 250-ENHANCEDSTATUSCODES
        S: 250-8BITMIME
        S: 250-DSN
        S: 250-SMTPUTF8
        S: 250 CHUNKING
        """;

    private const string DovecotImap = """
        S: * OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED] Dovecot (Debian) ready.
        C: a1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ STARTTLS LOGINDISABLED
        S: a1 OK Pre-login capabilities listed, post-login capabilities have more.
        """;

    private const string DovecotPop3 = """
        S: +OK Dovecot (Debian) ready.
        C: CAPA
        S: +OK
        S: CAPA
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: PIPELINING
        S: AUTH-RESP-CODE
        S: STLS
        S: SASL
        S: .
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Transcript.Chunks), MemberType = typeof(Transcript))]
    public async Task Postfix_is_understood_in_chunks_of_any_size(int chunk)
    {
        var transcript = new Transcript(Postfix + "\nC: STARTTLS\nS: 220 2.0.0 Ready to start TLS\nC: QUIT\nS: 221 2.0.0 Bye", chunk);
        var channel = new LineChannel(transcript);
        var smtp = new SmtpDialogue("127.0.0.2");

        Assert.Equal("220 mail.example.test ESMTP Postfix (Debian/GNU)", await smtp.GreetAsync(channel, Token));
        var capabilities = await smtp.CapabilitiesAsync(channel, Token);
        Assert.Equal(["PIPELINING", "SIZE 10240000", "VRFY", "ETRN", "STARTTLS", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"], capabilities);
        Assert.True(smtp.OffersTls(capabilities));
        Assert.Null(await smtp.StartTlsAsync(channel, null, Token));
        await smtp.QuitAsync(channel, Token);
        Assert.True(transcript.IsOver);
    }

    [Theory]
    [MemberData(nameof(Transcript.Chunks), MemberType = typeof(Transcript))]
    public async Task Dovecot_IMAP_is_understood_in_chunks_of_any_size(int chunk)
    {
        var transcript = new Transcript(DovecotImap + "\nC: a2 STARTTLS\nS: a2 OK Begin TLS negotiation now.\nC: a3 LOGOUT\nS: * BYE Logging out\nS: a3 OK Logout completed.", chunk);
        var channel = new LineChannel(transcript);
        var imap = new ImapDialogue();

        Assert.StartsWith("* OK [CAPABILITY", await imap.GreetAsync(channel, Token), StringComparison.Ordinal);
        var capabilities = await imap.CapabilitiesAsync(channel, Token);
        Assert.Equal(["IMAP4REV1", "SASL-IR", "LOGIN-REFERRALS", "ID", "ENABLE", "IDLE", "LITERAL+", "STARTTLS", "LOGINDISABLED"], capabilities);
        Assert.True(imap.OffersTls(capabilities));
        Assert.Null(await imap.StartTlsAsync(channel, null, Token));
        await imap.QuitAsync(channel, Token);
        Assert.True(transcript.IsOver);
    }

    [Theory]
    [MemberData(nameof(Transcript.Chunks), MemberType = typeof(Transcript))]
    public async Task Dovecot_POP3_is_understood_in_chunks_of_any_size(int chunk)
    {
        var transcript = new Transcript(DovecotPop3 + "\nC: STLS\nS: +OK Begin TLS negotiation now.\nC: QUIT\nS: +OK Logging out", chunk);
        var channel = new LineChannel(transcript);
        var pop3 = new Pop3Dialogue();

        Assert.Equal("+OK Dovecot (Debian) ready.", await pop3.GreetAsync(channel, Token));
        var capabilities = await pop3.CapabilitiesAsync(channel, Token);
        Assert.Equal(["CAPA", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE", "STLS", "SASL"], capabilities);
        Assert.True(pop3.OffersTls(capabilities));
        Assert.Null(await pop3.StartTlsAsync(channel, null, Token));
        await pop3.QuitAsync(channel, Token);
        Assert.True(transcript.IsOver);
    }

    [Fact]
    public async Task A_greeting_of_several_lines_is_one_greeting()
    {
        var channel = new LineChannel(new Transcript("S: 220-mail.example.test ESMTP\nS: 220-wait\nS: 220 ready\nC: EHLO [IPv6:::1]\nS: 250 mail.example.test", 7));
        var smtp = new SmtpDialogue("::1");

        Assert.Equal("220-mail.example.test ESMTP", await smtp.GreetAsync(channel, Token));
        Assert.Empty(await smtp.CapabilitiesAsync(channel, Token));
    }

    [Theory]
    [InlineData("S: 554 5.7.1 no service")]
    [InlineData("S: HTTP/1.1 400 Bad Request")]
    [InlineData("S: * OK IMAP here")]
    [InlineData("S: 220-first\nS: 250 other code")]
    [InlineData("S: 22")]
    public async Task What_is_no_SMTP_greeting_is_said_so(string text)
    {
        var e = await Assert.ThrowsAsync<MailProtocolException>(() => new SmtpDialogue(null).GreetAsync(new LineChannel(new Transcript(text, 7)), Token));

        Assert.Contains("\"", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("S: * BYE busy")]
    [InlineData("S: 220 mail.example.test ESMTP")]
    public async Task What_is_no_IMAP_greeting_is_said_so(string text) =>
        await Assert.ThrowsAsync<MailProtocolException>(() => new ImapDialogue().GreetAsync(new LineChannel(new Transcript(text, 7)), Token));

    [Fact]
    public async Task An_IMAP_server_that_says_goodbye_gives_no_capabilities()
    {
        var channel = new LineChannel(new Transcript("C: a1 CAPABILITY\nS: * BYE shutting down", 7));

        var e = await Assert.ThrowsAsync<MailProtocolException>(() => new ImapDialogue().CapabilitiesAsync(channel, Token));

        Assert.Contains("shutting down", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_STARTTLS_is_given_as_the_server_said_it()
    {
        var smtp = new LineChannel(new Transcript("C: STARTTLS\nS: 454 4.7.0 TLS not available due to local problem", 1));
        var imap = new LineChannel(new Transcript("C: a1 STARTTLS\nS: a1 NO not now", 1));
        var pop3 = new LineChannel(new Transcript("C: STLS\nS: -ERR no", 1));

        Assert.Equal("454 4.7.0 TLS not available due to local problem", await new SmtpDialogue(null).StartTlsAsync(smtp, null, Token));
        Assert.Equal("NO not now", await new ImapDialogue().StartTlsAsync(imap, null, Token));
        Assert.Equal("-ERR no", await new Pop3Dialogue().StartTlsAsync(pop3, null, Token));
    }

    [Fact]
    public async Task A_line_without_end_is_not_kept()
    {
        var channel = new LineChannel(new Transcript("S: 220 " + new string('x', LineChannel.LongestLine), int.MaxValue));

        await Assert.ThrowsAsync<MailProtocolException>(() => channel.ReadLineAsync(Token));
    }

    [Fact]
    public async Task A_reply_without_end_is_not_kept()
    {
        var lines = string.Join('\n', Enumerable.Repeat("S: 250-more", LineChannel.MostLines + 1));
        var capa = string.Join('\n', Enumerable.Repeat("S: +OK", LineChannel.MostLines + 2));
        var untagged = string.Join('\n', Enumerable.Repeat("S: * OK more", LineChannel.MostLines + 1));

        await Assert.ThrowsAsync<MailProtocolException>(() => new SmtpDialogue(null).CapabilitiesAsync(new LineChannel(new Transcript("C: EHLO [127.0.0.1]\n" + lines, 7)), Token));
        await Assert.ThrowsAsync<MailProtocolException>(() => new Pop3Dialogue().CapabilitiesAsync(new LineChannel(new Transcript("C: CAPA\n" + capa, 7)), Token));
        await Assert.ThrowsAsync<MailProtocolException>(() => new ImapDialogue().CapabilitiesAsync(new LineChannel(new Transcript("C: a1 CAPABILITY\n" + untagged, 7)), Token));
    }

    [Fact]
    public async Task The_end_of_the_connection_is_told_from_an_empty_line()
    {
        var channel = new LineChannel(new Transcript("S: ", 1));

        Assert.Equal("", await channel.ReadLineAsync(Token));
        await Assert.ThrowsAsync<EndOfStreamException>(() => channel.ReadLineAsync(Token));
    }

    [Fact]
    public void What_a_server_said_is_shown_without_control_characters() =>
        Assert.Equal("\"a?[31mb?\"", LineChannel.Show("a\u001b[31mb\u009b"));
}
