using System.Buffers;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using MailTlsState.Verification;
using NJsonSchema;
using Xunit;

namespace MailTlsState.Tests.Verification;

public class FindingsJsonTests
{
    private static readonly TestCertificate Root = TestCertificate.Root();

    private static readonly EndpointExpectation Smtp = new(ServiceKind.Postfix, EndpointKind.Smtp, EndpointSecurity.Opportunistic, "2001:db8::1", 25, "mail.example.test")
    {
        MinimumVersion = TlsVersion.Tls13,
        TrustAnchors = [],
    };

    [Fact]
    public async Task Reports_are_as_the_published_schema_says()
    {
        var schema = await JsonSchema.FromJsonAsync(EmbeddedSchema(), TestContext.Current.CancellationToken);
        foreach (var report in Reports())
        {
            var errors = schema.Validate(Json(report));
            Assert.True(errors.Count == 0, string.Join("\n", errors.Select(e => e.ToString())));
        }
    }

    [Fact]
    public async Task The_schema_refuses_what_is_not_in_it()
    {
        var schema = await JsonSchema.FromJsonAsync(EmbeddedSchema(), TestContext.Current.CancellationToken);
        var good = Json(Reports().First());

        Assert.NotEmpty(schema.Validate(good.Replace("\"format\"", "\"form\"", StringComparison.Ordinal)));
        Assert.NotEmpty(schema.Validate(good.Replace("\"handshakeFailed\"", "\"lost\"", StringComparison.Ordinal)));
        Assert.NotEmpty(schema.Validate(good.Replace("\"notBefore\"", "\"since\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_text_is_the_same_each_time_and_counts_what_was_found()
    {
        var report = Reports().First();

        Assert.Equal(Json(report), Json(report));
        Assert.Contains("\"greeting\": \"220 \\\"mail\\\" <ready>\"", Json(report), StringComparison.Ordinal);
        Assert.Contains($"\"failures\": {report.Findings.Count(f => f.Severity == FindingSeverity.Failure)}", Json(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_code_of_verification_is_in_the_list_once_and_explained()
    {
        var all = VerificationDiagnostics.All;

        Assert.Equal(Enumerable.Range(801, all.Count).Select(n => $"MTS{n:0000}"), all.Select(c => c.Id));
        Assert.All(all, c => Assert.True(c.Explanation.Count(x => x == '.') >= 2 && char.IsUpper(c.Explanation[0]) && c.Title.Length is > 10 and < 80));
    }

    private static IEnumerable<VerificationReport> Reports()
    {
        var now = TestCertificate.Now;
        foreach (var outcome in Enum.GetValues<ProbeOutcome>().OrderBy(o => o != ProbeOutcome.HandshakeFailed))
        {
            var result = VerifierTests.Good(Smtp.Question()) with
            {
                Outcome = outcome,
                Failure = outcome == ProbeOutcome.Completed ? null : "reason",
                Greeting = "220 \"mail\" <ready>",
                Chain = [Convert.ToBase64String(Root.Der), Convert.ToBase64String([1, 2])],
                Offers = new Dictionary<TlsVersion, OfferOutcome> { [TlsVersion.Tls12] = OfferOutcome.Accepted, [TlsVersion.Tls10] = OfferOutcome.NotTested },
            };
            if (outcome == ProbeOutcome.HandshakeFailed)
            {
                yield return Verifier.Report([Smtp], [result], now);
            }

            yield return Verifier.Report([Smtp, Smtp with { ProxyProtocol = true }], [result with { Version = null, Suite = null, Greeting = null }, null], now);
        }

        yield return new VerificationReport([new EndpointReport(ScanCheckTests.Imap, VerifierTests.Good(ScanCheckTests.Imap.Question()), []) { Scan = ScanCheckTests.Good }]);
        yield return new VerificationReport([new EndpointReport(ScanCheckTests.Imap, VerifierTests.Good(ScanCheckTests.Imap.Question()), []) { Scan = new TlsScan([], 1) { Missing = ["everything"] } }]);
        yield return new VerificationReport([]) { Denials = [new Denial("avc:  denied", "smtpd", "read", "postfix_smtpd_t", "user_home_t", "file", "x")] };
    }

    private static string Json(VerificationReport report)
    {
        var buffer = new ArrayBufferWriter<byte>();
        FindingsJson.Write(buffer, report);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string EmbeddedSchema()
    {
        using var stream = typeof(FindingsJson).Assembly.GetManifestResourceStream("schemas/findings.v1.schema.json")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
