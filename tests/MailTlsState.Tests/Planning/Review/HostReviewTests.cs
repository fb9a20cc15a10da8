using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Planning.Review;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Services.Dovecot;
using MailTlsState.Services.Postfix;
using MailTlsState.Tests.Verification;
using Xunit;

namespace MailTlsState.Tests.Planning.Review;

public class HostReviewTests
{
    private const int OwnerOnly = 0x180; // 0600
    private const string Leaf = "/etc/pki/tls/mail.pem";
    private const string Key = "/etc/pki/tls/mail.key";

    private static readonly TestCertificate Root = TestCertificate.Root();
    private static readonly TestCertificate Good = Root.Leaf("mail.example.com");

    [Fact]
    public void A_sound_pair_and_plain_settings_are_no_finding() =>
        Assert.Empty(HostReview.Of(Host(new Dictionary<string, string> { [Leaf] = Pem(Good), [Key] = KeyOf(Good) }, main: "smtpd_tls_security_level = may\n")));

    [Theory]
    [InlineData("smtpd_use_tls = yes\n", "/etc/postfix/main.cf:1:1: warning MTS0622")]
    [InlineData("# a\nsmtpd_tls_exclude_ciphers = aNULL, PSD\n", "/etc/postfix/main.cf:2:1: warning MTS0620")]
    [InlineData("mynetworks = 127.0.0.1\n\nmynetworks = 127.0.0.0/8\n", "/etc/postfix/main.cf:1:1: warning MTS0633: mynetworks is set again in line 3, which counts")]
    [InlineData("smtpd_banner = &lt;mail&gt;\n", "/etc/postfix/main.cf:1:1: warning MTS0621")]
    public void A_trap_in_main_cf_is_named_with_its_line(string main, string expected) => Assert.StartsWith(expected, One(Host(Sound, main)), StringComparison.Ordinal);

    [Fact]
    public void A_trap_in_master_cf_is_named_with_its_line() => Assert.StartsWith(
        "/etc/postfix/master.cf:2:1: warning MTS0620",
        One(Host(Sound, master: "smtp inet n - y - - smtpd\n  -o smtpd_tls_exclude_ciphers=PSD\n")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("ssl_protocols = !SSLv3\n", "/etc/dovecot/dovecot.conf:1:1: warning MTS0622")]
    [InlineData("ssl_min_protocol = TLSv1.2\nssl_protocols = !SSLv3\n", "/etc/dovecot/dovecot.conf:2:1: warning MTS0623: ssl_protocols = !SSLv3 is set beside ssl_min_protocol = TLSv1.2 (/etc/dovecot/dovecot.conf:1)")]
    [InlineData("ssl_cipher_list = HIGH:!PSD\n", "/etc/dovecot/dovecot.conf:1:1: warning MTS0620")]
    [InlineData("ssl_ca = &lt;/etc/ssl/ca.pem\n", "/etc/dovecot/dovecot.conf:1:1: warning MTS0621")]
    [InlineData("ssl = required\n!include conf.d/10-ssl.conf\n", "/etc/dovecot/dovecot.conf:1:1: warning MTS0624: ssl = required has no effect: ssl = yes (/etc/dovecot/conf.d/10-ssl.conf:1)")]
    public void A_trap_in_dovecots_files_is_named_with_its_line(string dovecot, string expected) =>
        Assert.StartsWith(expected, One(Host(Sound, dovecot: dovecot)), StringComparison.Ordinal);

    [Theory]
    [InlineData("ssl_protocols = !SSLv3\n")]
    [InlineData("# ssl_cert = &lt;/etc/ssl/cert.pem\n")]
    public void What_2_4_translates_and_comments_are_no_finding(string dovecot) => Assert.Empty(HostReview.Of(Host(Sound, dovecot: dovecot, dovecotVersion: "2.4.1")));

    [Fact]
    public void A_leaf_without_names_that_outlives_its_ca_is_two_findings()
    {
        var leaf = Root.Issue("CN=mail.example.com", new TestCertificate.Options { NotAfter = TestCertificate.Now.AddDays(91) });
        var found = HostReview.Of(Host(new Dictionary<string, string> { [Leaf] = Pem(leaf), [Key] = KeyOf(leaf), ["/root/ca/ca.pem"] = Pem(Root) }));
        Assert.Equal(["MTS0627", "MTS0628"], found.Select(f => f.Code.Id));
        Assert.All(found, f => Assert.Equal((Leaf, 1), (f.Location!.File, f.Location.Line)));
    }

    [Fact]
    public void A_leaf_that_ends_with_its_ca_is_no_finding() =>
        Assert.Empty(HostReview.Of(Host(new Dictionary<string, string> { [Leaf] = Pem(Good), [Key] = KeyOf(Good), ["/root/ca/ca.pem"] = Pem(Root) })));

    [Fact]
    public void A_key_of_another_certificate_is_found() =>
        Assert.StartsWith("warning MTS0629: the key in /etc/pki/tls/mail.key does not belong", One(Host(new Dictionary<string, string> { [Leaf] = Pem(Good), [Key] = KeyOf(Root) })), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "mail.pem:1:1: warning MTS0631: the certificate file is empty")]
    [InlineData(null, "mail.pem:1:1: warning MTS0631: the certificate file is not there")]
    public void An_emptied_or_lost_certificate_is_found(string? content, string expected)
    {
        var files = new Dictionary<string, string> { [Key] = KeyOf(Good) };
        if (content is not null)
        {
            files[Leaf] = content;
        }

        Assert.StartsWith("/etc/pki/tls/" + expected, One(Host(files)), StringComparison.Ordinal);
    }

    [Fact]
    public void Glued_lines_are_found_with_their_line()
    {
        var glued = Pem(Good).TrimEnd('\n') + Pem(Root);
        var found = HostReview.Of(Host(new Dictionary<string, string> { [Leaf] = glued, [Key] = KeyOf(Good) }));
        var line = Pem(Good).Count(c => c == '\n');
        Assert.Contains(found, f => f.Code.Id == "MTS0630" && f.Location!.Line == line);
    }

    [Fact]
    public void A_byte_order_mark_is_found_and_is_no_glued_line()
    {
        var marked = "\u00EF\u00BB\u00BF" + Pem(Good);
        Assert.StartsWith(
            "/etc/pki/tls/mail.pem:1:1: warning MTS0631: the file begins with a byte order mark",
            One(Host(new Dictionary<string, string> { [Leaf] = marked, [Key] = KeyOf(Good) })),
            StringComparison.Ordinal);

        // Lines that are glued further down are found where they are.
        var found = HostReview.Of(Host(new Dictionary<string, string> { [Leaf] = marked.TrimEnd('\n') + Pem(Root), [Key] = KeyOf(Good) }));
        Assert.Contains(found, f => f.Code.Id == "MTS0630" && f.Location!.Line == Pem(Good).Count(c => c == '\n'));
    }

    [Fact]
    public void Apply_is_no_remedy_where_it_makes_no_certificate()
    {
        var old = Root.Issue("CN=mail.example.com", new TestCertificate.Options { NotAfter = TestCertificate.Now.AddDays(91) });
        Dictionary<string, string>[] hosts =
        [
            new() { [Key] = KeyOf(Good) },
            new() { [Leaf] = Pem(Good), [Key] = KeyOf(Root) },
            new() { [Leaf] = Pem(old), [Key] = KeyOf(old), ["/root/ca/ca.pem"] = Pem(Root) },
        ];
        Assert.All(hosts, files =>
        {
            Assert.All(HostReview.Of(Host(files)), d => Assert.Contains("apply", d.Remedy, StringComparison.Ordinal));
            Assert.All(HostReview.Of(Host(files), issues: false), d => Assert.DoesNotContain("apply", d.Remedy, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData(0x1A4, 0, "warning MTS0626: the private key /etc/pki/tls/mail.key has mode 0644: everybody can read it")]
    [InlineData(0x1A0, 42, "note MTS0626: the private key /etc/pki/tls/mail.key has mode 0640: its group can read it")]
    [InlineData(0x1A0, 0, null)]
    public void A_key_that_others_can_read_is_found(int mode, int group, string? expected)
    {
        var found = HostReview.Of(Host(Sound, change: f => f.Path == Key ? f with { Mode = mode, Group = group } : f));
        Assert.Equal(expected is null ? 0 : 1, found.Count);
        Assert.All(found, f => Assert.StartsWith(expected!, f.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/etc/pki/tls", new[] { "/etc/pki/tls" }, true)]
    [InlineData("/etc/pki/mailtls", new[] { "/etc/pki/tls" }, false)]
    [InlineData("/etc/pki/mailtls", new[] { "/etc/pki/tls", "/etc/pki/tls/certs" }, true)]
    public void A_shared_directory_that_is_closed_is_found_where_others_need_it(string certificates, string[] directories, bool found)
    {
        var observed = Host(new Dictionary<string, string> { [certificates + "/mail.pem"] = Pem(Good), [certificates + "/mail.key"] = KeyOf(Good) }, directory: certificates);
        var closed = observed with
        {
            Files = observed.Files.Concat(directories.Select(d => KeyValuePair.Create(d, new FileObservation(d, FileKind.Directory) { Mode = d == "/etc/pki/tls" ? 0x1C0 : 0x1ED }))).ToDictionary(),
        };
        Assert.Equal(found ? ["/etc/pki/tls has mode 0700, so other programs cannot reach what they need below it"] : [], HostReview.Of(closed).Select(f => f.Fact));
    }

    [Fact]
    public void A_454_after_starttls_is_found()
    {
        var request = new ProbeRequest(MailProtocol.Smtp, false, "192.0.2.1", 25, "mail.example.com", null, []);
        var probe = new ProbeResult(request, ProbeOutcome.StartTlsRefused, "the server answered \"454 4.7.0 TLS not available due to local problem\"", null, [], [], null, null, [], new Dictionary<TlsVersion, OfferOutcome>());
        Assert.StartsWith(
            "warning MTS0632: 192.0.2.1 port 25 announces STARTTLS and then answers 454 4.7.0 TLS not available due to local problem.",
            One(Host(Sound) with { Served = [new ServedEndpoint(ServiceKind.Postfix, EndpointKind.Smtp, probe)] }),
            StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Sound => new() { [Leaf] = Pem(Good), [Key] = KeyOf(Good) };

    private static string One(HostObservation observed) => Assert.Single(HostReview.Of(observed)).ToString();

    private static string Pem(TestCertificate certificate) =>
        $"-----BEGIN CERTIFICATE-----\n{Convert.ToBase64String(certificate.Der, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n")}\n-----END CERTIFICATE-----\n";

    // A key as an observation shows it: redacted.
    private static string KeyOf(TestCertificate certificate) =>
        Redaction.KeyBlock("PRIVATE KEY", "ecdsa-p256", CertificateFacts.Read(certificate.Der).PublicKeyFingerprint);

    private static HostObservation Host(
        Dictionary<string, string> files, string main = "", string master = "smtp inet n - y - - smtpd\n", string dovecot = "", string dovecotVersion = "2.3.19.1", string directory = "/etc/pki/tls", Func<FileObservation, FileObservation>? change = null)
    {
        var all = new Dictionary<string, string>(files)
        {
            [PostfixService.MainCf] = main,
            [PostfixService.MasterCf] = master,
            [DovecotService.MainFile] = dovecot,
            ["/etc/dovecot/conf.d/10-ssl.conf"] = "ssl = yes\n",
        };
        var answers = new Dictionary<string, string> { [PostfixAnswers.Parameters] = $"smtpd_tls_cert_file = {directory}/mail.pem\nsmtpd_tls_key_file = {directory}/mail.key\n" };
        return new HostObservation(
            TestCertificate.Now,
            new HostFacts("mail.example.com", 0, Systemd: false, SeLinux: false),
            all.Select(f => new FileObservation(f.Key, FileKind.Regular) { Mode = OwnerOnly, Text = f.Value, Size = f.Value.Length }).Select(f => change?.Invoke(f) ?? f).ToDictionary(f => f.Path),
            [],
            new Dictionary<ServiceKind, ServiceObservation>
            {
                [ServiceKind.Postfix] = new(ServiceKind.Postfix, true, "3.7.11", true, null, [], answers),
                [ServiceKind.Dovecot] = new(ServiceKind.Dovecot, true, dovecotVersion, true, null, [DovecotService.MainFile, "/etc/dovecot/conf.d/10-ssl.conf"], new Dictionary<string, string>()),
            },
            [],
            []);
    }
}
