using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>What an apply has to see on the wire, and which faults undo it.</summary>
internal sealed class ApplyExpectations(Manifest manifest, TlsPolicy policy, HostObservation before, CertificateState onDisk, Stager stager, DateTimeOffset now) : IExpectedState
{
    private readonly string? _leaf = stager.NewLeaf is { } made
        ? CertificateFacts.Sha256(made)
        : onDisk.Leaf?.Fingerprint;

    private readonly IReadOnlyList<byte[]> _anchors = (stager.NewRoot ?? Root(manifest, before, now)) is { } root ? [root] : [];

    /// <summary>The expectations for the listeners that there are.</summary>
    public IReadOnlyList<EndpointExpectation> For(IReadOnlyList<Listener> listeners) =>
        Expectations.Of(manifest, policy, [.. EndpointTarget.Of(manifest, listeners).Where(t => WillRun(t.Service))], _leaf, _anchors);

    /// <summary>
    /// The expectations in a rehearsal: the same listeners, but nothing about logging in, since network back ends and other
    /// daemons' sockets are absent there.
    /// </summary>
    public IReadOnlyList<EndpointExpectation> Rehearsed() =>
        [.. For(before.Listeners).Select(e => e with { AuthForbiddenBeforeTls = false, AuthRequiredOverTls = false })];

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Judge(EndpointExpectation expectation, ProbeResult result, DateTimeOffset now) => Verifier.Evaluate(expectation, result, now);

    /// <summary>
    /// The findings that undo the apply: activation findings on endpoints that the manifest names, and on the others whatever
    /// stopped working. A fault in reaching an endpoint that was there before, in the same form, is not of this apply's making.
    /// </summary>
    public IReadOnlyList<Finding> Faults(VerificationReport report) =>
        [.. report.Endpoints.SelectMany(e => e.Findings.Where(f => f.Class == FindingClass.Activation && Counts(e)))];

    private bool Counts(EndpointReport endpoint)
    {
        var e = endpoint.Expectation;
        var was = before.Served.FirstOrDefault(s => s.Probe.Request.Address == e.Address && s.Probe.Request.Port == e.Port)?.Probe.Outcome;
        var now = endpoint.Result?.Outcome;
        return e.Named ? now == ProbeOutcome.Completed || was != now : now != ProbeOutcome.Completed && was == ProbeOutcome.Completed;
    }

    // A service that was down and may stay down answers nowhere.
    private bool WillRun(ServiceKind service) =>
        before.Services[service].Running || manifest.Services.Single(s => s.Kind == service).State == DesiredServiceState.Running;

    private static byte[]? Root(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var ca = (PrivateCaManifest)manifest.Certificate.Issuer;
        return PrivateCaState.Examine(ca, manifest.Certificate.Names, observed.File(CertificatePaths.RootKey(ca)), observed.File(CertificatePaths.Root(ca)), now).Certificate;
    }
}
