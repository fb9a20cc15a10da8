using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;

namespace MailTlsState.Verification;

/// <summary>Compares what one endpoint served with what it should serve.</summary>
internal sealed class EndpointCheck(EndpointExpectation expectation, ProbeResult result, DateTimeOffset now)
{
    private readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Run()
    {
        if (expectation.Security == EndpointSecurity.Disabled)
        {
            // No greeting in time is no proof that it is off: something took the connection.
            if (result.Outcome != ProbeOutcome.NotConnected)
            {
                Fail(VerificationDiagnostics.NotDisabled, "nothing listens", result.Greeting is { } greeting ? $"it greets with \"{greeting}\"" : "it takes connections", "manifest", "reload the service, or end the other program");
            }

            return _findings;
        }

        Outcome();
        // A certificate may be the reason why a handshake failed.
        if (result.Outcome is ProbeOutcome.Completed or ProbeOutcome.NoAnswerOverTls || (result.Outcome == ProbeOutcome.HandshakeFailed && result.Chain.Count > 0))
        {
            Certificate([.. result.Chain.Select(Convert.FromBase64String)]);
        }

        if (result.Outcome is ProbeOutcome.Completed or ProbeOutcome.NoAnswerOverTls)
        {
            OtherKinds();
        }

        Floor();
        Auth();
        return _findings;
    }

    private void Outcome()
    {
        var failure = result.Failure ?? "no reason is known";
        switch (result.Outcome)
        {
            case ProbeOutcome.NotConnected or ProbeOutcome.NoGreeting:
                Fail(VerificationDiagnostics.NoAnswer, $"a greeting of {expectation.Kind.Protocol().ToString().ToUpperInvariant()}", failure, "manifest", "see whether the service runs and listens there");
                break;
            case ProbeOutcome.StartTlsNotOffered:
                Fail(VerificationDiagnostics.StartTlsNotOffered, $"{TlsCommand} among the capabilities", failure, TlsRule, "see the service's log for why TLS is off");
                break;
            case ProbeOutcome.StartTlsRefused:
                Fail(VerificationDiagnostics.StartTlsRefused, $"{TlsCommand} accepted", failure, TlsRule, "see whether certificate and key belong together, and the service's log");
                break;
            case ProbeOutcome.HandshakeFailed:
                Fail(VerificationDiagnostics.HandshakeFailed, "a completed TLS handshake", failure, "RFC 8446 section 2", "see the service's log for its side of the handshake");
                break;
            case ProbeOutcome.NoAnswerOverTls:
                Fail(VerificationDiagnostics.NoAnswerOverTls, "an answer over TLS", failure, TlsRule, "see the service's log for why it gave up");
                break;
        }
    }

    // To the client of the handshake the server sent the kind that it prefers.
    private void OtherKinds()
    {
        foreach (var family in expectation.Families)
        {
            var name = KeyKinds.Text(family).ToUpperInvariant();
            if (!result.ByFamily.TryGetValue(family, out var answer) || answer.Chain.Count == 0)
            {
                Fail(
                    VerificationDiagnostics.OtherLeaf, $"an {name} certificate for a client that takes no other", $"none ({answer?.Failure ?? "it was not asked for"})", "manifest certificate.keys", "reload the service; if that does not help, find the setting that names other files");
            }
            else if (answer.Chain[0] != result.Chain.FirstOrDefault())
            {
                Certificate([.. answer.Chain.Select(Convert.FromBase64String)]);
            }
        }
    }

    private void Certificate(List<byte[]> chain)
    {
        if (expectation.LeafFingerprints.Count > 0 && chain.Count > 0)
        {
            var served = CertificateFacts.Sha256(chain[0]);
            if (!expectation.LeafFingerprints.Contains(served))
            {
                Fail(VerificationDiagnostics.OtherLeaf, $"the leaf {string.Join(" or ", expectation.LeafFingerprints)}", Describe(chain[0], served), "manifest", "reload the service; if that does not help, find the setting that names another file");
            }
        }

        foreach (var fault in ChainCheck.Evaluate(chain, expectation.TrustAnchors, expectation.ServerName, now))
        {
            var findingClass = fault.Severity == FindingSeverity.Failure ? FindingClass.Activation : FindingClass.Report;
            Add(fault.Code, findingClass, fault.Severity, fault.Expected, fault.Observed, fault.Rule, fault.Remedy);
        }
    }

    private void Floor()
    {
        if (expectation.MinimumVersion is not { } floor)
        {
            return;
        }

        var accepted = result.Offers.Where(o => o.Value == OfferOutcome.Accepted && o.Key < floor).Select(o => o.Key).ToList();
        if (result.Version is { } version && version < floor && !accepted.Contains(version))
        {
            accepted.Add(version);
        }

        if (accepted.Count > 0)
        {
            Fail(VerificationDiagnostics.BelowFloor, $"{floor.Name()} or newer alone", $"{string.Join(" and ", accepted.Order().Select(v => v.Name()))} accepted", "RFC 8996, manifest policy", "find the setting that overrides the policy, or reload the service");
        }

        var unknown = result.Offers.Where(o => o.Value == OfferOutcome.NotTested && o.Key < floor).Select(o => o.Key.Name()).ToList();
        if (unknown.Count > 0 && result.Outcome == ProbeOutcome.Completed)
        {
            Add(VerificationDiagnostics.FloorNotTested, FindingClass.Report, FindingSeverity.Warning, $"{string.Join(" and ", unknown)} refused", "it could not be offered", "RFC 8996, manifest policy", "run verify again");
        }
    }

    private void Auth()
    {
        var protocol = expectation.Kind.Protocol();
        // A capability list that was never seen says nothing.
        var beforeSeen = !result.Request.Implicit && result.CapabilitiesBefore.Count > 0;
        if (expectation.AuthForbiddenBeforeTls && beforeSeen && AuthOffer.In(protocol, result.CapabilitiesBefore) is { } before)
        {
            Fail(VerificationDiagnostics.AuthBeforeTls, "no way to log in before TLS", before, "RFC 8314 section 4.1", "reload the service, or find the setting that overrides the managed one");
        }

        if (expectation.AuthRequiredOverTls && result.Outcome == ProbeOutcome.Completed && AuthOffer.In(protocol, result.CapabilitiesAfter) is null)
        {
            Fail(VerificationDiagnostics.AuthMissing, "a way to log in over TLS", $"none among {string.Join(", ", result.CapabilitiesAfter)}", "RFC 4954, RFC 3501, RFC 1939", "see the service's log for why SASL is off");
        }
    }

    private string TlsCommand => expectation.Kind.Protocol() == MailProtocol.Pop3 ? "STLS" : "STARTTLS";

    private string TlsRule => expectation.Security == EndpointSecurity.Implicit ? "RFC 8314 section 3" : expectation.Kind.Protocol() switch
    {
        MailProtocol.Smtp => "RFC 3207 section 4",
        MailProtocol.Imap => "RFC 3501 section 6.2.1",
        _ => "RFC 2595 section 4",
    };

    private void Fail(DiagnosticCode code, string expected, string observed, string rule, string remedy) =>
        Add(code, FindingClass.Activation, FindingSeverity.Failure, expected, observed, rule, remedy);

    private void Add(DiagnosticCode code, FindingClass findingClass, FindingSeverity severity, string expected, string observed, string rule, string remedy) =>
        _findings.Add(new Finding(code, findingClass, severity, expectation.Endpoint, expected, observed, rule, remedy));

    // What cannot be read is told by the chain check in its own finding.
    private static string Describe(byte[] leaf, string fingerprint) => CertificateFacts.TryRead(leaf) is { } facts
        ? $"{fingerprint} (subject \"{facts.Subject}\", issuer \"{facts.Issuer}\", serial {facts.SerialNumber})"
        : fingerprint;
}
