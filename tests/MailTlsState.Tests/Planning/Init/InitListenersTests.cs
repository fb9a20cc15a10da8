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

    [Theory]
    [InlineData("smtp inet n - y - - smtpd -o smtpd_upstream_proxy_protocol=haproxy\n", "", "smtp")]
    [InlineData("smtp inet n - y - 1 postscreen -o postscreen_upstream_proxy_protocol=haproxy\nsmtpd pass - - y - - smtpd\n", "", "smtp")]
    [InlineData("smtp inet n - y - - smtpd\n", "service imap-login {\n  inet_listener imaps {\n    haproxy = yes\n  }\n}\n", "imaps")]
    [InlineData("smtp inet n - y - - smtpd\n", "service imap-login {\n  inet_listener mine {\n    haproxy = yes\n    port = 993\n    ssl = yes\n  }\n}\n", "imaps")]
    [InlineData("smtp inet n - y - - smtpd\n", "", "")]
    public async Task A_listener_that_wants_a_proxy_header_first_is_one_in_the_manifest(string master, string dovecot, string proxied)
    {
        var (manifest, findings) = await new InitHost { MasterCf = master, DovecotConf = dovecot }.ReadAsync();
        Assert.Equal(proxied, string.Concat(manifest.Services.SelectMany(s => s.Endpoints).Where(e => e.ProxyProtocol).Select(e => e.Kind.Name())));
        Assert.Empty(findings);
    }

    [Fact]
    public async Task Of_listeners_that_differ_in_the_proxy_header_the_one_behind_the_proxy_is_named()
    {
        var host = new InitHost { MasterCf = "10.77.0.1:smtp inet n - y - - smtpd\n10.77.0.5:smtp inet n - y - - smtpd -o smtpd_upstream_proxy_protocol=haproxy\n", Sockets = [("10.77.0.1", 25), ("10.77.0.5", 25)] };
        var (manifest, findings) = await host.ReadAsync();
        Assert.False(Assert.Single(manifest.Postfix!.Endpoints).ProxyProtocol);
        Assert.StartsWith("warning MTS0651: of smtp, 10.77.0.5:smtp wants a proxy header first and 10.77.0.1:smtp does not", Assert.Single(findings), StringComparison.Ordinal);
    }

    private const string Tls13 = "ssl_min_protocol = TLSv1.3\n";
    private const string Tls12 = "ssl_min_protocol = TLSv1.2\n";

    [Theory]
    [InlineData("smtpd_tls_protocols = >=TLSv1.3", "", Tls13, Tls13, "modern", "")]
    [InlineData("smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.2", "", Tls13, Tls13, "modern", "")]
    [InlineData("smtpd_tls_protocols = TLSv1.3", "", Tls13, Tls13, "modern", "")]
    [InlineData("smtpd_tls_protocols = >=TLSv1.2", "", Tls13, Tls13, "intermediate", "imaps, pop3s")]
    [InlineData("smtpd_tls_protocols = >=TLSv1.2", "", Tls12, Tls13, "intermediate", "pop3s")]
    [InlineData("smtpd_tls_mandatory_protocols = >=TLSv1.3", "", Tls12, Tls12, "intermediate", "")]
    [InlineData("", "submission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_tls_mandatory_protocols=>=TLSv1.3\n", Tls12, Tls12, "intermediate", "submission")]
    public async Task The_policy_is_modern_where_every_listener_takes_TLS_1_3_alone_and_else_those_that_do_are_named(
        string main, string master, string imap, string pop3, string policy, string named)
    {
        var host = new InitHost
        {
            MainCf = InitHost.Main + main + "\n",
            MasterCf = "smtp inet n - y - - smtpd\n" + master,
            Dovecot = p => "ssl = required\n" + (p == "imap" ? imap : pop3),
            Sockets = [("0.0.0.0", 25), ("0.0.0.0", 993), ("0.0.0.0", 995), .. master.Length > 0 ? [("0.0.0.0", 587)] : Array.Empty<(string, int)>()],
        };
        var (manifest, findings) = await host.ReadAsync();
        Assert.Equal(policy, manifest.Policy.Base);
        Assert.Equal(named.Length == 0 ? [] : [$"warning MTS0653: TLS 1.3 alone is taken by {named}, but not by every endpoint"], findings.Select(f => f.Split(": the policy")[0]));
    }

    [Theory]
    [InlineData(null, true, "warning MTS0654: Dovecot is installed and does not run, so the manifest leaves it out")]
    [InlineData("doveconf: Warning: old\ndoveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf line 3: Unknown setting: x\n", true, "warning MTS0654: Dovecot cannot read its configuration, so the manifest leaves it out: doveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf line 3: Unknown setting: x")]
    [InlineData("doveconf: Fatal: no\n", false, "warning MTS0654: Dovecot cannot read its configuration, so of its endpoints the manifest has no more than the ports: doveconf: Fatal: no")]
    public async Task A_server_that_is_stopped_or_cannot_read_its_configuration_is_named(string? error, bool stopped, string expected)
    {
        var (manifest, findings) = await new InitHost { DovecotError = error, IsDovecotStopped = stopped, Sockets = [("0.0.0.0", 25), .. stopped ? Array.Empty<(string, int)>() : [("0.0.0.0", 993)]] }.ReadAsync();
        Assert.Equal(stopped, manifest.Dovecot is null);
        Assert.StartsWith(expected, Assert.Single(findings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ssl = no\ndisable_plaintext_auth = yes\n", "/etc/dovecot/dovecot.conf:1:1: warning MTS0655: imap (143) lets clients go on without TLS (ssl = no), and with security: required apply ends that")]
    [InlineData("ssl = yes\ndisable_plaintext_auth = no\n", "/etc/dovecot/dovecot.conf:2:1: warning MTS0655: imap (143) lets clients go on without TLS (disable_plaintext_auth = no)")]
    [InlineData("ssl = yes\nauth_allow_cleartext = yes\n", "/etc/dovecot/dovecot.conf:2:1: warning MTS0655: imap (143) lets clients go on without TLS (auth_allow_cleartext = yes)")]
    [InlineData("ssl = required\ndisable_plaintext_auth = no\n", null)]
    [InlineData("ssl = yes\ndisable_plaintext_auth = yes\n", null)]
    public async Task Logins_without_TLS_that_the_manifest_ends_are_named_of_Dovecot(string settings, string? expected)
    {
        var (manifest, findings) = await new InitHost { DovecotConf = settings, Dovecot = _ => settings, Sockets = [("0.0.0.0", 25), ("0.0.0.0", 143), ("0.0.0.0", 993)] }.ReadAsync();
        Assert.Equal([EndpointSecurity.Required, EndpointSecurity.Implicit], manifest.Dovecot!.Endpoints.Select(e => e.Security));
        Assert.Equal(expected is null ? 0 : 1, findings.Count);
        Assert.All(findings, f => Assert.StartsWith(expected!, f, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("submission inet n - y - - smtpd\n  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_tls_security_level=may\n", "/etc/postfix/master.cf:4:1: warning MTS0655: submission (587) lets clients go on without TLS (smtpd_tls_security_level = may)")]
    [InlineData("submission inet n - y - - smtpd\n", "/etc/postfix/master.cf:2:1: warning MTS0655: submission (587) lets clients go on without TLS (smtpd_tls_security_level = may)")]
    [InlineData("submission inet n - y - - smtpd -o smtpd_tls_security_level=encrypt\n", null)]
    public async Task Logins_without_TLS_that_the_manifest_ends_are_named_of_Postfix(string master, string? expected)
    {
        var (_, findings) = await new InitHost { MasterCf = "smtp inet n - y - - smtpd\n" + master, Sockets = [("0.0.0.0", 25), ("0.0.0.0", 587), ("0.0.0.0", 993)] }.ReadAsync();
        Assert.Equal(expected is null ? 0 : 1, findings.Count);
        Assert.All(findings, f => Assert.StartsWith(expected!, f, StringComparison.Ordinal));
    }
}
