using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>Listeners behind a proxy that sends a header.</summary>
public sealed class PostfixProxyTests
{
    private const string Screened = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n";

    [Fact]
    public void A_listener_gets_what_the_manifest_says_of_a_proxy_header()
    {
        var made = Plan("3.7.11", "", Master, endpoints: "submission: { security: required, proxyProtocol: true }, submissions: { security: implicit, proxyProtocol: true }");
        Assert.Equal("haproxy", made.Master.Find("submission", "inet")!.Override("smtpd_upstream_proxy_protocol"));
        Assert.Equal("haproxy", made.Master.Find("submissions", "inet")!.Override("smtpd_upstream_proxy_protocol"));
        Assert.Null(made.Master.Find("smtp", "inet")!.Override("smtpd_upstream_proxy_protocol"));
        Assert.DoesNotContain("MTS0321", made.Codes);

        const string everywhere = "smtpd_upstream_proxy_protocol = haproxy\n";
        Assert.Null(Plan("3.7.11", everywhere, Master, endpoints: "submission: { security: required, proxyProtocol: true }").Master.Find("submission", "inet")!.Override("smtpd_upstream_proxy_protocol"));
    }

    [Fact]
    public void Where_postscreen_has_the_port_it_reads_the_header()
    {
        var made = Plan("3.7.11", "", Screened, endpoints: "smtp: { security: opportunistic, proxyProtocol: true }");
        Assert.Equal("haproxy", made.Master.Find("smtp", "inet")!.Override("postscreen_upstream_proxy_protocol"));
        Assert.Null(made.Master.Find("smtpd", "pass")!.Override("smtpd_upstream_proxy_protocol"));
    }

    [Theory]
    [InlineData("smtpd_upstream_proxy_protocol = haproxy\n", Master, true)]
    [InlineData("", "smtp inet n - y - - smtpd\n  -o smtpd_upstream_proxy_protocol=haproxy\n", true)]
    [InlineData("smtpd_upstream_proxy_protocol = haproxy\n", "smtp inet n - y - - smtpd\n  -o smtpd_upstream_proxy_protocol=\n", false)]
    [InlineData("postscreen_upstream_proxy_protocol = haproxy\n", Screened, true)]
    [InlineData("smtpd_upstream_proxy_protocol = haproxy\n", Screened, false)]
    public void A_proxy_header_that_the_manifest_says_nothing_of_is_told_and_stays(string main, string master, bool told)
    {
        var made = Plan("3.7.11", main, master, endpoints: "smtp: { security: opportunistic }");
        Assert.Equal(told, made.Codes.Contains("MTS0321"));
        Assert.StartsWith(main, made.Main.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(made.Attributes, a => a.Name.Contains("proxy_protocol", StringComparison.Ordinal));
    }
}
