using MailTlsState.Certificates;
using Xunit;
using static MailTlsState.Tests.Services.Postfix.PostfixPlans;

namespace MailTlsState.Tests.Services.Postfix;

/// <summary>The certificate of a listener that the manifest does not name.</summary>
public sealed class PostfixOwnCertificatesTests
{
    private const string Stock = "smtpd_tls_cert_file = /etc/ssl/snakeoil.pem\nsmtpd_tls_key_file = /etc/ssl/snakeoil.key\nsmtpd_tls_security_level = may\n";

    [Theory]
    [InlineData("inet", "3.5.25")]
    [InlineData("inet", "3.7.11")]
    [InlineData("inet", "3.10.5")]
    [InlineData("pass", "3.7.11")]
    public void A_certificate_of_its_own_stays_in_use_beside_main_cfs_chain_files(string type, string version)
    {
        var made = Plan(version, Stock, Master + $"2525 {type} n - y - - smtpd\n  -o smtpd_tls_cert_file=/etc/le/other.pem\n  -o smtpd_tls_key_file=/etc/le/other.key\n");
        var listener = made.Master.Find("2525", type)!;
        Assert.NotNull(made.Main.Get("smtpd_tls_chain_files"));
        Assert.Equal("", listener.Override("smtpd_tls_chain_files"));
        Assert.Equal(("/etc/le/other.pem", "/etc/le/other.key"), (listener.Override("smtpd_tls_cert_file"), listener.Override("smtpd_tls_key_file")));
        Assert.Contains(made.Attributes, a => a is { Name: "2525 -o smtpd_tls_chain_files", Before: null, After: "(empty)" });

        var again = Plan(version, made.Main.ToString(), made.Master.ToString());
        Assert.Equal(made.Master.ToString(), again.Master.ToString());
        Assert.DoesNotContain(again.Changes.Diagnostics, d => d.Fact.Contains("smtpd_tls_chain_files", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("smtpd_tls_cert_file=/etc/le/other.pem", "smtpd_tls_key_file", "/etc/ssl/snakeoil.key")]
    [InlineData("smtpd_tls_eccert_file=/etc/le/ec.pem", "smtpd_tls_cert_file", "/etc/ssl/snakeoil.pem")]
    [InlineData("smtpd_tls_eccert_file=/etc/le/ec.pem", "smtpd_tls_key_file", "/etc/ssl/snakeoil.key")]
    [InlineData("smtpd_tls_eccert_file=/etc/le/ec.pem", "smtpd_tls_eckey_file", null)]
    public void The_part_of_its_certificate_that_main_cf_had_goes_to_the_listener(string option, string name, string? value)
    {
        var listener = Plan("3.7.11", Stock, Master + $"2525 inet n - y - - smtpd\n  -o {option}\n").Master.Find("2525", "inet")!;
        Assert.Equal("", listener.Override("smtpd_tls_chain_files"));
        Assert.Equal(value, listener.Override(name));
    }

    [Fact]
    public void A_reference_of_main_cf_to_the_listeners_own_value_moves_to_the_listener()
    {
        const string main = "cert = /etc/ssl/a.pem\nsmtpd_tls_cert_file = $cert\nsmtpd_tls_security_level = may\n";
        var made = Plan("3.7.11", main, Master + "2525 inet n - y - - smtpd\n  -o cert=/etc/le/other.pem\n");
        Assert.Equal("$cert", made.Master.Find("2525", "inet")!.Override("smtpd_tls_cert_file"));
        Assert.Equal(made.Master.ToString(), Plan("3.7.11", made.Main.ToString(), made.Master.ToString()).Master.ToString());
    }

    [Fact]
    public void Chain_files_of_its_own_need_nothing_and_are_told()
    {
        const string listener = "2525 inet n - y - - smtpd\n  -o smtpd_tls_chain_files=/etc/le/other.bundle\n  -o smtpd_tls_cert_file=/etc/le/idle.pem\n";
        var made = Plan("3.7.11", Stock, Master + listener);
        Assert.Equal("/etc/le/idle.pem", made.Master.Find("2525", "inet")!.Override("smtpd_tls_cert_file"));
        Assert.DoesNotContain(made.Attributes, a => a.Name.StartsWith("2525 -o smtpd_tls_c", StringComparison.Ordinal) && a.Name.EndsWith("_file", StringComparison.Ordinal));
        Assert.Contains("/etc/le/other.bundle", Assert.Single(made.Changes.Diagnostics, d => d.Code.Id == "MTS0306").Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void What_main_cfs_chain_files_kept_from_counting_does_not_come_to_count()
    {
        const string main = "smtpd_tls_chain_files = /etc/ssl/bundle.pem\nsmtpd_tls_security_level = may\n";
        const string listener = "2525 inet n - y - - smtpd\n  -o smtpd_tls_cert_file=/etc/le/idle.pem\n";
        Assert.Equal("/etc/le/idle.pem", Plan("3.7.11", main, Master + listener).Master.Find("2525", "inet")!.Override("smtpd_tls_cert_file"));

        var made = Plan("3.7.11", main, Master + listener, pairs: [new("/etc/le/a.key", "/etc/le/a.pem") { IsOwn = false }]);
        Assert.Null(made.Main.Get("smtpd_tls_chain_files"));
        Assert.Null(made.Master.Find("2525", "inet")!.Override("smtpd_tls_cert_file"));
        Assert.DoesNotContain("MTS0306", made.Codes);
    }

    [Fact]
    public void Files_of_another_tool_leave_a_listeners_key_beside_its_certificate()
    {
        var made = Plan("3.7.11", "smtpd_tls_security_level = may\n", Master + "2525 inet n - y - - smtpd\n  -o smtpd_tls_cert_file=/etc/le/both.pem\n", pairs: [new("/etc/le/a.key", "/etc/le/a.pem") { IsOwn = false }]);
        Assert.Equal("/etc/le/a.key", made.Main.Get("smtpd_tls_key_file"));
        Assert.Equal("/etc/le/both.pem", made.Master.Find("2525", "inet")!.Override("smtpd_tls_key_file"));
    }
    [Fact]
    public void A_file_of_our_own_that_moves_is_followed_and_another_one_in_its_directory_stays()
    {
        const string directory = "/etc/pki/mailtls/mail.example.com";
        const string main = $"smtpd_tls_cert_file = {directory}.pem\nsmtpd_tls_key_file = {directory}.key\nsmtpd_tls_security_level = may\n";
        const string listeners = "2525 inet n - y - - smtpd\n  -o smtpd_tls_eccert_file=/etc/le/ec.pem\n2526 inet n - y - - smtpd\n  -o smtpd_tls_cert_file=/etc/pki/mailtls/other.pem\n";
        var place = new CertificatePlace(new CertificateFiles($"{directory}.key", $"{directory}.pem"), 1, []);
        var split = Plan("3.7.11", main, Master + listeners, pairs: [new($"{directory}.2.key", $"{directory}.2.pem")], place: place);
        Assert.Null(split.Master.Find("2525", "inet")!.Override("smtpd_tls_cert_file"));
        Assert.Equal($"{directory}.2.pem", split.Main.Get("smtpd_tls_cert_file"));

        var bundle = Plan("3.7.11", main, Master + listeners, pairs: [new($"{directory}.2.pem", $"{directory}.2.pem")], place: place);
        Assert.Equal($"{directory}.2.pem", bundle.Master.Find("2525", "inet")!.Override("smtpd_tls_cert_file"));
        Assert.Equal("/etc/pki/mailtls/other.pem", bundle.Master.Find("2526", "inet")!.Override("smtpd_tls_cert_file"));
    }
}
