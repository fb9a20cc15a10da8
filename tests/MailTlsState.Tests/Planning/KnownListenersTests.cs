using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Dovecot;
using MailTlsState.Services.Postfix;
using MailTlsState.Tests.Manifests;
using Xunit;

namespace MailTlsState.Tests.Planning;

/// <summary>Listeners that the manifest does not name: whose they are, what they are, and which of them are asked.</summary>
public sealed class KnownListenersTests
{
    private const int Primary = 100;
    private const int Second = 200;

    [Theory]
    [InlineData("2525 inet n - y - - smtpd", "2525", "smtp 2525")]
    [InlineData("2465 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes", "2465", "submissions 2465")]
    [InlineData("submission inet n - y - - smtpd", "587", "submission 587")]
    [InlineData("465 inet n - y - - smtpd", "465", "smtp 465")]
    [InlineData("192.0.2.1:2525 inet n - y - - smtpd", "2525", "")]
    [InlineData("2525 inet n - y - - smtpd -o smtpd_tls_security_level=none", "2525", "")]
    [InlineData("2525 inet n - y - - smtpd -o smtpd_tls_cert_file=/etc/other.pem", "2525", "")]
    [InlineData("2525 inet n - y - - smtpd -o smtpd_tls_req_ccert=yes", "2525", "")]
    [InlineData("2525 inet n - y - - smtpd -o smtpd_upstream_proxy_protocol=haproxy", "2525", "")]
    [InlineData("submission inet n - y - - smtpd -o smtpd_upstream_proxy_protocol=haproxy", "587", "")]
    [InlineData("127.0.0.1:10025 inet n - y - - smtpd", "10025", "")]
    [InlineData("localhost:10025 inet n - y - - smtpd", "10025", "")]
    [InlineData("2525 inet n - y - - postscreen", "2525", "")]
    [InlineData("10023 inet n n n - 0 spawn", "10023", "")]
    [InlineData("", "2525", "")]
    public void Postfixs_unnamed_listeners_are_asked_where_it_is_clear_what_they_are(string entry, string port, string asked) =>
        Assert.Equal(asked, Asked("postfix: { endpoints: { smtp: { security: opportunistic } } }", [At(Primary, "0.0.0.0", int.Parse(port))], [Postfix("smtp inet n - y - - smtpd\n" + entry + "\n")]));

    [Fact]
    public void An_entry_with_the_sockets_own_address_counts_before_one_without() =>
        Assert.Equal(
            "submissions 2525",
            Asked(
                "postfix: { endpoints: { smtp: { security: opportunistic } } }",
                [At(Primary, "192.0.2.1", 2525)],
                [Postfix("2525 inet n - y - - smtpd\n192.0.2.1:2525 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes\n")]));

    [Theory]
    [InlineData("service imap-login {\n  inet_listener imap {\n    port = 1143\n  }\n}\n", 1143, "imap 1143")]
    [InlineData("service imap-login {\n  inet_listener imaps {\n    port = 1993\n  }\n}\n", 1993, "imaps 1993")]
    [InlineData("service imap-login {\n  inet_listener mine {\n    port = 1993\n    ssl = yes\n  }\n}\n", 1993, "imaps 1993")]
    [InlineData("service imap-login {\n  inet_listener imaps {\n    port = 993\n    ssl = no\n  }\n}\n", 993, "imap 993")]
    [InlineData("service pop3-login {\n  inet_listener a {\n    address = 127.0.0.1, [::1]\n    port = 1110\n  }\n}\n", 1110, "pop3 1110")]
    [InlineData("service pop3-login {\n  inet_listener a {\n    listen = 192.0.2.9\n    port = 1110\n  }\n}\n", 1110, "")]
    [InlineData("service submission-login {\n  inet_listener a {\n    port = 1587\n  }\n}\n", 1587, "submission 1587")]
    [InlineData("service imap-login {\n  inet_listener a {\n    haproxy = yes\n    port = 1143\n  }\n}\n", 1143, "")]
    [InlineData("ssl = no\nservice imap-login {\n  inet_listener a {\n    port = 1143\n  }\n}\n", 1143, "")]
    [InlineData("protocol imap {\n  ssl = no\n}\nservice imap-login {\n  inet_listener a {\n    port = 1143\n  }\n}\n", 1143, "")]
    [InlineData("ssl = no\nprotocol imap {\n  ssl = required\n}\nservice imap-login {\n  inet_listener a {\n    port = 1143\n  }\n}\n", 1143, "imap 1143")]
    [InlineData("service managesieve-login {\n  inet_listener sieve {\n    port = 4190\n  }\n}\n", 4190, "")]
    [InlineData("service imap-login {\n  inet_listener imap {\n    port = 0\n  }\n}\n", 1143, "")]
    [InlineData("", 1143, "")]
    public void Dovecots_unnamed_listeners_are_asked_where_it_is_clear_what_they_are(string told, int port, string asked) =>
        Assert.Equal(asked, Asked("dovecot: { endpoints: { pop3s: { security: implicit } } }", [Dovecots(Primary + 1, "127.0.0.1", port)], [Dovecot(told)]));

    [Fact]
    public void What_another_instance_serves_is_not_asked_and_the_plan_says_so()
    {
        Listener[] sockets = [At(Primary, "0.0.0.0", 25), At(Second, "0.0.0.0", 465), At(Second, "::", 465), At(Second, "0.0.0.0", 2525), Dovecots(Primary + 1, "0.0.0.0", 993), Dovecots(Second + 1, "192.0.2.1", 995)];
        var services = new[] { Postfix("smtp inet n - y - - smtpd\n2525 inet n - y - - smtpd\n"), Dovecot("") };
        const string both = "postfix: { endpoints: { smtp: { security: opportunistic } } }, dovecot: { endpoints: { imaps: { security: implicit } } }";
        Assert.Equal("smtp 25 imaps 993", Asked(both, sockets, services));
        Assert.Equal(
            [
                "port 465 (postfix submissions) is served by another instance of Postfix on 0.0.0.0 and :: and is left alone",
                "port 995 (dovecot pop3s) is served by another instance of Dovecot on 192.0.2.1 and is left alone",
            ],
            OtherServers.Of(Manifest(both), Observed(sockets, services)).Select(d => d.Fact));
    }

    [Fact]
    public void A_named_endpoint_is_asked_at_the_primarys_own_addresses_alone() =>
        Assert.Equal(
            "smtp 25",
            Asked("postfix: { endpoints: { smtp: { security: opportunistic } } }", [At(Primary, "192.0.2.1", 25), At(Second, "192.0.2.2", 25)], [Postfix("smtp inet n - y - - smtpd\n")]));

    [Fact]
    public void A_master_that_was_started_while_it_was_looked_at_makes_no_strangers_of_its_sockets() =>
        Assert.Equal(
            "smtp 25 submissions 465",
            Asked("postfix: { endpoints: { smtp: { security: opportunistic } } }", [At(Second, "0.0.0.0", 25), At(Second, "0.0.0.0", 465)], [Postfix("smtp inet n - y - - smtpd\nsubmissions inet n - y - - smtpd -o smtpd_tls_wrappermode=yes\n")]));

    [Fact]
    public void Of_a_service_that_cannot_read_its_configuration_every_socket_is_its_own() =>
        Assert.Equal(
            "smtp 25 submissions 465",
            Asked("postfix: { endpoints: { smtp: { security: opportunistic } } }", [At(Primary, "0.0.0.0", 25), At(Second, "0.0.0.0", 465)], [Postfix("") with { ConfigurationError = "fatal", MasterProcess = null }]));

    [Theory]
    [InlineData("postfix: { endpoints: { smtp: { security: opportunistic } } }", "/usr/sbin/exim4", 465, "port 465 (postfix submissions) is served by /usr/sbin/exim4 on 0.0.0.0 and is left alone")]
    [InlineData("postfix: { endpoints: { smtp: { security: opportunistic } } }", "/usr/lib/dovecot/submission-login", 587, "port 587 (postfix submission) is served by /usr/lib/dovecot/submission-login on 0.0.0.0 and is left alone")]
    [InlineData("postfix: { endpoints: { smtp: { security: opportunistic } } }", "/usr/sbin/dovecot", 993, null)]
    [InlineData("postfix: { endpoints: { smtp: { security: opportunistic } } }, dovecot: { endpoints: { imaps: { security: implicit } } }", "/usr/lib/dovecot/submission-login", 587, null)]
    [InlineData("postfix: { endpoints: { smtp: { security: opportunistic }, submission: { security: disabled } } }", "/usr/sbin/exim4", 587, null)]
    public void Another_program_on_an_unnamed_endpoints_port_is_a_note(string services, string program, int port, string? told) =>
        Assert.Equal(told, OtherServers.Of(Manifest(services), Observed([new("0.0.0.0", port, 7, "x", program)], [Postfix("")])).SingleOrDefault()?.Fact);

    [Fact]
    public void Services_need_not_be_asked_where_the_manifest_names_all_their_ports_and_each_has_one_master()
    {
        var manifest = Manifest("postfix: { endpoints: { smtp: { security: opportunistic } } }, dovecot: { endpoints: { imaps: { security: implicit } } }");
        Listener[] usual = [At(Primary, "0.0.0.0", 25), At(Primary, "::", 25), Dovecots(Primary + 1, "0.0.0.0", 993), new("0.0.0.0", 993, 7, "imap-login", "/usr/lib/dovecot/imap-login"), new("0.0.0.0", 22, 8, "sshd", "/usr/sbin/sshd")];

        Assert.False(KnownListeners.AreTelling(manifest, usual));
        Assert.True(KnownListeners.AreTelling(manifest, [.. usual, At(Second, "192.0.2.1", 25)]));
        Assert.True(KnownListeners.AreTelling(manifest, [.. usual, Dovecots(Primary + 1, "0.0.0.0", 110)]));
    }

    private static string Asked(string services, Listener[] sockets, ServiceObservation[] told)
    {
        var manifest = Manifest(services);
        var asked = Words(EndpointTarget.Of(manifest, Observed(sockets, told)));
        Assert.True(KnownListeners.AreTelling(manifest, sockets) || asked == Words(EndpointTarget.Of(manifest, sockets, KnownListeners.None)), "what need not be asked told something");
        return asked;

        static string Words(IEnumerable<EndpointTarget> targets) => string.Join(' ', targets.Where(t => t.Listening).Select(t => $"{t.Endpoint.Name()} {t.Port}"));
    }

    private static Manifest Manifest(string services) => ManifestReader.Read(
        "m.yaml",
        Encoding.UTF8.GetBytes($"{Samples.Minimal[..Samples.Minimal.IndexOf("services:", StringComparison.Ordinal)]}services: {{ {services} }}\n")).Manifest!;

    private static HostObservation Observed(Listener[] sockets, ServiceObservation[] services) => new(
        DateTimeOffset.UnixEpoch,
        new HostFacts("mail.example.com", 0, Systemd: false, SeLinux: false),
        new Dictionary<string, FileObservation>(),
        sockets,
        services.ToDictionary(s => s.Kind),
        [],
        []);

    private static ServiceObservation Postfix(string master) => new(ServiceKind.Postfix, true, "3.7.11", true, null, [], new Dictionary<string, string>
    {
        [PostfixAnswers.Parameters] = "smtpd_tls_security_level = may\nsmtpd_tls_wrappermode = no\n",
        [PostfixAnswers.Explicit] = "",
        [PostfixAnswers.MasterServices] = master,
        [PostfixAnswers.MasterOverrides] = "",
    })
    { MasterProcess = Primary };

    private static ServiceObservation Dovecot(string told) =>
        new(ServiceKind.Dovecot, true, "2.3.19", true, null, [], new Dictionary<string, string> { [DovecotAnswers.Explicit] = "# 2.3.19 (9b53102964): /etc/dovecot/dovecot.conf\n" + told }) { MasterProcess = Primary + 1 };

    private static Listener At(int process, string address, int port) => new(address, port, process, "master", "/usr/lib/postfix/sbin/master");

    private static Listener Dovecots(int process, string address, int port) => new(address, port, process, "dovecot", "/usr/sbin/dovecot");
}
