using MailTlsState.Certificates;
using MailTlsState.Certificates.Import;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Resources;
using MailTlsState.Services;

namespace MailTlsState.Execution;

/// <summary>Plans from a manifest.</summary>
/// <param name="manifest">The desired state.</param>
/// <param name="scope">How much of it is brought about.</param>
/// <param name="imported">Files that a CA sent, where they are to be put into place; the caller closes them.</param>
/// <param name="acceptNewRoot">True when clients may have to trust another root.</param>
public sealed class ManifestPlanSource(Manifest manifest, PlanScope scope = PlanScope.Everything, IReadOnlyList<VendorFile>? imported = null, bool acceptNewRoot = false) : PlanSource
{
    private readonly TlsPolicy _policy = PolicyCatalogue.Resolve(manifest.Policy);
    private IReadOnlyList<CertificateState> _onDisk = [];

    /// <inheritdoc/>
    public override string Host => manifest.Host;

    /// <inheritdoc/>
    public override async Task<SourcedPlan> MakeAsync(IHost host, DateTimeOffset? now, CancellationToken cancellation)
    {
        var made = await PlanMaker.MakeAsync(host, manifest, now, cancellation, scope, imported, acceptNewRoot).ConfigureAwait(false);
        _onDisk = made.Planning.Plan is null ? [] : CertificateIssuers.Of(manifest).Examine(manifest, made.Observed, made.Planning.Plan.MadeAt);
        return new SourcedPlan(made.Observed, made.Planning)
        {
            LeavesOnDisk = [.. _onDisk.Select(s => s.Leaf).OfType<CertificateFacts>().Select(l => "sha256:" + l.Fingerprint)],
            CertificateFiles = [.. made.Observed.Services.Values.Where(s => s.Installed).OrderBy(s => s.Kind).SelectMany(s => MailServices.Of(s.Kind).NamedPairs(s)).Select(p => p.Certificate).Distinct()],
            KeptByOthers = made.Observed.Certificates.Select(c => c.Files).Where(f => !f.IsOwn).SelectMany(f => new[] { f.Key, f.Chain }).Distinct().ToDictionary(p => p, p => made.Observed.Resolve(p).Digest),
            Silent = [.. EndpointTarget.Of(manifest, made.Observed).Where(t => !t.Listening).Select(JournalEndpoint.Silent)],
        };
    }

    /// <inheritdoc/>
    internal override IExpectedState Expect(SourcedPlan made, Stager stager, DateTimeOffset now) =>
        new ApplyExpectations(manifest, _policy, made, _onDisk, stager);

    /// <inheritdoc/>
    internal override ApplyRecord Record(SourcedPlan made, Stager stager, Invocation invocation) => RecordBuilder.Build(made, invocation, Pairs(made, stager)) with
    {
        Endpoints = [.. manifest.Services.SelectMany(s => s.Endpoints.Select(e => new RecordedEndpoint(s.Kind, e.Kind, e.Port, e.Security != EndpointSecurity.Disabled)))],
        Issuers = Issuers(made, stager),
        KeepPrevious = manifest.Certificate.KeepPrevious,
    };

    private IReadOnlyList<string> Issuers(SourcedPlan made, Stager stager)
    {
        var written = made.Planning.Plan!.Changes.Select(c => c.Work).OfType<MakeCertificates>().SelectMany(m => m.Pairs).Select(p => manifest.Certificate.Keys.ToList().IndexOf(p.Kind)).ToHashSet();
        return [.. stager.NewLeaves.Select(l => CertificateFacts.TryRead(l))
            .Concat(_onDisk.Where((_, i) => !written.Contains(i)).Select(s => s.Leaf))
            .OfType<CertificateFacts>().Where(l => !l.IsSelfIssued).Select(l => l.Issuer).Distinct()];
    }

    private List<RecordedPair> Pairs(SourcedPlan made, Stager stager)
    {
        var pairs = new List<RecordedPair>();
        var leaves = new Queue<byte[]>(stager.NewLeaves);
        foreach (var pair in made.Planning.Plan!.Changes.Select(c => c.Work).OfType<MakeCertificates>().SelectMany(m => m.Pairs))
        {
            var leaf = leaves.Dequeue();
            var now = made.Observed.Certificates[manifest.Certificate.Keys.ToList().IndexOf(pair.Kind)];
            if (PreviousPair.IsReplaced(made.Observed, now, pair.Files, pair.CreateLeaf))
            {
                IReadOnlyList<RecordedPairFile> after = pair.Files.IsBundle
                    ? [new(pair.Files.Chain, PairPart.Bundle)]
                    : [new(pair.Files.Key, PairPart.Key), new(pair.Files.Chain, PairPart.Chain)];
                pairs.Add(Recorded(CertificatePaths.Previous(manifest, pair.Kind), PreviousPair.Present(made.Observed, now), Fingerprint.Digest(leaf), after));
            }
        }

        foreach (var dropped in made.Observed.Dropped.Where(d => made.Planning.Plan.Changes.Any(c => c.Work is RemoveFile r && r.Path == d.Place.Files.Chain)))
        {
            pairs.Add(Recorded(dropped.Previous, dropped.Files, null, []));
        }

        return pairs;

        RecordedPair Recorded(string previous, IReadOnlyList<string> present, string? leaf, IReadOnlyList<RecordedPairFile> after)
        {
            var before = RecordBuilder.PairFiles(made.Observed, present);
            return new RecordedPair(previous, KeyedPair.Find(before.Select(f => made.Observed.File(f.Path).Text))?.Fingerprint, leaf, before, after);
        }
    }
}
