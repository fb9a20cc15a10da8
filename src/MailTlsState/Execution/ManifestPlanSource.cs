using MailTlsState.Certificates;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Resources;

namespace MailTlsState.Execution;

/// <summary>Plans from a manifest.</summary>
/// <param name="manifest">The desired state.</param>
public sealed class ManifestPlanSource(Manifest manifest) : PlanSource
{
    private readonly TlsPolicy _policy = PolicyCatalogue.Resolve(manifest.Policy);
    private CertificateState? _onDisk;

    /// <inheritdoc/>
    public override string Host => manifest.Host;

    /// <inheritdoc/>
    public override async Task<SourcedPlan> MakeAsync(IHost host, DateTimeOffset? now, CancellationToken cancellation)
    {
        var made = await PlanMaker.MakeAsync(host, manifest, now, cancellation).ConfigureAwait(false);
        _onDisk = made.Planning.Plan is null ? null : CertificatePlanner.Examine(manifest, made.Observed, made.Planning.Plan.MadeAt);
        return new SourcedPlan(made.Observed, made.Planning)
        {
            LeafOnDisk = _onDisk?.Leaf is { } leaf ? "sha256:" + leaf.Fingerprint : null,
            Silent = [.. EndpointTarget.Of(manifest, made.Observed.Listeners).Where(t => !t.Listening).Select(JournalEndpoint.Silent)],
        };
    }

    /// <inheritdoc/>
    internal override IExpectedState Expect(SourcedPlan made, Stager stager, DateTimeOffset now) =>
        new ApplyExpectations(manifest, _policy, made.Observed, _onDisk!, stager, now);

    /// <inheritdoc/>
    internal override ApplyRecord Record(SourcedPlan made, Stager stager, Invocation invocation) => RecordBuilder.Build(made, invocation, Pair(made, stager)) with
    {
        Endpoints = [.. manifest.Services.SelectMany(s => s.Endpoints.Select(e => new RecordedEndpoint(s.Kind, e.Kind, e.Port, e.Security != EndpointSecurity.Disabled)))],
        KeepPrevious = manifest.Certificate.KeepPrevious,
        PreviousPair = CertificatePaths.Previous(manifest),
    };

    private RecordedPair? Pair(SourcedPlan made, Stager stager)
    {
        var now = CertificatePaths.Of(manifest, made.Observed.CertificateGeneration);
        if (made.Planning.Plan!.Changes.Select(c => c.Work).OfType<IssueCertificate>().FirstOrDefault() is not { } issue || stager.NewLeaf is null
            || !PreviousPair.IsReplaced(made.Observed, now, issue.Files, issue.CreateLeaf))
        {
            return null;
        }

        var before = RecordBuilder.PairFiles(made.Observed, PreviousPair.Present(made.Observed, now));
        IReadOnlyList<RecordedPairFile> after = issue.Files.IsBundle
            ? [new(issue.Files.Chain, PairPart.Bundle)]
            : [new(issue.Files.Key, PairPart.Key), new(issue.Files.Chain, PairPart.Chain)];
        return new RecordedPair(
            KeyedPair.Find(before.Select(f => made.Observed.File(f.Path).Text))?.Fingerprint, Fingerprint.Digest(stager.NewLeaf), before, after);
    }
}
