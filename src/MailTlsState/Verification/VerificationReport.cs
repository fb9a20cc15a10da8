using MailTlsState.Hosts.SeLinux;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Verification;

/// <summary>One endpoint: what it should serve, what it served, and where the two differ.</summary>
/// <param name="Expectation">What it should serve.</param>
/// <param name="Result">What it served, or null when it was not probed.</param>
/// <param name="Findings">The differences.</param>
public sealed record EndpointReport(EndpointExpectation Expectation, ProbeResult? Result, IReadOnlyList<Finding> Findings)
{
    /// <summary>Everything that it accepts, or null when it was not scanned.</summary>
    public TlsScan? Scan { get; init; }

    /// <summary>True when it does not serve what it should.</summary>
    public bool Fails => Findings.Any(f => f.Severity == FindingSeverity.Failure);
}

/// <summary>All endpoints of one verification.</summary>
/// <param name="Endpoints">In the order of the expectations.</param>
public sealed record VerificationReport(IReadOnlyList<EndpointReport> Endpoints)
{
    /// <summary>What SELinux refused the daemons meanwhile; looked up only when something fails.</summary>
    public IReadOnlyList<Denial> Denials { get; init; } = [];

    /// <summary>All findings, in the order of the endpoints.</summary>
    public IEnumerable<Finding> Findings => Endpoints.SelectMany(e => e.Findings);

    /// <summary>True when a finding fails: <c>verify</c> exits with 2.</summary>
    public bool HasFailures => Failing > 0;

    /// <summary>How many endpoints were seen to serve what they should.</summary>
    public int Verified => Endpoints.Count(e => e.Result is not null && !e.Fails);

    /// <summary>How many endpoints were left out, since nothing can be seen of them from here.</summary>
    public int NotProbed => Endpoints.Count(e => e.Result is null && !e.Fails);

    /// <summary>How many endpoints fail.</summary>
    public int Failing => Endpoints.Count(e => e.Fails);

    /// <summary>True when a finding would roll an apply back.</summary>
    public bool HasActivationFindings => Findings.Any(f => f.Class == FindingClass.Activation);
}
