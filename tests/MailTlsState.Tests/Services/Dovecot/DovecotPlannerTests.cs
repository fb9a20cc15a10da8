using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot;

/// <summary>What the plan says of a configuration that the manifest's settings do not reach everywhere.</summary>
public sealed class DovecotPlannerTests
{
    private const string OpenTo23 = "remote 10.77.0.0/24 {\n  ssl = yes\n  disable_plaintext_auth = no\n}\n";
    private const string OpenTo24 = "remote 10.77.0.0/24 {\n  ssl = yes\n  auth_allow_cleartext = yes\n}\n";

    // pop3 is served and not named, so that our settings stand in "protocol imap { }". In 2.3 a remote block goes before it wherever it
    // stands, in 2.4 only one that is opened later (seen on 2.3.19 and 2.4.1).
    [Theory]
    [InlineData(DovecotPlans.V23, OpenTo23, "", DovecotPlans.Early)]
    [InlineData(DovecotPlans.V23, "", OpenTo23, DovecotPlans.Late)]
    [InlineData(DovecotPlans.V24, "", OpenTo24, DovecotPlans.Late)]
    public void A_block_for_some_clients_that_defeats_a_protocol_s_security_is_listed(string version, string early, string late, string file)
    {
        var listed = DovecotPlans.Plan(version, early, late).Of("MTS0306");
        Assert.Equal([(file, 2), (file, 3)], listed.Select(d => (d.Location!.File, d.Location.Line)));
        Assert.All(listed, d => Assert.Contains("remote 10.77.0.0/24", d.Fact, StringComparison.Ordinal));
    }

    [Fact]
    public void A_block_for_some_clients_that_ours_goes_before_is_not_listed() =>
        Assert.Empty(DovecotPlans.Plan(DovecotPlans.V24, early: OpenTo24).Of("MTS0306"));

    [Fact]
    public void Trusted_networks_that_log_in_without_TLS_are_named_where_it_is_required()
    {
        var told = Assert.Single(DovecotPlans.Plan(DovecotPlans.V23, late: "login_trusted_networks = 127.0.0.0/8, 10.77.0.0/24 ::1\n").Of("MTS0414"));
        Assert.Equal((DovecotPlans.Late, 1, Severity.Warning), (told.Location!.File, told.Location.Line, told.Severity));
        Assert.StartsWith("clients from 10.77.0.0/24 may log in to imap without TLS", told.Fact, StringComparison.Ordinal);
    }

    // 2.4 wants TLS from trusted networks as well, and who comes from the host itself is taken for secured anyway.
    [Theory]
    [InlineData(DovecotPlans.V24, "login_trusted_networks = 10.77.0.0/24\n", DovecotPlans.Endpoints)]
    [InlineData(DovecotPlans.V23, "login_trusted_networks = 127.0.0.1\n", DovecotPlans.Endpoints)]
    [InlineData(DovecotPlans.V23, "login_trusted_networks = 10.77.0.0/24\nlogin_trusted_networks =\n", DovecotPlans.Endpoints)]
    [InlineData(DovecotPlans.V23, "login_trusted_networks = 10.77.0.0/24\n", "imaps: { security: implicit }")]
    public void Trusted_networks_that_take_nothing_from_the_manifest_are_not_named(string version, string late, string endpoints) =>
        Assert.Empty(DovecotPlans.Plan(version, late: late, endpoints: endpoints).Of("MTS0414"));

    private const string ForAddress = "local mail.example.com {\n  ssl_cert = </le/other.pem\n  ssl_key = </le/other.key\n}\n";

    [Fact]
    public void A_block_for_an_address_by_its_host_name_is_ours_as_one_by_the_address_is()
    {
        var made = DovecotPlans.Plan(DovecotPlans.V23, early: "# x\n" + ForAddress, told: "local 10.77.0.1 {\n  ssl_cert = </le/other.pem\n  ssl_key = # hidden, use -P to show it\n}\n");
        Assert.Equal("# x\n", made.Texts[DovecotPlans.Early]);
        Assert.Equal("ssl_cert in local mail.example.com", made.Attributes(DovecotPlans.Early)[0].Name);
        Assert.Empty(made.Of("MTS0306"));
    }

    [Theory]
    [InlineData("local 10.77.0.1 {\n  ssl_cert = </le/other.pem\n}\nlocal 10.77.0.2 {\n  ssl = yes\n}\n", "local a.example.com {\n  ssl = yes\n}\n")]
    [InlineData("", "")]
    public void A_host_name_whose_address_is_not_clear_is_left_and_listed(string told, string more)
    {
        var made = DovecotPlans.Plan(DovecotPlans.V23, early: ForAddress + more, told: told);
        Assert.Equal(ForAddress + more, made.Texts[DovecotPlans.Early]);
        Assert.NotEmpty(made.Of("MTS0306"));
    }

    [Theory]
    [InlineData("doveconf: Fatal: Error in configuration file /etc/dovecot/conf.d/10-ssl.conf line 84: Unknown setting: foo", "/etc/dovecot/conf.d/10-ssl.conf", 84)]
    [InlineData("doveconf: Warning: please update\ndoveconf: Fatal: Error in configuration file /etc/dovecot/local.conf line 1: foo_x: Unknown setting: foo_x", DovecotPlans.Late, 1)]
    [InlineData("doveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf: Missing '}' (section started at /etc/dovecot/local.conf:7)", DovecotPlans.Late, 7)]
    public void The_place_that_Dovecot_names_is_the_diagnostic_s(string error, string file, int line)
    {
        var told = Assert.Single(DovecotPlans.Plan(DovecotPlans.V23, error: error).Of("MTS0304"));
        Assert.Equal((file, line), (told.Location?.File, told.Location?.Line));
        Assert.Contains("Fatal", told.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_is_not_closed_is_named_where_it_opens()
    {
        var told = Assert.Single(DovecotPlans.Plan(DovecotPlans.V23, early: "# x\nservice foo {\n", late: "service imap {\n}\n", error: "doveconf: Fatal: x").Of("MTS0409"));
        Assert.Equal((DovecotPlans.Early, 2, "missing '}' of service foo"), (told.Location!.File, told.Location.Line, told.Fact));
    }

    [Fact]
    public void Where_the_main_file_is_missing_it_is_to_be_restored()
    {
        var told = Assert.Single(DovecotPlans.Plan(DovecotPlans.V23, main: null, error: "doveconf: Fatal: open(/etc/dovecot/dovecot.conf) failed: No such file or directory").Of("MTS0409"));
        Assert.Equal("/etc/dovecot/dovecot.conf is not there", told.Fact);
        Assert.StartsWith("restore it", told.Remedy, StringComparison.Ordinal);
    }
}
