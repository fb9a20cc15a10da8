using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.Tests.Planning.Init;

/// <summary>What <c>init</c> writes of the endpoints: what each listener does, its own settings included.</summary>
public sealed class InitListenersTests
{
    private const string Screen = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd";

    [Theory]
    [InlineData("may", "smtp inet n - y - - smtpd", EndpointSecurity.Opportunistic)]
    [InlineData("encrypt", "smtp inet n - y - - smtpd", EndpointSecurity.Required)]
    [InlineData("encrypt", "smtp inet n - y - - smtpd -o smtpd_tls_security_level=may", EndpointSecurity.Opportunistic)]
    [InlineData("may", "smtp inet n - y - - smtpd -o smtpd_tls_security_level=encrypt", EndpointSecurity.Required)]
    [InlineData("may", "smtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt", EndpointSecurity.Opportunistic)]
    [InlineData("", "smtp inet n - y - - smtpd -o smtpd_enforce_tls=yes", EndpointSecurity.Required)]
    [InlineData("", "smtp inet n - y - - smtpd", EndpointSecurity.Opportunistic)]
    [InlineData("may", Screen + " -o smtpd_tls_security_level=encrypt", EndpointSecurity.Required)]
    [InlineData("encrypt", Screen + " -o smtpd_tls_security_level=may", EndpointSecurity.Opportunistic)]
    public async Task Port_25_gets_the_security_that_its_own_service_has(string level, string master, EndpointSecurity expected)
    {
        var (manifest, findings) = await new InitHost { MainCf = $"smtpd_tls_security_level = {level}\n", MasterCf = master + "\n" }.ReadAsync();
        Assert.Equal(expected, Assert.Single(manifest.Postfix!.Endpoints).Security);
        Assert.Empty(findings);
    }

    [Fact]
    public async Task Addresses_of_one_port_that_differ_keep_mail_coming_in_and_are_named()
    {
        var host = new InitHost { MasterCf = "10.77.0.1:smtp inet n - y - - smtpd\n10.77.0.5:smtp inet n - y - - smtpd -o smtpd_tls_security_level=encrypt\n", Sockets = [("10.77.0.1", 25), ("10.77.0.5", 25)] };
        var (manifest, findings) = await host.ReadAsync();
        Assert.Equal(EndpointSecurity.Opportunistic, Assert.Single(manifest.Postfix!.Endpoints).Security);
        Assert.StartsWith("warning MTS0651: of smtp, 10.77.0.5:smtp requires TLS and 10.77.0.1:smtp does not", Assert.Single(findings), StringComparison.Ordinal);
    }
}
