using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Verification;
using Xunit;

namespace MailTlsState.Tests.Verification;

/// <summary>A process that no handshake met may serve the former certificate to the next client.</summary>
public sealed class FormerProcessCheckTests
{
    private static readonly DateTimeOffset Changed = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly FormerProcessCheck.Former Old = new(ServiceKind.Postfix, new ServingProcess(587, "smtpd", Changed.AddMinutes(-5)), Changed);

    [Fact]
    public void Each_endpoint_that_it_takes_connections_of_has_a_finding_that_names_it()
    {
        var report = Verified(Old, old => old);
        var finding = Assert.Single(report.Findings);
        Assert.Equal("MTS0838", finding.Code.Id);
        Assert.True(report.HasFailures);
        Assert.Equal(FindingClass.Report, finding.Class);
        Assert.Equal("smtpd of 2026-03-01 11:55:00 UTC", finding.Observed);
        Assert.Equal("processes younger than the certificate's files of 2026-03-01 12:00:00 UTC", finding.Expected);
    }

    [Fact]
    public void What_a_handshake_met_or_is_of_another_port_or_service_is_no_finding_of_this_kind()
    {
        Assert.Equal(["MTS0806"], Verified(Old, e => e with { Findings = [OtherLeaf(e)] }).Findings.Select(f => f.Code.Id));
        Assert.Empty(Verified(Old with { Process = Old.Process with { Port = 25 } }, e => e).Findings);
        Assert.Empty(Verified(Old with { Service = ServiceKind.Dovecot }, e => e).Findings);
        Assert.Empty(Verified(Old, e => e with { Expectation = e.Expectation with { FurtherName = true } }).Findings);
        Assert.Empty(Verified(Old, e => e with { Result = null }).Findings);
    }

    private static VerificationReport Verified(FormerProcessCheck.Former former, Func<EndpointReport, EndpointReport> edit)
    {
        var expectation = new EndpointExpectation(ServiceKind.Postfix, EndpointKind.Submission, EndpointSecurity.Required, "127.0.0.1", 587, "mail.example.test");
        return FormerProcessCheck.Add(new VerificationReport([edit(new EndpointReport(expectation, VerifierTests.Good(expectation.Question()), []))]), [former]);
    }

    private static Finding OtherLeaf(EndpointReport endpoint) =>
        new(VerificationDiagnostics.OtherLeaf, FindingClass.Activation, FindingSeverity.Failure, endpoint.Expectation.Endpoint, "", "", "", "");
}
