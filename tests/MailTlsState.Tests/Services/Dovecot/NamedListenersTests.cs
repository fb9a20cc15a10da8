using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot;

/// <summary>Listeners under names of the administrator's own on a port of the manifest.</summary>
public sealed class NamedListenersTests
{
    private static string Service(string listener, string more = "", string service = "imap-login") =>
        $"service {service} {{\n  inet_listener imaps {{\n    port = 0\n  }}\n  inet_listener {listener}{{\n    port = 993\n    ssl = yes\n{more}  }}\n}}\n";

    [Theory]
    [InlineData(DovecotPlans.V23, "my_imaps ", "")]
    [InlineData(DovecotPlans.V24, "my_imaps ", "")]
    [InlineData(DovecotPlans.V23, "", "")]
    [InlineData(DovecotPlans.V23, "my_imaps ", "    address = 10.77.0.1\n")]
    [InlineData(DovecotPlans.V24, "my_imaps ", "    listen = *\n")]
    public void A_listener_of_another_name_is_taken_over_wherever_it_stands(string version, string name, string more)
    {
        var text = Service(name, more);
        var early = DovecotPlans.Plan(version, early: text);
        Assert.Equal(text.Replace("    port = 993\n", "", StringComparison.Ordinal), early.Texts[DovecotPlans.Early]);
        Assert.Equal($"993 ({DovecotPlans.Early}:6)", Assert.Single(early.Attributes(DovecotPlans.Early)).Before);

        var late = DovecotPlans.Plan(version, late: text);
        Assert.DoesNotContain("port = 993", late.Texts[DovecotPlans.Late], StringComparison.Ordinal);
        Assert.Equal(2, late.Attributes(DovecotPlans.Late).Count);
    }

    [Theory]
    [InlineData("imaps: { security: implicit, addresses: [10.77.0.1] }", "    address = 10.77.0.5\n")]
    [InlineData("imaps: { security: implicit, addresses: [10.77.0.1] }", "    address = ::\n")]
    [InlineData("imaps: { security: implicit, port: 1993 }", "")]
    public void A_listener_of_another_name_stays_on_another_address_or_port(string endpoints, string more)
    {
        var text = Service("my_imaps ", more);
        Assert.Equal(text, DovecotPlans.Plan(DovecotPlans.V23, early: text, endpoints: endpoints).Texts[DovecotPlans.Early]);
    }

    [Theory]
    [InlineData("my_imaps ", "    haproxy = yes\n", "imap-login", "expects the PROXY protocol")]
    [InlineData("imap ", "", "imap-login", "inet_listener imap has it")]
    [InlineData("mine ", "", "pop3-login", "service pop3-login / inet_listener mine has it")]
    public void A_listener_that_cannot_be_taken_over_is_an_error_at_its_place(string name, string more, string service, string words)
    {
        var told = Assert.Single(DovecotPlans.Plan(DovecotPlans.V23, early: Service(name, more, service), endpoints: "imaps: { security: implicit }").Of("MTS0413"));
        Assert.Equal((DovecotPlans.Early, 6, Severity.Error), (told.Location!.File, told.Location.Line, told.Severity));
        Assert.Contains(words, told.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void A_listener_behind_a_proxy_is_taken_over_where_the_manifest_says_so() =>
        Assert.Empty(DovecotPlans.Plan(DovecotPlans.V23, early: Service("my_imaps ", "    haproxy = yes\n"), endpoints: "imaps: { security: implicit, proxyProtocol: true }").Of("MTS0413"));
}
