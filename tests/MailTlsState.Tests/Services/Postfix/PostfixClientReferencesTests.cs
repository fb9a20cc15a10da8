using MailTlsState.Certificates;
using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>Mail to other hosts goes out as before, also where its parameters refer to the server's.</summary>
public sealed class PostfixClientReferencesTests
{
    private const string Defaults = "smtpd_tls_ciphers = medium\nsmtpd_tls_mandatory_protocols = >=TLSv1\nsmtpd_tls_exclude_ciphers =\n";
    private const string Directory = "/etc/pki/mailtls/mail.example.com";

    [Theory]
    [InlineData("smtp_tls_ciphers", "$smtpd_tls_ciphers", "medium", "intermediate")]
    [InlineData("smtp_tls_mandatory_protocols", "${smtpd_tls_mandatory_protocols}", ">=TLSv1", "intermediate")]
    [InlineData("smtp_tls_exclude_ciphers", "$smtpd_tls_exclude_ciphers", "", "article")]
    [InlineData("lmtp_tls_ciphers", "$(smtpd_tls_ciphers)", "medium", "intermediate")]
    [InlineData("tlsproxy_client_cert_file", "${smtpd_tls_cert_file?/etc/ssl/client.pem}", "/etc/ssl/client.pem", "intermediate")]
    [InlineData("smtp_tls_security_level", "$smtpd_tls_security_level", "encrypt", "intermediate")]
    public void What_refers_to_a_setting_that_changes_is_written_out(string name, string reference, string value, string policy)
    {
        var main = $"smtpd_tls_security_level = encrypt\nsmtpd_tls_cert_file = /etc/ssl/a.pem\nmine = {reference}\n";
        foreach (var written in new[] { reference, "$mine" })
        {
            var made = Plan("3.7.11", $"{main}{name} = {written}\n", Master, policy: policy, effective: $"{Defaults}{name} = {value}\n");
            Assert.Equal(value, made.Main.Get(name));
            Assert.Contains(made.Attributes, a => a.Name == name && a.Before == $"{written} (/etc/postfix/main.cf:4)" && a.After == (value.Length == 0 ? "(empty)" : value));

            var again = Plan("3.7.11", made.Main.ToString(), made.Master.ToString(), policy: policy);
            Assert.DoesNotContain(again.Attributes, a => a.Name == name);
        }
    }

    [Theory]
    [InlineData("tlsproxy_tls_ciphers = $smtpd_tls_ciphers")]
    [InlineData("postscreen_tls_security_level = $smtpd_tls_security_level")]
    [InlineData("smtp_helo_name = $smtpd_name\nsmtpd_name = mail.example.com")]
    [InlineData("smtp_tls_loglevel = $smtpd_tls_loglevel\nsmtpd_tls_loglevel = 1")]
    [InlineData("tlsproxy_client_level = $smtp_tls_security_level")]
    [InlineData("tlsproxy_client_security_level = ${tlsproxy_client_level:$smtp_tls_security_level}")]
    public void What_refers_to_something_else_and_what_is_the_servers_stays(string setting)
    {
        var made = Plan("3.7.11", $"smtpd_tls_security_level = encrypt\nsmtp_tls_security_level = may\n{setting}\n", Master, more: "outbound: { security: required }, ", effective: Defaults);
        Assert.Contains(setting, made.Main.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reference_to_what_is_right_already_stays()
    {
        const string main = "smtpd_tls_ciphers = high\nsmtp_tls_ciphers = $smtpd_tls_ciphers\n";
        Assert.StartsWith(main, Plan("3.7.11", main, Master, effective: "smtp_tls_ciphers = high\n").Main.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Lmtp_does_not_follow_the_manifests_outbound_section()
    {
        var made = Plan("3.7.11", "smtp_tls_security_level = may\nlmtp_tls_security_level = $smtp_tls_security_level\n", Master, more: "outbound: { security: required }, ", effective: "lmtp_tls_security_level = may\n");
        Assert.Equal(("encrypt", "may"), (made.Main.Get("smtp_tls_security_level"), made.Main.Get("lmtp_tls_security_level")));
    }

    [Fact]
    public void No_client_certificate_is_set_that_was_not_there()
    {
        var made = Plan("3.7.11", "smtp_tls_chain_files = $smtpd_tls_chain_files\n", Master, effective: "smtp_tls_chain_files =\nsmtpd_tls_chain_files =\n");
        Assert.Equal("", made.Main.Get("smtp_tls_chain_files"));
        Assert.NotEmpty(made.Main.Get("smtpd_tls_chain_files")!);
        Assert.DoesNotContain("MTS0315", made.Codes);
    }

    [Fact]
    public void A_clients_option_in_master_cf_is_written_out_too()
    {
        const string clients = "smtp unix - - y - - smtp\n  -o smtp_tls_ciphers=$smtpd_tls_ciphers\nfilter unix - - y - - lmtp\n  -o mine=low\nrelay unix - - y - - smtp\n  -o smtpd_tls_ciphers=low -o smtp_tls_ciphers=$smtpd_tls_ciphers\n";
        var made = Plan(
            "3.7.11", "mine = $smtpd_tls_ciphers\nlmtp_tls_ciphers = $mine\n", Master + clients, effective: Defaults + "lmtp_tls_ciphers = medium\n",
            overrides: "smtp/unix/smtp_tls_ciphers = medium\nfilter/unix/mine = low\nrelay/unix/smtp_tls_ciphers = low\n");
        Assert.Equal("medium", made.Master.Find("smtp", "unix")!.Override("smtp_tls_ciphers"));
        Assert.Contains(made.Attributes, a => a.Name == "smtp -o smtp_tls_ciphers" && a.Before == "$smtpd_tls_ciphers (/etc/postfix/master.cf:6)" && a.After == "medium");
        Assert.Equal("medium", made.Main.Get("lmtp_tls_ciphers"));

        // One client's own value of what main.cf refers to goes on to count.
        Assert.Equal("$mine", made.Master.Find("filter", "unix")!.Override("lmtp_tls_ciphers"));
        Assert.Equal("$smtpd_tls_ciphers", made.Master.Find("relay", "unix")!.Override("smtp_tls_ciphers"));
    }

    [Fact]
    public void A_file_of_our_own_that_moves_is_followed()
    {
        const string main = $"smtpd_tls_cert_file = {Directory}.pem\nsmtpd_tls_key_file = {Directory}.key\nsmtp_tls_cert_file = $smtpd_tls_cert_file\nsmtp_tls_key_file = $smtpd_tls_key_file\n";
        const string effective = $"smtp_tls_cert_file = {Directory}.pem\nsmtp_tls_key_file = {Directory}.key\n";
        var place = new CertificatePlace(new CertificateFiles($"{Directory}.key", $"{Directory}.pem"), 1, []);
        var split = Plan("3.7.11", main, Master, effective: effective, pairs: [new CertificateFiles($"{Directory}.2.key", $"{Directory}.2.pem")], place: place);
        Assert.Equal("$smtpd_tls_key_file", split.Main.Get("smtp_tls_key_file"));

        var bundle = Plan("3.7.11", main, Master, effective: effective, pairs: [new CertificateFiles($"{Directory}.2.pem", $"{Directory}.2.pem")], place: place);
        Assert.Equal(($"{Directory}.2.pem", $"{Directory}.2.pem"), (bundle.Main.Get("smtp_tls_cert_file"), bundle.Main.Get("smtp_tls_key_file")));
    }
}
