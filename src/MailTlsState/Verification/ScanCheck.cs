using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Verification;

/// <summary>
/// Measures everything that an endpoint accepts by a policy and by what the RFCs forbid. All of it is reported: what an apply has to
/// roll back for is seen by <see cref="EndpointCheck"/>.
/// </summary>
internal sealed class ScanCheck(EndpointExpectation expectation, ProbeResult probe, TlsScan scan)
{
    // RFC 9325 section 4.2: Logjam.
    private const int ShortestPrime = 2048;

    // What a person still reads.
    private const int MostNames = 8;

    // RFC 9155 and every public issuer's rules: neither MD5 nor SHA-1.
    private static readonly string[] SoundHashes = ["sha256", "sha384", "sha512"];

    private readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Run()
    {
        Suites();
        OldestVersion();
        Protections();
        StartTls();
        if (expectation.Policy is { } policy)
        {
            ByPolicy(policy);
        }

        // Where no handshake came about, that is what has to be mended first.
        if (scan.Missing.Count > 0 && probe.Outcome == ProbeOutcome.Completed)
        {
            Add(VerificationDiagnostics.ScanIncomplete, FindingSeverity.Warning, "an answer to every question", $"none about {string.Join("; ", scan.Missing)}", "manifest policy", "run verify again, or give it more time with --timeout");
        }

        return _findings;
    }

    private IEnumerable<VersionScan> Accepted => scan.Versions.Where(v => v.Outcome == OfferOutcome.Accepted);

    private void Suites()
    {
        var broken = Accepted.SelectMany(v => v.Suites).Distinct().Where(SuiteRules.IsBroken).ToList();
        if (broken.Count > 0)
        {
            Add(VerificationDiagnostics.BrokenSuite, FindingSeverity.Failure, "no suite without authentication or with a broken cipher", Listed(broken), "RFC 9325 section 4.1", "exclude them: find the setting that overrides the managed ones, or reload the service");
        }
    }

    // The versions that a policy may allow are the probe's own question.
    private void OldestVersion()
    {
        if (scan.Of(WireVersion.Ssl30)?.Outcome == OfferOutcome.Accepted)
        {
            Add(VerificationDiagnostics.BelowFloor, FindingSeverity.Failure, "TLS alone", "SSLv3 accepted", "RFC 7568", "find the setting that overrides the policy, or reload the service");
        }
    }

    private void Protections()
    {
        if (scan.Compression == true)
        {
            Add(VerificationDiagnostics.Compressed, FindingSeverity.Failure, "no TLS compression", "DEFLATE is chosen", "RFC 9325 section 3.3", "turn compression off in the service's TLS options");
        }

        if (scan.SecureRenegotiation == false)
        {
            Add(VerificationDiagnostics.InsecureRenegotiation, FindingSeverity.Failure, "secure renegotiation", "the extension is missing", "RFC 5746, RFC 9325 section 3.5", "upgrade the service's TLS library");
        }

        if (scan.ExtendedMasterSecret == false)
        {
            Add(VerificationDiagnostics.NoExtendedMasterSecret, FindingSeverity.Warning, "extended master secret", "the extension is missing", "RFC 7627, RFC 9325 section 3.5", "upgrade the service's TLS library");
        }

        if (scan.PrimeBits is { } bits and < ShortestPrime)
        {
            Add(VerificationDiagnostics.ShortPrime, FindingSeverity.Failure, $"primes of {ShortestPrime} bits or more", $"{bits} bits", "RFC 9325 section 4.2", "name longer parameters (smtpd_tls_dh1024_param_file, ssl_dh), or allow no DHE suite");
        }

        if (scan.EarlyData > 0)
        {
            Add(VerificationDiagnostics.EarlyDataAccepted, FindingSeverity.Warning, "no 0-RTT data", $"tickets allow {scan.EarlyData} bytes", "RFC 8446 section 8", "turn early data off: mail protocols have no profile for it");
        }
    }

    private void StartTls()
    {
        if (scan.Injection == InjectionOutcome.Executed)
        {
            Add(VerificationDiagnostics.CommandInjection, FindingSeverity.Failure, "what comes together with STARTTLS is dropped", "it is carried out over TLS", "RFC 3207 section 6, CVE-2011-0411", "upgrade the service");
        }

        var protocol = expectation.Kind.Protocol();
        if (expectation is { Security: EndpointSecurity.Opportunistic, SeenAsRemote: true } && AuthOffer.In(protocol, probe.CapabilitiesBefore) is { } login && probe.CapabilitiesBefore.Count > 0)
        {
            Add(VerificationDiagnostics.PlainLogin, FindingSeverity.Warning, "no way to log in before TLS", login, "RFC 8314 section 4.1", expectation.Service == ServiceKind.Postfix ? "set smtpd_tls_auth_only = yes, or offer no AUTH here (smtpd_sasl_auth_enable)" : "name the endpoint in the manifest with security: required");
        }
    }

    private void ByPolicy(TlsPolicy policy)
    {
        foreach (var version in Accepted)
        {
            var isTls13 = version.Version == WireVersion.Tls13;
            var outside = version.Suites.Where(s => !policy.Allows(s, isTls13) && !SuiteRules.IsBroken(s)).ToList();
            if (outside.Count > 0)
            {
                // Not every version of the daemons can choose among the suites of TLS 1.3, all of which are sound.
                Add(VerificationDiagnostics.SuiteOutsidePolicy, isTls13 ? FindingSeverity.Warning : FindingSeverity.Failure, $"the suites of {policy.Name} alone", $"{version.Version.Name()} with {Listed(outside)}", Rule(policy), Remedy);
            }

            if (policy.ServerPreference && version.ServerOrder == false)
            {
                Add(VerificationDiagnostics.ClientOrder, FindingSeverity.Warning, "the server's order of cipher suites", $"{version.Version.Name()} follows the client's", Rule(policy), Remedy);
            }

            var groups = policy.Groups is { } allowed ? version.Groups.Where(g => !allowed.Contains(GroupNames.ToOpenSsl(g) ?? g)).ToList() : [];
            if (groups.Count > 0)
            {
                Add(VerificationDiagnostics.GroupOutsidePolicy, FindingSeverity.Warning, $"the groups of {policy.Name} alone", $"{version.Version.Name()} with {Listed(groups)}", Rule(policy), Remedy);
            }
        }

        var legacy = policy.Grade is null ? 0 : Accepted.Where(v => v.Version != WireVersion.Tls13).SelectMany(v => v.Suites).Distinct().Count(s => SuiteRules.IsLegacy(s) && !SuiteRules.IsBroken(s));
        if (legacy > 0)
        {
            Add(VerificationDiagnostics.LegacySuites, FindingSeverity.Information, "suites with forward secrecy and authenticated encryption", $"{legacy} others, as {policy.Name} has it", "RFC 9325 section 4.2", "choose the policy intermediate when no old client needs them");
        }

        if (policy.SessionTickets == false && scan.SessionTickets == true)
        {
            Add(VerificationDiagnostics.TicketsAgainstPolicy, FindingSeverity.Warning, "no session tickets", "they are given", Rule(policy), Remedy);
        }

        Certificates(policy);
    }

    private void Certificates(TlsPolicy policy)
    {
        var chains = probe.ByFamily.Values.Select(a => a.Chain).Append(probe.Chain);
        var links = chains.SelectMany(c => c.Select((der, i) => (Position: i, Der: der))).DistinctBy(l => l.Der).ToList();
        foreach (var (position, der) in links)
        {
            if (CertificateFacts.TryRead(Convert.FromBase64String(der)) is not { } facts)
            {
                // Told by the chain check.
                continue;
            }

            // A plan warns of both and goes on, for a certificate is not had at once.
            if (position == 0 && PolicyKeyCheck.Problem(facts, policy) is { } problem)
            {
                Add(VerificationDiagnostics.KeyOutsidePolicy, FindingSeverity.Warning, $"{policy.Name} {problem}", $"{facts.Key} in \"{facts.Subject}\"", Rule(policy), "have a certificate issued for another kind of key (certificate.keys)");
            }

            // Nobody verifies a root's signature on itself.
            var allowed = policy.SignatureHashes ?? SoundHashes;
            if (!facts.IsSelfIssued && facts.SignatureHash is { } hash && !allowed.Contains(hash))
            {
                Add(VerificationDiagnostics.SignatureOutsidePolicy, SoundHashes.Contains(hash) ? FindingSeverity.Warning : FindingSeverity.Failure, $"a signature with {string.Join(", ", allowed)}", $"{hash} on \"{facts.Subject}\"", policy.SignatureHashes is null ? "RFC 9155" : Rule(policy), "have the certificate issued again by an issuer that signs with a stronger hash");
            }
        }
    }

    private const string Remedy = "find the setting that overrides the managed one, or reload the service; mailtls plan says what this version of the service has no setting for";

    // All of them stand in the scan itself.
    private static string Listed(List<string> names) => string.Join(", ", names.Take(MostNames)) + (names.Count > MostNames ? $" and {names.Count - MostNames} more" : "");

    private static string Rule(TlsPolicy policy) => policy.Citation.Section is { } section ? $"{policy.Source}, {section}" : policy.Source;

    private void Add(DiagnosticCode code, FindingSeverity severity, string expected, string observed, string rule, string remedy) =>
        _findings.Add(new Finding(code, FindingClass.Report, severity, expectation.Endpoint, expected, observed, rule, remedy));
}
