using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Resources;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>What an apply has to see on the wire, and which faults undo it.</summary>
internal sealed class ApplyExpectations(Manifest manifest, TlsPolicy policy, SourcedPlan made, IReadOnlyList<CertificateState> onDisk, Stager stager) : IExpectedState
{
    private readonly IReadOnlyList<CertificateFacts> _leaves = Leaves(made, onDisk, stager);
    private readonly IReadOnlyList<byte[]>? _anchors = stager.NewRoot is { } root ? [root] : TrustAnchors.Of(manifest, made.Observed);

    private readonly KnownListeners _known = made.Observed.Known;

    // A request for a certificate changes nothing on the wire, and must not be undone because what is served has expired.
    private readonly bool _activates = made.Planning.Plan!.Changes.Any(c => c.Work is ActivateService or MakeCertificates { Pairs.Count: > 0 } or EditText or SetAttributes);

    /// <summary>The expectations for the listeners that there are; none where only a request is made.</summary>
    public IReadOnlyList<EndpointExpectation> For(IReadOnlyList<Listener> listeners) => !_activates ? [] :
        [.. Expectations.Of(manifest, policy, [.. EndpointTarget.Of(manifest, listeners, _known).Where(t => WillRun(t.Service))], _leaves.Count == 0 ? null : _leaves, _anchors).Select(Scoped).OfType<EndpointExpectation>()];

    /// <summary>
    /// The expectations in a rehearsal: the same listeners, or those that will take their place, but nothing about logging in,
    /// since network back ends and other daemons' sockets are absent there.
    /// </summary>
    public IReadOnlyList<EndpointExpectation> Rehearsed() =>
        [.. For([.. made.Observed.Listeners.Where(l => !IsRebound(l))]).Select(e => e with { AuthForbiddenBeforeTls = false, AuthRequiredOverTls = false })];

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Judge(EndpointExpectation expectation, ProbeResult result, DateTimeOffset now) => Verifier.Evaluate(expectation, result, now);

    /// <summary>
    /// The findings that undo the apply: activation findings on endpoints that the manifest names, and on the others whatever
    /// stopped working. A fault in reaching an endpoint that was there before, in the same form, is not of this apply's making.
    /// </summary>
    public IReadOnlyList<Finding> Faults(VerificationReport report) =>
        [.. report.Endpoints.SelectMany(e => e.Findings.Where(f => f.Class == FindingClass.Activation && Counts(e)))];

    // Of a plan for the certificate alone only that is expected, and only where TLS was begun before: an administrator's edit may stand.
    private EndpointExpectation? Scoped(EndpointExpectation expectation) => made.Planning.Plan!.Scope == PlanScope.Everything ? expectation
        : !CertificateScope.Uses(made.Observed, expectation.Service) || Before(expectation) is not (ProbeOutcome.Completed or ProbeOutcome.StartTlsRefused or ProbeOutcome.HandshakeFailed or ProbeOutcome.NoAnswerOverTls) ? null
        : expectation with { MinimumVersion = null, AuthForbiddenBeforeTls = false, AuthRequiredOverTls = false };

    // On a port whose addresses the manifest names, those count and not what is bound now.
    private bool IsRebound(Listener listener) =>
        manifest.Services.Any(s => s.Kind == ServiceOwners.OwnerOf(listener) && s.Endpoints.Any(e => e.Port == listener.Port && e.Addresses.Count > 0));

    private ProbeOutcome? Before(EndpointExpectation e) =>
        made.Observed.Served.FirstOrDefault(s => s.Probe.Request.Address == e.Address && s.Probe.Request.Port == e.Port)?.Probe.Outcome;

    private bool Counts(EndpointReport endpoint)
    {
        var e = endpoint.Expectation;
        var was = Before(e);
        var now = endpoint.Result?.Outcome;
        return e.Named ? now == ProbeOutcome.Completed || was != now : now != ProbeOutcome.Completed && was == ProbeOutcome.Completed;
    }

    // A service that was down and may stay down answers nowhere.
    private bool WillRun(ServiceKind service) => made.Planning.Plan!.Scope == PlanScope.Certificate
        ? made.Observed.Services[service].Running
        : made.Observed.Services[service].Running || manifest.Services.Single(s => s.Kind == service).State == DesiredServiceState.Running;

    private static IReadOnlyList<CertificateFacts> Leaves(SourcedPlan made, IReadOnlyList<CertificateState> onDisk, Stager stager)
    {
        var replaced = made.Planning.Plan!.Changes.Select(c => c.Work).OfType<MakeCertificates>().SelectMany(m => m.Pairs).Select(p => p.Leaf).OfType<byte[]>().Select(l => CertificateFacts.Sha256(l)).ToList();
        return [.. onDisk.Select(s => s.Leaf).OfType<CertificateFacts>().Where(l => !replaced.Contains(l.Fingerprint)).Concat(stager.NewLeaves.Select(l => CertificateFacts.Read(l))).DistinctBy(l => l.Fingerprint)];
    }
}
