using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Verification;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace MailTlsState.Tests.Verification;

public class VerifierTests
{
    private static readonly TestCertificate Root = TestCertificate.Root();
    private static readonly TestCertificate Leaf = Root.Leaf("mail.example.test");

    private static readonly EndpointExpectation Submission = new(ServiceKind.Postfix, EndpointKind.Submission, EndpointSecurity.Required, "127.0.0.1", 587, "mail.example.test")
    {
        LeafFingerprints = [Leaf.Fingerprint],
        TrustAnchors = [Root.Der],
        MinimumVersion = TlsVersion.Tls12,
        AuthForbiddenBeforeTls = true,
        AuthRequiredOverTls = true,
        SourceAddress = "127.0.0.2",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static ProbeResult Good(ProbeRequest request) => new(
        request,
        ProbeOutcome.Completed,
        null,
        "220 mail.example.test ESMTP",
        request.Implicit ? [] : ["PIPELINING", "STARTTLS"],
        ["PIPELINING", "AUTH PLAIN"],
        TlsVersion.Tls13,
        "TLS_AES_128_GCM_SHA256",
        [Convert.ToBase64String(Leaf.Der)],
        request.Offers.ToDictionary(o => o, _ => OfferOutcome.Refused));

    [Fact]
    public void What_is_as_it_should_be_has_no_finding() => Assert.Empty(Evaluate(Submission, r => r));

    [Fact]
    public void The_question_offers_each_version_below_the_floor()
    {
        Assert.Equal([TlsVersion.Tls10, TlsVersion.Tls11], Submission.Question().Offers);
        Assert.Equal([TlsVersion.Tls10, TlsVersion.Tls11, TlsVersion.Tls12], (Submission with { MinimumVersion = TlsVersion.Tls13 }).Question().Offers);
        Assert.Empty(Submission.Question(withOffers: false).Offers);
        Assert.Empty((Submission with { MinimumVersion = null }).Question().Offers);
        Assert.False(Submission.Question().Implicit);
        Assert.True((Submission with { Security = EndpointSecurity.Implicit }).Question().Implicit);
    }

    [Theory]
    [InlineData(ProbeOutcome.NotConnected, "MTS0801")]
    [InlineData(ProbeOutcome.NoGreeting, "MTS0801")]
    [InlineData(ProbeOutcome.StartTlsNotOffered, "MTS0802")]
    [InlineData(ProbeOutcome.StartTlsRefused, "MTS0803")]
    [InlineData(ProbeOutcome.HandshakeFailed, "MTS0804")]
    [InlineData(ProbeOutcome.NoAnswerOverTls, "MTS0805")]
    public void A_probe_that_did_not_get_through_is_one_activation_finding_with_what_was_seen(ProbeOutcome outcome, string code)
    {
        var finding = Assert.Single(Evaluate(Submission, r => r with { Outcome = outcome, Failure = "seen", CapabilitiesAfter = [] }));

        Assert.Equal((code, FindingClass.Activation, FindingSeverity.Failure, "seen"), (finding.Code.Id, finding.Class, finding.Severity, finding.Observed));
        Assert.Equal("postfix submission 127.0.0.1:587", finding.Endpoint.ToString());
    }

    [Fact]
    public void Another_leaf_is_found_by_what_is_on_the_wire()
    {
        var other = Root.Leaf("mail.example.test");

        var finding = Assert.Single(Evaluate(Submission, r => r with { Chain = [Convert.ToBase64String(other.Der)] }));

        Assert.Equal((VerificationDiagnostics.OtherLeaf, FindingClass.Activation), (finding.Code, finding.Class));
        Assert.StartsWith(other.Fingerprint, finding.Observed, StringComparison.Ordinal);
        Assert.Empty(Evaluate(Submission with { LeafFingerprints = [] }, r => r with { Chain = [Convert.ToBase64String(other.Der)] }));
        Assert.Empty(Evaluate(Submission with { LeafFingerprints = [Leaf.Fingerprint, other.Fingerprint] }, r => r with { Chain = [Convert.ToBase64String(other.Der)] }));
    }

    [Fact]
    public void Each_kind_of_key_must_be_served_to_a_client_that_takes_no_other()
    {
        var other = Root.Leaf("mail.example.test");
        var stale = Root.Leaf("mail.example.test");
        var both = Submission with { LeafFingerprints = [Leaf.Fingerprint, other.Fingerprint], Families = [KeyFamily.Ecdsa, KeyFamily.Rsa] };

        Assert.Empty(Evaluate(both, r => Answering(r, other)));
        Assert.Contains(stale.Fingerprint, Assert.Single(Evaluate(both, r => Answering(r, stale))).Observed, StringComparison.Ordinal);
        var none = Assert.Single(Evaluate(both, r => Answering(r, null)));
        Assert.Equal((VerificationDiagnostics.OtherLeaf, FindingClass.Activation), (none.Code, none.Class));
        Assert.Contains("RSA", none.Expected, StringComparison.Ordinal);
        Assert.Contains("handshake_failure", none.Observed, StringComparison.Ordinal);

        static ProbeResult Answering(ProbeResult result, TestCertificate? rsa) => result with
        {
            ByFamily = new Dictionary<KeyFamily, FamilyAnswer>
            {
                [KeyFamily.Ecdsa] = new(result.Chain, null),
                [KeyFamily.Rsa] = rsa is null ? new([], "handshake_failure") : new([Convert.ToBase64String(rsa.Der)], null),
            },
        };
    }

    [Fact]
    public void A_broken_chain_rolls_back_and_a_wrong_order_is_reported()
    {
        var stranger = Convert.ToBase64String(TestCertificate.Root("CN=Stranger").Der);

        var broken = Assert.Single(Evaluate(Submission with { TrustAnchors = [Convert.FromBase64String(stranger)] }, r => r));
        var spare = Assert.Single(Evaluate(Submission, r => r with { Chain = [.. r.Chain, stranger] }));

        Assert.Equal((VerificationDiagnostics.ChainIncomplete, FindingClass.Activation), (broken.Code, broken.Class));
        Assert.Equal((VerificationDiagnostics.ChainOrder, FindingClass.Report, FindingSeverity.Warning), (spare.Code, spare.Class, spare.Severity));
    }

    [Fact]
    public void A_floor_is_judged_by_offers_and_by_the_version_that_came_about()
    {
        var both = Evaluate(Submission, r => r with { Offers = new Dictionary<TlsVersion, OfferOutcome> { [TlsVersion.Tls10] = OfferOutcome.Accepted, [TlsVersion.Tls11] = OfferOutcome.Accepted } });
        var negotiated = Evaluate(Submission, r => r with { Version = TlsVersion.Tls11 });
        var unknown = Evaluate(Submission, r => r with { Offers = new Dictionary<TlsVersion, OfferOutcome> { [TlsVersion.Tls10] = OfferOutcome.NotTested } });

        Assert.Equal((VerificationDiagnostics.BelowFloor, FindingClass.Activation, "TLSv1 and TLSv1.1 accepted"), (Assert.Single(both).Code, both[0].Class, both[0].Observed));
        Assert.Equal("TLSv1.1 accepted", Assert.Single(negotiated).Observed);
        Assert.Equal((VerificationDiagnostics.FloorNotTested, FindingClass.Report, FindingSeverity.Warning), (Assert.Single(unknown).Code, unknown[0].Class, unknown[0].Severity));
    }

    [Theory]
    [InlineData(EndpointKind.Submission, new[] { "PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN" }, "AUTH PLAIN LOGIN")]
    [InlineData(EndpointKind.Submission, new[] { "STARTTLS", "AUTH=LOGIN" }, "AUTH=LOGIN")]
    [InlineData(EndpointKind.Submission, new[] { "STARTTLS" }, null)]
    [InlineData(EndpointKind.Imap, new[] { "IMAP4REV1", "STARTTLS", "LOGINDISABLED" }, null)]
    [InlineData(EndpointKind.Imap, new[] { "IMAP4REV1", "STARTTLS", "LOGINDISABLED", "AUTH=PLAIN" }, "AUTH=PLAIN")]
    [InlineData(EndpointKind.Imap, new[] { "IMAP4REV1", "STARTTLS" }, "no LOGINDISABLED")]
    [InlineData(EndpointKind.Pop3, new[] { "CAPA", "STLS", "SASL" }, null)]
    [InlineData(EndpointKind.Pop3, new[] { "CAPA", "STLS", "SASL PLAIN" }, "SASL PLAIN")]
    [InlineData(EndpointKind.Pop3, new[] { "CAPA", "STLS", "USER" }, "USER")]
    public void Logging_in_before_TLS_is_seen_in_each_protocol(EndpointKind kind, string[] before, string? seen)
    {
        var expectation = Submission with { Kind = kind, AuthRequiredOverTls = false };

        Assert.Equal(seen, Evaluate(expectation, r => r with { CapabilitiesBefore = before }).SingleOrDefault()?.Observed);
        Assert.Empty(Evaluate(expectation with { AuthForbiddenBeforeTls = false }, r => r with { CapabilitiesBefore = before }));
    }

    [Fact]
    public void Logging_in_over_TLS_must_be_possible_where_the_configuration_says_so()
    {
        var finding = Assert.Single(Evaluate(Submission, r => r with { CapabilitiesAfter = ["PIPELINING"] }));

        Assert.Equal((VerificationDiagnostics.AuthMissing, FindingClass.Activation), (finding.Code, finding.Class));
        Assert.Empty(Evaluate(Submission with { AuthRequiredOverTls = false }, r => r with { CapabilitiesAfter = ["PIPELINING"] }));
    }

    [Fact]
    public void A_disabled_endpoint_must_not_answer()
    {
        var off = Submission with { Security = EndpointSecurity.Disabled };

        Assert.Empty(Evaluate(off, r => r with { Outcome = ProbeOutcome.NotConnected }));
        Assert.Same(VerificationDiagnostics.NotDisabled, Assert.Single(Evaluate(off, r => r)).Code);
        Assert.Same(VerificationDiagnostics.NotDisabled, Assert.Single(Evaluate(off, r => r with { Outcome = ProbeOutcome.NoGreeting, Greeting = null })).Code);
    }

    [Fact]
    public async Task What_is_behind_a_proxy_is_not_probed_and_said_so()
    {
        var host = new InMemoryHost(new FakeTimeProvider(TestCertificate.Now)) { Probes = _ => throw new InvalidOperationException("probed") };

        var report = await Verifier.VerifyAsync(host, [Submission with { ProxyProtocol = true }], Token);

        var finding = Assert.Single(report.Findings);
        Assert.Equal((VerificationDiagnostics.NotProbed, FindingClass.Report, FindingSeverity.Information), (finding.Code, finding.Class, finding.Severity));
        Assert.False(report.HasFailures);
        Assert.Null(Assert.Single(report.Endpoints).Result);
    }

    [Fact]
    public async Task A_report_has_the_endpoints_in_their_order()
    {
        var host = new InMemoryHost(new FakeTimeProvider(TestCertificate.Now)) { Probes = r => r.Port == 465 ? InMemoryHost.NotConnected(r) : Good(r) };

        var report = await Verifier.VerifyAsync(host, [Submission, Submission with { Kind = EndpointKind.Submissions, Security = EndpointSecurity.Implicit, Port = 465 }], Token);

        Assert.Equal([587, 465], report.Endpoints.Select(e => e.Expectation.Port));
        Assert.Empty(report.Endpoints[0].Findings);
        Assert.Same(VerificationDiagnostics.NoAnswer, Assert.Single(report.Endpoints[1].Findings).Code);
        Assert.True(report is { HasFailures: true, HasActivationFindings: true });
    }

    [Fact]
    public async Task What_was_not_asked_in_time_is_a_failure_of_its_own_and_never_off()
    {
        var host = new InMemoryHost(TimeProvider.System) { Waits = (r, token) => r.Port == 587 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, token), Probes = Good };
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        var report = await Verifier.ScanAsync(
            host, [Submission, Submission with { Port = 110, Kind = EndpointKind.Pop3, Security = EndpointSecurity.Disabled }], everything: true, deadline.Token, Token);

        Assert.False(report.Endpoints[0].Fails);
        var finding = Assert.Single(report.Endpoints[1].Findings);
        Assert.Equal((VerificationDiagnostics.NoAnswer, FindingSeverity.Failure), (finding.Code, finding.Severity));
        Assert.Equal((1, 0, 1), (report.Verified, report.NotProbed, report.Failing));
    }

    [Fact]
    public async Task Listeners_that_hang_keep_no_other_from_being_seen()
    {
        var host = new InMemoryHost(TimeProvider.System) { Waits = (r, token) => r.Port < 100 ? Task.Delay(Timeout.Infinite, token) : Task.CompletedTask, Probes = Good };
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));

        var report = await Verifier.ScanAsync(host, [.. Enumerable.Range(1, 10).Append(587).Select(p => Submission with { Port = p })], everything: true, deadline.Token, Token);

        Assert.Equal((10, false), (report.Failing, report.Endpoints[^1].Fails));
    }

    [Fact]
    public async Task A_server_that_was_too_busy_is_asked_once_more()
    {
        var asked = 0;
        var host = new InMemoryHost(TimeProvider.System) { Probes = r => asked++ == 0 ? InMemoryHost.NotConnected(r) with { Outcome = ProbeOutcome.NoGreeting } : Good(r) };

        Assert.False((await Verifier.ScanAsync(host, [Submission], everything: false, Token, Token)).HasFailures);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task Convergence_wants_so_many_good_rounds_in_a_row_and_offers_old_versions_in_the_last()
    {
        var rounds = 0;
        var offered = new List<bool>();
        var host = new InMemoryHost(new SkewedClock(TestCertificate.Now))
        {
            Probes = r =>
            {
                offered.Add(r.Offers.Count > 0);
                return ++rounds is 1 or 3 ? InMemoryHost.NotConnected(r) : Good(r);
            },
        };

        var report = await ConvergeAsync(host, new Convergence(3, TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(1)));

        Assert.Equal(6, rounds);
        Assert.Equal([false, false, false, false, false, true], offered);
        Assert.Empty(report.Findings);
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 4)]
    public async Task One_good_round_is_proof_where_nothing_of_before_can_answer(bool proven, int expected)
    {
        var rounds = 0;
        var offered = new List<bool>();
        var host = new InMemoryHost(new SkewedClock(TestCertificate.Now))
        {
            Probes = r =>
            {
                offered.Add(r.Offers.Count > 0);
                return ++rounds == 1 ? InMemoryHost.NotConnected(r) : Good(r);
            },
        };

        await ConvergeAsync(host, new Convergence(3, TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(1)) { IsProven = _ => proven });

        Assert.Equal(expected, rounds);
        Assert.True(offered[^1]);
    }

    [Fact]
    public async Task Convergence_ends_with_its_time()
    {
        var host = new InMemoryHost();

        var report = await ConvergeAsync(host, new Convergence(2, TimeSpan.FromMilliseconds(120), TimeSpan.FromMilliseconds(1)));

        Assert.True(report.HasActivationFindings);
    }

    [Fact]
    public async Task Findings_that_were_there_before_do_not_stand_in_the_way()
    {
        var rounds = 0;
        var host = new InMemoryHost(new SkewedClock(TestCertificate.Now))
        {
            Probes = r =>
            {
                rounds++;
                return Good(r) with { CapabilitiesAfter = [] };
            },
        };

        var report = await ConvergeAsync(host, new Convergence(2, TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(1))
        {
            IsGood = round => round.Findings.All(f => f.Code == VerificationDiagnostics.AuthMissing),
        });

        Assert.Equal(2, rounds);
        Assert.Same(VerificationDiagnostics.AuthMissing, Assert.Single(report.Findings).Code);
    }

    [Fact]
    public async Task Waiting_in_vain_ends_at_once()
    {
        var rounds = 0;
        var host = new InMemoryHost();

        var report = await ConvergeAsync(host, new Convergence(2, TimeSpan.FromMinutes(30), TimeSpan.FromMilliseconds(1)) { IsHopeless = _ => Task.FromResult(++rounds == 3) });

        Assert.Equal(3, rounds);
        Assert.True(report.HasActivationFindings);
    }

    private static Task<VerificationReport> ConvergeAsync(InMemoryHost host, Convergence rule) =>
        Verifier.ConvergeAsync(host, _ => Task.FromResult<IReadOnlyList<EndpointExpectation>>([Submission]), rule, Token);

    private static IReadOnlyList<Finding> Evaluate(EndpointExpectation expectation, Func<ProbeResult, ProbeResult> change) =>
        Verifier.Evaluate(expectation, change(Good(expectation.Question())), TestCertificate.Now);

    /// <summary>Waits as long as the real clock does, and tells another day.</summary>
    private sealed class SkewedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
