using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Services.Postfix;
using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>What Postfix's files become, by version, by what is found in them and by what the manifest says.</summary>
public sealed class PostfixPlannerTests
{
    [Theory]
    [InlineData("3.5.25", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1")]
    [InlineData("3.7.11", ">=TLSv1.2")]
    [InlineData("3.8.6", ">=TLSv1.2")]
    [InlineData("3.9.0", ">=TLSv1.2")]
    [InlineData("3.10.5", ">=TLSv1.2")]
    [InlineData("3.11.2", ">=TLSv1.2")]
    public void The_floor_is_spelled_as_the_version_reads_it(string version, string protocols)
    {
        var made = Plan(version, "smtpd_tls_security_level = may\n", Master);
        Assert.Equal(protocols, made.Main.Get("smtpd_tls_protocols"));
        Assert.Equal(protocols, made.Main.Get("smtpd_tls_mandatory_protocols"));
        Assert.Equal(version is "3.8.6" or "3.9.0", made.Codes.Contains("MTS0303"));
    }

    [Fact]
    public void A_floor_of_tls_1_3_excludes_tls_1_2_where_only_names_are_known() =>
        Assert.Equal("!SSLv2, !SSLv3, !TLSv1, !TLSv1.1, !TLSv1.2", Plan("3.5.25", "", Master, policy: "modern").Main.Get("smtpd_tls_protocols"));

    [Theory]
    [InlineData("3.4.14")]
    [InlineData("3.12.0")]
    [InlineData("4.0.1")]
    public void A_version_outside_the_range_is_refused_unless_the_manifest_allows_it(string version)
    {
        Assert.Equal(["MTS0302"], Plan(version, "", Master).Codes);
        var made = Plan(version, "", Master, more: "allowUntested: true, ");
        Assert.Contains("MTS0303", made.Codes);
        Assert.NotNull(made.Main.Get("smtpd_tls_protocols"));
    }

    [Fact]
    public void The_ranges_follow_each_other_without_a_gap()
    {
        Assert.Equal(PostfixDialect.All.Skip(1).Select(d => d.From), PostfixDialect.All.SkipLast(1).Select(d => d.Below));
        Assert.All(PostfixDialect.All, d => Assert.All(d.Tested, t => Assert.True(t >= d.From && t < d.Below)));
    }

    [Fact]
    public void What_3_9_warns_about_goes_and_what_it_stood_for_stays()
    {
        var made = Plan("3.10.5", "smtpd_use_tls = yes\nsmtpd_tls_eecdh_grade = strong\nsmtpd_tls_dh1024_param_file = /x\n", "smtp inet n - y - - smtpd\n", endpoints: "submissions: { security: implicit }");
        Assert.Null(made.Main.Get("smtpd_use_tls"));
        Assert.Null(made.Main.Get("smtpd_tls_eecdh_grade"));
        Assert.Null(made.Main.Get("smtpd_tls_dh1024_param_file"));
        Assert.Equal("may", made.Main.Get("smtpd_tls_security_level"));
    }

    [Fact]
    public void Where_only_repeated_lines_go_the_plan_shows_the_lines()
    {
        var made = Plan("3.7.11", "smtpd_tls_security_level = none\nsmtpd_tls_security_level = may\n", Master);
        var change = Assert.Single(made.Attributes, a => a.Name == "smtpd_tls_security_level");
        Assert.Equal(("none (/etc/postfix/main.cf:1), may (/etc/postfix/main.cf:2)", "may"), (change.Before, change.After));
        Assert.Single(made.Main.EntriesOf("smtpd_tls_security_level"));
    }

    [Fact]
    public void An_override_of_a_named_listener_goes_and_one_of_another_listener_stays_and_is_told()
    {
        const string master = "smtp inet n - y - - smtpd\n  -o smtpd_tls_security_level=none\n  -o smtpd_tls_ciphers=low\n2525 inet n - y - - smtpd\n  -o smtpd_tls_ciphers=low\n";
        var made = Plan("3.7.11", "smtpd_tls_security_level = may\n", master, endpoints: "smtp: { security: opportunistic }", policy: "article");
        Assert.Empty(made.Master.Services[0].Overrides);
        Assert.Contains(made.Attributes, a => a is { Name: "smtp -o smtpd_tls_security_level", Before: "none (/etc/postfix/master.cf:2)", After: null });
        Assert.Equal("low", made.Master.Services[1].Override("smtpd_tls_ciphers"));
        var left = Assert.Single(made.Changes.Diagnostics, d => d.Code.Id == "MTS0306");
        Assert.Equal(("/etc/postfix/master.cf", 5), (left.Location!.File, left.Location.Line));
    }

    [Fact]
    public void A_misspelt_parameter_is_named_with_its_place_and_the_nearest_name()
    {
        var made = Plan(
            "3.7.11",
            "smtpd_tls_security_level = may\nsmtpd_tls_protcols = TLSv1.2\nfoo_bar = x\n",
            Master + "smtps inet n - y - - smtpd\n  -o smtpd_tls_wrapermode=yes\n",
            warnings: "/usr/sbin/postconf: warning: /etc/postfix/main.cf: unused parameter: smtpd_tls_protcols=TLSv1.2\n/usr/sbin/postconf: warning: /etc/postfix/main.cf: unused parameter: foo_bar=x\n/usr/sbin/postconf: warning: /etc/postfix/master.cf: unused parameter: smtpd_tls_wrapermode=yes");
        Assert.Equal(
            [("/etc/postfix/main.cf", 2, "did you mean smtpd_tls_protocols?"), ("/etc/postfix/master.cf", 6, "did you mean smtpd_tls_wrappermode?")],
            made.Changes.Diagnostics.Where(d => d.Code.Id == "MTS0314").Select(d => (d.Location!.File, d.Location.Line, d.Remedy)));
        Assert.Contains("foo_bar", Assert.Single(made.Changes.Diagnostics, d => d.Code.Id == "MTS0307").Fact, StringComparison.Ordinal);
        Assert.Equal("TLSv1.2", made.Main.Get("smtpd_tls_protcols"));
    }

    [Fact]
    public void A_map_of_certificates_by_name_is_told_with_its_place_and_stays()
    {
        const string master = "smtp inet n - y - - smtpd\n  -o tls_server_sni_maps=\nsubmission inet n - y - - smtpd\n  -o tls_server_sni_maps=hash:/etc/postfix/own\nrelay unix - - y - - smtp\n";
        var made = Plan("3.7.11", "a = b\ntls_server_sni_maps = hash:/etc/postfix/sni\n", master + "2525 inet n - y - - smtpd\n");
        Assert.Equal(
            [("/etc/postfix/main.cf", 2), ("/etc/postfix/master.cf", 4)],
            made.Changes.Diagnostics.Where(d => d.Code.Id == "MTS0319").Select(d => (d.Location!.File, d.Location.Line)));
        Assert.Equal("hash:/etc/postfix/sni", made.Main.Get("tls_server_sni_maps"));

        // No listener is left that uses main.cf's.
        Assert.Equal([4], Plan("3.7.11", "tls_server_sni_maps = hash:/etc/postfix/sni\n", master).Changes.Diagnostics.Where(d => d.Code.Id == "MTS0319").Select(d => d.Location!.Line));
        Assert.DoesNotContain("MTS0319", Plan("3.7.11", "tls_server_sni_maps =\n", Master).Codes);
    }

    [Theory]
    [InlineData("/etc/ssl/a.pem", "smtpd_tls_cert_file = /etc/ssl/a.pem", true)]
    [InlineData("$mine", "mine = /etc/ssl/a.pem\nsmtpd_tls_cert_file = /etc/ssl/a.pem", true)]
    [InlineData("$smtpd_tls_cert_file", "smtpd_tls_cert_file = /etc/ssl/a.pem", true)]
    [InlineData("$smtpd_tls_cert_file", "smtpd_tls_cert_file =", false)]
    [InlineData("/etc/pki/mailtls/mail.example.com.pem", "", true)]
    [InlineData("/etc/ssl/client.pem", "smtpd_tls_cert_file = /etc/ssl/a.pem", false)]
    public void The_servers_certificate_as_client_certificate_is_a_warning_and_stays(string client, string server, bool warned)
    {
        var value = !client.StartsWith('$') ? client : warned ? "/etc/ssl/a.pem" : "";
        var made = Plan("3.7.11", $"{server}\nsmtp_tls_cert_file = {client}\n", Master, effective: $"smtp_tls_cert_file = {value}\n");
        Assert.Equal(warned, made.Codes.Contains("MTS0315"));
        Assert.Equal(client == "$smtpd_tls_cert_file" ? value : client, made.Main.Get("smtp_tls_cert_file"));
        if (warned)
        {
            Assert.Contains(value, made.Changes.Diagnostics.Single(d => d.Code.Id == "MTS0315").Fact, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("security: opportunistic", "may", null)]
    [InlineData("security: required, minimumProtocol: TLSv1.2", "encrypt", ">=TLSv1.2")]
    [InlineData("security: dane", "dane", null)]
    [InlineData("minimumProtocol: TLSv1.3", null, ">=TLSv1.3")]
    [InlineData("security: asFound, minimumProtocol: TLSv1.2", null, ">=TLSv1.2")]
    public void The_sending_side_follows_its_own_section_alone(string? outbound, string? level, string? floor)
    {
        var made = Plan("3.7.11", "", Master, more: outbound is null ? "" : $"outbound: {{ {outbound} }}, ");
        Assert.Equal(level, made.Main.Get("smtp_tls_security_level"));
        Assert.Equal(floor, made.Main.Get("smtp_tls_protocols"));
        Assert.Equal(floor, made.Main.Get("smtp_tls_mandatory_protocols"));
        Assert.Equal(level == "dane" ? "dnssec" : null, made.Main.Get("smtp_dns_support_level"));
        Assert.Equal(level == "dane", made.Codes.Contains("MTS0316"));
        Assert.DoesNotContain(made.Main.Entries, e => e.Name is "tls_high_cipherlist" or "tls_medium_cipherlist" or "tls_eecdh_auto_curves" || e.Name.StartsWith("smtp_tls_c", StringComparison.Ordinal));
    }

    [Fact]
    public void Found_settings_of_the_sending_side_stay_without_a_section()
    {
        const string main = "smtp_tls_security_level = encrypt\nsmtp_tls_protocols = !SSLv2\nsmtp_use_tls = yes\n";
        Assert.Contains(main, Plan("3.7.11", main, Master).Main.ToString(), StringComparison.Ordinal);
        Assert.Null(Plan("3.7.11", main, Master, more: "outbound: { security: required }, ").Main.Get("smtp_use_tls"));
    }

    [Fact]
    public void Postscreen_its_proxy_and_its_smtpd_get_what_the_endpoint_says()
    {
        const string master = "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\ntlsproxy unix - - y - 0 tlsproxy\ndnsblog unix - - y - 0 dnsblog\n127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n";
        var made = Plan("3.7.11", "", master, endpoints: "smtp: { security: opportunistic }");
        Assert.Equal("may", made.Master.Find("smtp", "inet")!.Override("smtpd_tls_security_level"));
        Assert.Equal("may", made.Master.Find("smtpd", "pass")!.Override("smtpd_tls_security_level"));
        Assert.Equal("may", made.Master.Find("tlsproxy", "unix")!.Override("smtpd_tls_security_level"));
        Assert.NotNull(made.Master.Find("tlsproxy", "unix")!.Override("tls_high_cipherlist"));
        Assert.Contains("127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n", made.Master.ToString(), StringComparison.Ordinal);
        Assert.Null(made.Main.Get("smtpd_tls_security_level"));

        var shared = Plan("3.7.11", "smtp_tls_connection_reuse = yes\n", master, endpoints: "smtp: { security: opportunistic }");
        Assert.Contains("MTS0317", shared.Codes);
        Assert.Null(shared.Master.Find("tlsproxy", "unix")!.Override("tls_high_cipherlist"));
    }

    [Fact]
    public void Switches_of_OpenSSL_that_a_person_has_set_stay_beside_those_of_the_policy()
    {
        var made = Plan("3.7.11", "tls_ssl_options = NO_TICKET\n", Master, policy: "ncsc-nl-2025");
        Assert.Equal("NO_TICKET,NO_COMPRESSION,NO_RENEGOTIATION", made.Master.Find("smtp", "inet")!.Override("tls_ssl_options"));
        Assert.Equal("NO_TICKET", made.Main.Get("tls_ssl_options"));

        var own = Plan("3.7.11", "tls_ssl_options = NO_TICKET\n", Master.Replace("smtpd\n", "smtpd\n  -o tls_ssl_options=0x4,no_renegotiation\n", StringComparison.Ordinal), policy: "ncsc-nl-2025");
        Assert.Equal("0x4,no_renegotiation,NO_COMPRESSION", own.Master.Find("smtp", "inet")!.Override("tls_ssl_options"));
    }

    [Fact]
    public void A_content_filters_way_back_in_is_left_alone()
    {
        const string back = "127.0.0.1:10025 inet n - n - - smtpd\n  -o content_filter=\n  -o smtpd_client_restrictions=\n";
        var made = Plan("3.7.11", "smtpd_tls_security_level = may\n", Master + back);
        Assert.Contains(back, made.Master.ToString(), StringComparison.Ordinal);
        Assert.NotNull(made.Master.Find("smtp", "inet")!.Override("tls_high_cipherlist"));
    }

    [Theory]
    [InlineData("3.5.25", "587", "192.0.2.1", "Postfix 3.5.25 cannot give a port to other addresses by a reload")]
    [InlineData("3.5.25", "192.0.2.1:587", "0.0.0.0", "Postfix 3.5.25 cannot give a port to other addresses by a reload")]
    [InlineData("3.5.25", "192.0.2.1:587", "192.0.2.2", null)]
    [InlineData("3.7.11", "587", "192.0.2.1", null)]
    public void A_listener_that_gets_other_addresses_needs_a_restart_where_a_reload_would_end_the_master(string version, string entry, string address, string? expected) => Assert.Equal(
        expected,
        Plan(version, "smtpd_tls_security_level = may\n", $"smtp inet n - y - - smtpd\n{entry} inet n - y - - smtpd\n", endpoints: $"submission: {{ security: required, addresses: [{address}] }}").Changes.Restart);

    [Fact]
    public void Addresses_of_the_manifest_become_the_entries_addresses()
    {
        var made = Plan("3.7.11", "smtpd_tls_security_level = may\n", Master, endpoints: "submission: { security: required, addresses: [192.0.2.1, \"2001:db8::1\"] }");
        Assert.Equal(["smtp", "192.0.2.1:submission", "[2001:db8::1]:submission"], made.Master.Services.Select(s => s.Name).Order(StringComparer.Ordinal).OrderBy(n => n != "smtp"));
        Assert.All(made.Master.Services.Skip(1), s => Assert.Equal("encrypt", s.Override("smtpd_tls_security_level")));

        var fewer = Plan("3.7.11", "", "smtp inet n - y - - smtpd\n192.0.2.1:587 inet n - y - - smtpd\n192.0.2.2:587 inet n - y - - smtpd\n", endpoints: "submission: { security: required, addresses: [192.0.2.2] }");
        Assert.Equal(["smtp", "192.0.2.2:587"], fewer.Master.Services.Select(s => s.Name));
    }

    [Fact]
    public void A_port_of_another_program_is_found_before_anything_is_written()
    {
        var made = Plan("3.7.11", "", "smtp inet n - y - - smtpd\n", listeners: [new Listener("0.0.0.0", 587, 7, "submission-login", "/usr/lib/dovecot/submission-login")]);
        var clash = Assert.Single(made.Changes.Diagnostics, d => d.Severity == Severity.Error);
        Assert.Equal("MTS0305", clash.Code.Id);
        Assert.Contains("/usr/lib/dovecot/submission-login", clash.Fact, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1000, 420, "MTS0226")]
    [InlineData(0, 438, "MTS0226")]
    [InlineData(0, 420, null)]
    public void A_file_that_others_may_write_is_refused(int owner, int mode, string? code)
    {
        var made = Plan("3.7.11", "", Master, file: f => f with { Owner = owner, Mode = mode });
        Assert.Equal(code, made.Changes.Diagnostics.FirstOrDefault(d => d.Severity == Severity.Error)?.Code.Id);
    }

    [Fact]
    public void Binary_rubbish_is_named_with_its_place()
    {
        var error = Assert.Single(Plan("3.7.11", "a = 1\nb = \0\n", Master).Changes.Diagnostics, d => d.Severity == Severity.Error);
        Assert.Equal(("MTS0309", "/etc/postfix/main.cf", 2), (error.Code.Id, error.Location!.File, error.Location.Line));
    }
}
