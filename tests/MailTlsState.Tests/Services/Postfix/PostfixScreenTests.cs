using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>Parameters that postscreen and tlsproxy have beside smtpd's.</summary>
public sealed class PostfixScreenTests
{
    private const string Screened = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\ntlsproxy unix - - y - 0 tlsproxy\n";

    [Theory]
    [InlineData("postscreen_tls_security_level", "none")]
    [InlineData("tlsproxy_tls_security_level", "none")]
    [InlineData("tlsproxy_tls_cert_file", "/etc/ssl/certs/ssl-cert-snakeoil.pem")]
    [InlineData("tlsproxy_tls_chain_files", "/etc/ssl/other.pem")]
    [InlineData("tlsproxy_tls_protocols", "TLSv1")]
    [InlineData("tlsproxy_tls_mandatory_ciphers", "low")]
    public void What_main_cf_sets_for_postscreens_clients_alone_goes_and_the_plan_shows_the_line(string name, string value)
    {
        var main = $"smtpd_tls_security_level = may\n{name} = {value}\n";
        var made = Screen(main, Screened);
        Assert.Null(made.Main.Get(name));
        Assert.Contains(made.Attributes, a => a.Name == name && a.Before == $"{value} (/etc/postfix/main.cf:2)" && a.After is null);
        Assert.DoesNotContain(Screen(made.Main.ToString(), made.Master.ToString()).Attributes, a => a.Name.Contains(name, StringComparison.Ordinal));

        // Where no named port is postscreen's, it is nobody's affair.
        Assert.Equal(value, Plan("3.7.11", main, Master).Main.Get(name));
    }

    [Theory]
    [InlineData("smtp", "inet", "postscreen_tls_security_level=none")]
    [InlineData("tlsproxy", "unix", "tlsproxy_tls_ciphers=low")]
    [InlineData("tlsproxy", "unix", "tlsproxy_tls_key_file=/etc/ssl/other.key")]
    public void What_their_entries_set_goes_too(string service, string type, string option)
    {
        var command = service == "smtp" ? "postscreen" : service;
        var made = Screen("smtpd_tls_security_level = may\n", Screened.Replace($"{command}\n", $"{command}\n  -o {option}\n", StringComparison.Ordinal));
        Assert.Null(made.Master.Find(service, type)!.Override(option.Split('=')[0]));
        Assert.Contains(made.Attributes, a => a.Name == $"{service} -o {option.Split('=')[0]}" && a.Before!.Contains("/etc/postfix/master.cf:", StringComparison.Ordinal) && a.After is null);
    }

    [Fact]
    public void A_default_that_is_written_out_and_a_value_that_is_right_stay()
    {
        const string main = "tlsproxy_tls_cert_file = $smtpd_tls_cert_file\ntlsproxy_tls_ciphers = ${smtpd_tls_ciphers}\ntlsproxy_tls_mandatory_ciphers = high\npostscreen_tls_security_level = may\ntlsproxy_tls_loglevel = 1\n";
        Assert.StartsWith(main, Screen(main, Screened).Main.ToString(), StringComparison.Ordinal);
    }

    private static Made Screen(string main, string master) => Plan("3.7.11", main, master, endpoints: "smtp: { security: opportunistic }");
}
