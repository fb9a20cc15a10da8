using MailTlsState.Services.Dovecot;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot;

public class DovecotAnswersTests
{
    // 2.4.1 answers a server's name alone with its default and shows the value in the block; 2.4.5 answers the name.
    [Theory]
    [InlineData("ssl = yes\nssl_server {\n  cert_file = /x\n  key_file = /y\n  prefer_ciphers = server\n}\nssl_server_cert_file = \nssl_server_key_file = \nssl_server_prefer_ciphers = client\n")]
    [InlineData("ssl = yes\nssl_server_cert_file = /x\nssl_server_key_file = /y\nssl_server_alt_cert_file = \nssl_server_prefer_ciphers = server\n")]
    public void The_server_s_settings_are_read_as_either_version_of_2_4_prints_them(string answer)
    {
        var values = DovecotAnswers.Parse(answer);
        Assert.Equal(("/x", "/y", "server"), (values["ssl_server_cert_file"], values["ssl_server_key_file"], values["ssl_server_prefer_ciphers"]));
        Assert.DoesNotContain("ssl_server_alt_cert_file", values.Keys);
        Assert.Equal([new("/x", "/y")], DovecotAnswers.NamedPairs(new Dictionary<string, string> { ["doveconf for imap to a.b"] = answer }));
    }

    [Fact]
    public void What_the_server_s_block_sets_counts_and_not_what_stands_outside() =>
        Assert.Equal("TLSv1.3", DovecotAnswers.Parse("ssl_server {\n  ssl_min_protocol = TLSv1.3\n}\nssl_min_protocol = TLSv1.2\nssl_server_cert_file = /x\n")["ssl_min_protocol"]);
}
