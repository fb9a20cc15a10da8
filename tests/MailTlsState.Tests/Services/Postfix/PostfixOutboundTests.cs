using MailTlsState.Diagnostics;
using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>What single clients in master.cf have of their own beside the manifest's outbound section.</summary>
public sealed class PostfixOutboundTests
{
    private const string Level = "smtp_tls_security_level";

    [Theory]
    [InlineData("smtp")]
    [InlineData("relay")]
    public void A_client_that_would_send_in_clear_text_loses_its_override_and_the_plan_shows_the_line(string name)
    {
        var master = Master + $"{name} unix - - y - - smtp\n  -o syslog_name=x\n  -o {Level}=none\n";
        var made = PlanOutbound(master, "security: required");
        Assert.Contains(made.Attributes, a => a.Name == $"{name} -o {Level}" && a is { Before: "none (/etc/postfix/master.cf:7)", After: null });
        Assert.Equal(["syslog_name"], made.Master.Find(name, "unix")!.Overrides.Select(o => o.Name));
        Assert.Equal(made.Master.ToString(), PlanOutbound(made.Master.ToString(), "security: required").Master.ToString());
    }

    [Fact]
    public void A_transport_whose_purpose_nobody_reads_here_keeps_a_weaker_level_and_the_plan_warns()
    {
        var made = PlanOutbound(Master + $"store unix - - y - - smtp\n  -o {Level}=none\n", "security: required");
        Assert.Equal("none", made.Master.Find("store", "unix")!.Override(Level));
        Assert.Equal(Severity.Warning, Assert.Single(made.Changes.Diagnostics, d => d.Code.Id == "MTS0306").Severity);
    }

    [Theory]
    [InlineData("required", "none", null)]
    [InlineData("required", "", null)]
    [InlineData("required", "may", null)]
    [InlineData("required", "dane", null)]
    [InlineData("required", "encrpyt", null)]
    [InlineData("required", "Encrypt", "")]
    [InlineData("required", "secure", "MTS0306")]
    [InlineData("opportunistic", "none", null)]
    [InlineData("opportunistic", "may", "")]
    [InlineData("opportunistic", "encrypt", "MTS0306")]
    [InlineData("opportunistic", "dane", "MTS0306")]
    [InlineData("dane", "may", null)]
    [InlineData("dane", "dane-only", "MTS0306")]
    [InlineData("dane", "encrypt", "MTS0306")]
    [InlineData("asFound", "none", "")]
    public void A_weaker_level_goes_and_a_stricter_one_stays_and_is_told(string security, string own, string? told)
    {
        var made = PlanOutbound(Master + $"relay unix - - y - - smtp\n  -o {Level}={own}\n", $"security: {security}");
        Assert.Equal(told is null ? null : own, made.Master.Find("relay", "unix")!.Override(Level));
        var left = made.Changes.Diagnostics.Where(d => d.Code.Id == "MTS0306").ToList();
        Assert.Equal(told is "MTS0306", left.Count > 0);
        Assert.All(left, d => Assert.Equal((Severity.Note, "/etc/postfix/master.cf", 6), (d.Severity, d.Location!.File, d.Location.Line)));
    }

    [Fact]
    public void Without_a_level_the_old_switches_count()
    {
        var made = PlanOutbound(Master + $"relay unix - - y - - smtp -o {Level}= -o smtp_enforce_tls=yes\n", "security: opportunistic");
        Assert.Equal("", made.Master.Find("relay", "unix")!.Override(Level));
        Assert.Contains("MTS0306", made.Codes);
    }

    [Theory]
    [InlineData("3.7.11", ">=TLSv1", null)]
    [InlineData("3.7.11", "!SSLv2, !SSLv3", null)]
    [InlineData("3.7.11", "", null)]
    [InlineData("3.7.11", "TLSv1.1, TLSv1.2", null)]
    [InlineData("3.7.11", ">=TLSv9", null)]
    [InlineData("3.7.11", "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", "")]
    [InlineData("3.7.11", "tlsv1.2 tlsv1.3", "")]
    [InlineData("3.7.11", ">=TLSv1.3", "MTS0306")]
    [InlineData("3.7.11", ">=TLSv1.2, <=TLSv1.2", "MTS0306")]
    [InlineData("3.5.25", ">=TLSv1.2", null)]
    [InlineData("3.5.25", "!SSLv2,!SSLv3,!TLSv1,!TLSv1.1", "")]
    public void Older_versions_for_one_client_go_and_newer_ones_stay(string version, string own, string? told)
    {
        foreach (var name in new[] { "smtp_tls_protocols", "smtp_tls_mandatory_protocols" })
        {
            var made = PlanOutbound(Master + $"relay unix - - y - - smtp\n  -o {{ {name} = {own} }}\n", "minimumProtocol: TLSv1.2", version: version);
            Assert.Equal(told is null ? null : own, made.Master.Find("relay", "unix")!.Override(name));
            Assert.Equal(told is "MTS0306", made.Codes.Contains("MTS0306"));
        }
    }

    [Theory]
    [InlineData("-o smtp_dns_support_level=disabled", null)]
    [InlineData("-o smtp_dns_support_level=enabled -o smtp_tls_security_level=none", null)]
    [InlineData("-o smtp_dns_support_level=enabled -o smtp_tls_security_level=dane-only", null)]
    [InlineData("-o smtp_dns_support_level=enabled -o smtp_tls_security_level=secure", "enabled")]
    public void A_client_that_would_not_see_TLSA_records_loses_that_where_it_needs_them(string options, string? after) =>
        Assert.Equal(after, PlanOutbound(Master + $"relay unix - - y - - smtp {options}\n", "security: dane").Master.Find("relay", "unix")!.Override("smtp_dns_support_level"));

    [Theory]
    [InlineData("content_filter = scan:[127.0.0.1]:10024\n", "")]
    [InlineData("", "-o smtp_send_xforward_command=yes")]
    [InlineData("", "-o disable_dns_lookups=yes")]
    public void A_content_filters_transport_keeps_clear_text_and_the_plan_warns(string main, string evidence)
    {
        var made = PlanOutbound(Master + $"scan unix - - n - 2 smtp {evidence} -o {Level}=none\n", "security: required", main: main);
        Assert.Equal("none", made.Master.Find("scan", "unix")!.Override(Level));
        var left = Assert.Single(made.Changes.Diagnostics, d => d.Code.Id == "MTS0306");
        Assert.Equal((Severity.Warning, 5), (left.Severity, left.Location!.Line));
        Assert.Null(PlanOutbound(Master + $"relay unix - - n - 2 smtp {evidence} -o {Level}=none\n", "security: required", main: main).Master.Find("relay", "unix")!.Override(Level));
    }

    [Fact]
    public void What_lmtp_has_is_left_alone_and_so_is_every_client_without_an_outbound_section()
    {
        const string lmtp = $"lmtp unix - - y - - lmtp\n  -o {Level}=none\n  -o lmtp_tls_security_level=none\n";
        var made = PlanOutbound(Master + lmtp, "security: required");
        Assert.Contains(lmtp, made.Master.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("MTS0306", made.Codes);

        const string relay = $"relay unix - - y - - smtp\n  -o {Level}=none\n";
        Assert.Contains(relay, Plan("3.7.11", "", Master + relay).Master.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_level_that_follows_what_a_client_has_of_its_own_is_written_out()
    {
        const string main = $"{Level} = $my_level\nmy_level = encrypt\n";
        var made = PlanOutbound(Master + "relay unix - - y - - smtp\n  -o my_level=none\n", "security: required", main: main, effective: $"{Level} = encrypt\n");
        Assert.Equal("encrypt", made.Main.Get(Level));
    }

    private static Made PlanOutbound(string master, string outbound, string main = "", string version = "3.7.11", string effective = "") =>
        Plan(version, main, master, more: $"outbound: {{ {outbound} }}, ", effective: effective);
}
