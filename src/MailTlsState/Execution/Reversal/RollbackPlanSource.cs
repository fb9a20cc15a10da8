using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;

namespace MailTlsState.Execution.Reversal;

/// <summary>Plans the way back from an apply of the past.</summary>
public sealed class RollbackPlanSource : PlanSource
{
    private readonly IHostWriter _writer;
    private readonly string _journalDirectory;
    private readonly bool _keepCertificate;
    private readonly bool _last;
    private ReversalRequest? _request;

    private RollbackPlanSource(IHostWriter writer, string journalDirectory, ArchivedApply apply, bool last, bool keepCertificate) =>
        (_writer, _journalDirectory, Apply, _last, _keepCertificate) = (writer, journalDirectory, apply, last, keepCertificate);

    /// <summary>What is taken back.</summary>
    public ArchivedApply Apply { get; }

    /// <inheritdoc/>
    public override string Host => Apply.Entry.Host;

    /// <summary>Finds the apply.</summary>
    /// <param name="writer">The host.</param>
    /// <param name="journalDirectory">Where journals live.</param>
    /// <param name="id">Its id or the beginning of it; null for the last one that was carried out and changed files.</param>
    /// <param name="keepCertificate">True when key and certificate stay as they are.</param>
    /// <exception cref="MailTlsException">There is none, or it cannot be rolled back.</exception>
    public static RollbackPlanSource Open(IHostWriter writer, string journalDirectory, string? id, bool keepCertificate)
    {
        var archive = Archive.Read(writer, journalDirectory);
        var applies = archive.Applies;
        var apply = id is null ? Last(applies) ?? throw new MailTlsException(HistoryDiagnostics.UnknownApply(null, 0)) : Archive.Find(applies, id);
        if (archive.Problems.Keys.FirstOrDefault(p => string.CompareOrdinal(p, apply.Entry.Id) > 0) is { } unreadable)
        {
            throw new MailTlsException(HistoryDiagnostics.NotReversible(apply.Entry.Id, $"the record of the later run {unreadable} cannot be read, so nobody knows what else it changed (mailtls history says why)"));
        }

        if (!apply.Applied)
        {
            throw new MailTlsException(HistoryDiagnostics.NotReversible(apply.Entry.Id, "it failed and was taken back at once"));
        }

        return apply.Entry.Record is null
            ? throw new MailTlsException(HistoryDiagnostics.NotReversible(apply.Entry.Id, "an early version made it and kept no diffs"))
            : new RollbackPlanSource(writer, journalDirectory, apply, last: id is null, keepCertificate);
    }

    /// <inheritdoc/>
    /// <exception cref="PlanStaleException">The last apply was to be taken back, and by now another one is.</exception>
    public override async Task<SourcedPlan> MakeAsync(IHost host, DateTimeOffset? now, CancellationToken cancellation)
    {
        // Read anew each time: under the lock there may be one more.
        var applies = Archive.Read(_writer, _journalDirectory).Applies;
        if (_last && Last(applies)?.Entry.Id is { } last && last != Apply.Entry.Id)
        {
            throw new PlanStaleException([$"the last apply is {last} by now, not {Apply.Entry.Id}"]);
        }

        var newer = applies.Where(a => a.Applied && string.CompareOrdinal(a.Entry.Id, Apply.Entry.Id) > 0).Reverse().ToList();
        var observed = await ReversalObserver.ObserveAsync(host, Apply.Entry, cancellation).ConfigureAwait(false);
        var directories = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var made in Apply.Entry.Steps.OfType<CreateDirectoryStep>().Where(s => observed.File(s.Path).Kind == FileKind.Directory))
        {
            directories[made.Path] = await host.ListDirectoryAsync(made.Path, cancellation).ConfigureAwait(false);
        }

        _request = new ReversalRequest(Apply, newer, observed, directories, _keepCertificate, now ?? observed.At);
        return new SourcedPlan(observed, new RollbackPlanner(_request).Plan())
        {
            LeavesOnDisk = [.. Apply.Entry.Record!.Pairs.Select(p => KeyedPair.Find(p.AfterFiles.Select(f => observed.File(f.Path).Text))?.Fingerprint).OfType<string>()],
            CertificateFiles = Apply.Entry.CertificateFiles,
            Silent = [.. Apply.Entry.Before
                .Where(b => !observed.Served.Any(s => s.Probe.Request.Address == b.Address && s.Probe.Request.Port == b.Port))
                .Select(b => b with { Outcome = Probing.ProbeOutcome.NotConnected, Leaf = null })],
        };
    }

    // One that changed no file is there to be named, not to be chosen.
    private static ArchivedApply? Last(IReadOnlyList<ArchivedApply> applies) => applies.FirstOrDefault(a => a.Applied && a.HasSteps) ?? applies.FirstOrDefault(a => a.Applied);

    /// <inheritdoc/>
    internal override IExpectedState Expect(SourcedPlan made, Stager stager, DateTimeOffset now) => new ExpectedAsBefore(_request!, made.Planning.Plan!);

    /// <inheritdoc/>
    internal override ApplyRecord Record(SourcedPlan made, Stager stager, Invocation invocation) => RecordBuilder.Build(made, invocation, [.. Pairs(made)]) with
    {
        RollsBack = Apply.Entry.Id,
        Endpoints = Apply.Entry.Record!.Endpoints,
        KeepPrevious = Apply.Entry.Record.KeepPrevious,
    };

    private IEnumerable<RecordedPair> Pairs(SourcedPlan made)
    {
        var works = made.Planning.Plan!.Changes.Select(c => c.Work).ToList();
        foreach (var pair in Apply.Entry.Record!.Pairs)
        {
            var restores = works.OfType<RestorePair>().Any(r => r.Previous == pair.Previous);
            if (restores || works.OfType<RemoveFile>().Any(r => pair.AfterFiles.Any(f => f.Path == r.Path)))
            {
                yield return new RecordedPair(
                    pair.Previous,
                    pair.AfterLeaf,
                    restores ? pair.BeforeLeaf : null,
                    RecordBuilder.PairFiles(made.Observed, pair.AfterFiles.Select(f => f.Path)),
                    restores ? pair.BeforeFiles : []);
            }
        }
    }
}
