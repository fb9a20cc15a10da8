using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;
using MailTlsState.Resources;
using MailTlsState.Verification;

namespace MailTlsState.Execution.Reversal;

/// <summary>
/// After a roll-back each endpoint has to answer as it did before the apply that is taken back, with the certificate that is
/// in use then. An endpoint that came since may go with the apply or stay as it is.
/// </summary>
internal sealed class ExpectedAsBefore : IExpectedState
{
    private readonly IReadOnlyList<Expected> _all;
    private readonly string _id;
    private readonly HashSet<string?> _servedNow;

    public ExpectedAsBefore(ReversalRequest request, Plan plan)
    {
        _id = request.Id;
        var works = plan.Changes.Select(c => c.Work).ToList();
        var activations = works.OfType<ActivateService>().ToDictionary(a => a.Service, a => (Activation?)a.Activation);
        var restored = works.OfType<RestorePair>().Select(r => request.Record.Pairs.FirstOrDefault(p => p.Previous == r.Previous)?.BeforeLeaf).ToHashSet();
        var now = request.Observed.Served.Select(JournalEndpoint.Of).ToList();
        _servedNow = [.. now.Select(n => n.Leaf)];
        var all = new List<Expected>();
        foreach (var before in request.Entry.Before)
        {
            var present = now.Find(n => Same(n, before));
            var activation = activations.GetValueOrDefault(before.Service);
            List<Answer> accepted = [];
            if (activation == Activation.Stop)
            {
                accepted.Add(Answer.None);
            }
            else if (activation is null)
            {
                accepted.Add(present is null ? Answer.None : new Answer(present.Outcome, present.Leaf));
            }
            else
            {
                accepted.Add(new Answer(before.Outcome, ServedLeaves.Map(before.Leaf, leaf => restored.Contains(leaf) ? leaf : request.Since(leaf, withThis: request.KeepCertificate))));

                // A fault of that time need not come back.
                if (before.Outcome is not (ProbeOutcome.Completed or ProbeOutcome.NotConnected))
                {
                    accepted.Add(new Answer(ProbeOutcome.Completed, null, AnyLeaf: true));
                }

                // Somebody has closed it since, and not the apply. Of a service that is down nobody knows.
                if (present is null && activation == Activation.Reload && !request.Record.Endpoints.Any(e => e.Service == before.Service && e.Port == before.Port && !e.Enabled))
                {
                    accepted.Add(Answer.None);
                }
            }

            all.Add(new Expected(Question(request, before), accepted));
        }

        foreach (var since in now.Where(n => !request.Entry.Before.Any(b => Same(n, b))))
        {
            all.Add(new Expected(Question(request, since), activations.GetValueOrDefault(since.Service) == Activation.Stop ? [Answer.None] : [Answer.None, new Answer(since.Outcome, null, AnyLeaf: true)]));
        }

        _all = all;
    }

    /// <inheritdoc/>
    public IReadOnlyList<EndpointExpectation> For(IReadOnlyList<Listener> listeners) => [.. _all.Select(e => e.Expectation)];

    /// <inheritdoc/>
    public IReadOnlyList<EndpointExpectation> Rehearsed() => For([]);

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Judge(EndpointExpectation expectation, ProbeResult result, DateTimeOffset now)
    {
        var expected = _all.First(e => ReferenceEquals(e.Expectation, expectation));
        var answer = new Answer(result.Outcome, ServedLeaves.Of(result));

        // What has expired meanwhile must not come back, and what is served with it already is no matter of this roll-back.
        var expired = result.Chain.Count > 0 && !_servedNow.Contains(answer.Leaf) && CertificateFacts.Read(Convert.FromBase64String(result.Chain[0])).NotAfter < now;
        return !expired && expected.Accepted.Any(a => a.Fits(answer))
            ? []
            : [new Finding(
                HistoryDiagnostics.NotAsBeforeCode,
                FindingClass.Activation,
                FindingSeverity.Failure,
                expectation.Endpoint,
                expired ? "a certificate that has not expired" : string.Join(" or ", expected.Accepted),
                result.Failure is { } failure ? $"{answer} ({failure})" : answer.ToString(),
                $"what it served before {_id}",
                "see the service's log, and what else changed since")];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Finding> Faults(VerificationReport report) => [.. report.Findings.Where(f => f.Class == FindingClass.Activation)];

    private static bool Same(JournalEndpoint a, JournalEndpoint b) => a.Address == b.Address && a.Port == b.Port;

    private static EndpointExpectation Question(ReversalRequest request, JournalEndpoint e) =>
        new(e.Service, e.Endpoint, e.Implicit ? EndpointSecurity.Implicit : EndpointSecurity.Opportunistic, e.Address, e.Port, request.Entry.Host)
        {
            SourceAddress = new EndpointTarget(e.Service, e.Endpoint, e.Address, e.Port, null, true).SourceAddress,
            Families = ServedLeaves.Families(e.Leaf),
        };

    private sealed record Expected(EndpointExpectation Expectation, IReadOnlyList<Answer> Accepted);

    private sealed record Answer(ProbeOutcome Outcome, string? Leaf, bool AnyLeaf = false)
    {
        public static Answer None { get; } = new(ProbeOutcome.NotConnected, null);

        private string? Bare => Leaf?.Replace("sha256:", "", StringComparison.Ordinal);

        public bool Fits(Answer seen) => seen.Outcome == Outcome && (AnyLeaf || seen.Leaf == Leaf);

        public override string ToString() => Outcome switch
        {
            ProbeOutcome.NotConnected => "nothing listens",
            ProbeOutcome.Completed when Leaf is not null => $"TLS with the leaf {Bare}",
            ProbeOutcome.Completed => "TLS",
            var other => Leaf is null ? other.ToString() : $"{other} with the leaf {Bare}",
        };
    }
}
