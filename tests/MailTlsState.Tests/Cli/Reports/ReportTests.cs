using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MailTlsState.Certificates;
using MailTlsState.Cli.Rendering;
using MailTlsState.Cli.Rendering.Reports;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Tests.Verification;
using MailTlsState.Verification;
using Xunit;

namespace MailTlsState.Tests.Cli.Reports;

public partial class ReportTests
{
    private static readonly TestCertificate Leaf = TestCertificate.Root().Leaf("mail.example.test");
    private static readonly ReportFacts Facts = new("mail.example.test", "intermediate", TestCertificate.Now, [CertificateFacts.Read(Leaf.Der)]);

    // A server that tries to get into every format.
    private static readonly VerificationReport Report = Made();

    [Fact]
    public void JUnit_has_a_case_for_each_listener_and_counts_what_fails()
    {
        var suite = XDocument.Parse(JUnitReport.Write(Report, Facts)).Root!.Element("testsuite")!;

        Assert.Equal(("4", "2", "1"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("skipped")!.Value));
        Assert.Equal(["dovecot imap 127.0.0.1:143", "postfix smtp 127.0.0.1:25", "dovecot pop3 127.0.0.1:110", "dovecot imap 127.0.0.1:143 as imap.example.test"], suite.Elements("testcase").Select(c => c.Attribute("name")!.Value));
        Assert.Equal(["MTS0804", "MTS0811"], suite.Descendants("failure").Select(f => f.Attribute("type")!.Value));
        Assert.Contains("<script>alert(1)</script>?", suite.Descendants("failure").First().Value, StringComparison.Ordinal);
        Assert.Equal("2026-11-24T12:00:00", suite.Attribute("timestamp")!.Value);
    }

    [Fact]
    public void Html_stands_by_itself_and_shows_what_a_server_says_as_text()
    {
        var html = HtmlReport.Write(Report, Facts);

        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.Ordinal);
        Assert.Contains("Not verified: 2 of 4 listeners fail; 1 could not be probed from here.", html, StringComparison.Ordinal);
        Assert.Contains("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", html, StringComparison.Ordinal);
        Assert.Equal(Tag("<table>"), Tag("</table>"));
        Assert.Equal(Tag("<tr>"), Tag("</tr>"));

        int Tag(string tag) => html.Split(tag).Length;
    }

    [Fact]
    public void Prometheus_text_is_well_formed_and_says_when_certificates_end()
    {
        var text = PrometheusReport.Write(Report, Facts);
        var lines = text.TrimEnd('\n').Split('\n');

        Assert.All(lines, line => Assert.Matches(line.StartsWith('#') ? Comment() : Sample(), line));
        Assert.Contains("mailtls_verified{host=\"mail.example.test\"} 0", lines);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"mailtls_verify_last_run_timestamp_seconds{{host=\"mail.example.test\"}} {TestCertificate.Now.ToUnixTimeSeconds()}"), lines);
        Assert.Contains("mailtls_endpoint_verified{host=\"mail.example.test\",service=\"postfix\",endpoint=\"smtp\",address=\"127.0.0.1\",port=\"25\",name=\"mail.example.test\"} 0", lines);
        Assert.Contains(lines, l => l.StartsWith("mailtls_certificate_on_disk_not_after_timestamp_seconds", StringComparison.Ordinal) && l.EndsWith(Facts.OnDisk[0].NotAfter.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("mailtls_certificate_not_after_timestamp_seconds", StringComparison.Ordinal));
        // One block for each metric, and no sample twice (exposition format 0.0.4).
        Assert.Equal(lines.Length, lines.Distinct().Count());
        var names = lines.Where(l => !l.StartsWith('#')).Select(l => l[..l.IndexOf('{', StringComparison.Ordinal)]).ToList();
        Assert.Equal(names.Distinct().Count(), names.Zip(names.Skip(1)).Count(p => p.First != p.Second) + 1);
    }

    [Fact]
    public void Text_tells_a_picture_that_listeners_share_once()
    {
        var text = FindingsText.Render(Report, new Palette(colour: false));

        Assert.Contains("accepted on 143: TLSv1.3 (1 suite), TLSv1.2 (1 suite); the client's order; x25519, secp256r1\n", text, StringComparison.Ordinal);
        Assert.Contains("FAIL postfix smtp 127.0.0.1:25", text, StringComparison.Ordinal);
        Assert.EndsWith("Not verified: 2 of 4 listeners fail; 1 could not be probed from here.\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_report_has_the_lines_in_which_SELinux_refused_something()
    {
        const string line = "type=AVC msg=audit(1.2:3): avc:  denied  { read } for  pid=7 comm=\"smtpd\" name=\"<b>.pem\" scontext=system_u:system_r:postfix_smtpd_t:s0 tcontext=system_u:object_r:user_home_t:s0 tclass=file";
        var report = Report with { Denials = [Denial.Parse(line)!] };

        Assert.Equal(line, JsonDocument.Parse(FindingsDocument.Write(report)).RootElement.GetProperty("denials")[0].GetString());
        Assert.Equal($"refused by SELinux: {line}\n", XDocument.Parse(JUnitReport.Write(report, Facts)).Descendants("system-err").Single().Value);
        Assert.Contains("name=&quot;&lt;b&gt;.pem&quot;", HtmlReport.Write(report, Facts), StringComparison.Ordinal);
        Assert.DoesNotContain("SELinux", HtmlReport.Write(Report, Facts), StringComparison.Ordinal);
        Assert.Empty(XDocument.Parse(JUnitReport.Write(Report, Facts)).Descendants("system-err"));
    }

    private static VerificationReport Made()
    {
        var imap = ScanCheckTests.Imap with { TrustAnchors = null };
        var smtp = new EndpointExpectation(ServiceKind.Postfix, EndpointKind.Smtp, EndpointSecurity.Opportunistic, "127.0.0.1", 25, "mail.example.test");
        var broken = VerifierTests.Good(smtp.Question()) with { Outcome = ProbeOutcome.HandshakeFailed, Failure = "the server sent <script>alert(1)</script>\u0001", Greeting = "220 <script>\"'&" };
        var further = imap with { ServerName = "imap.example.test", FurtherName = true };
        var served = VerifierTests.Good(imap.Question()) with { Chain = [Convert.ToBase64String(Leaf.Der)] };
        var report = Verifier.Report([imap, smtp, imap with { Kind = EndpointKind.Pop3, Port = 110, ProxyProtocol = true }, further], [served, broken, null, served], TestCertificate.Now);
        return new VerificationReport([.. report.Endpoints.Select((e, i) => i == 0 ? e with { Scan = ScanCheckTests.Good } : e)]);
    }

    [GeneratedRegex("^# (HELP|TYPE) [a-z_]+ .+$")]
    private static partial Regex Comment();

    [GeneratedRegex("^[a-z_]+\\{([a-z]+=\"[^\"]*\",?)+\\} [0-9]+$")]
    private static partial Regex Sample();
}
