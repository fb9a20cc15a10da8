using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;

namespace MailTlsState.Execution.Reversal;

/// <summary>
/// Brings the one former pair back, or takes a pair away that an apply made where there was none. What is replaced becomes the
/// former pair in turn, so that a roll-back can itself be rolled back. Pure.
/// </summary>
internal sealed class PairReversal(ReversalRequest request, IReadOnlyList<string> effects, List<Diagnostic> diagnostics)
{
    public IReadOnlyList<Change> Plan()
    {
        var pairs = request.Record.Pairs;
        if (pairs.Count == 0)
        {
            return [];
        }

        if (request.KeepCertificate)
        {
            if (pairs.SelectMany(p => p.BeforeFiles).FirstOrDefault(f => !Exists(f)) is { } gone)
            {
                diagnostics.Add(HistoryDiagnostics.NotReversible(request.Id, $"its settings would name {gone.Path} again, which is gone: without --keep-certificate the former pair comes back under that name"));
                return [];
            }

            diagnostics.Add(HistoryDiagnostics.Stays("the present key and certificate stay", "leave out --keep-certificate to bring the former pair back"));
            return [];
        }

        return [.. pairs.SelectMany(Plan)];
    }

    private IReadOnlyList<Change> Plan(RecordedPair pair)
    {
        var present = Find(pair.AfterFiles);
        if (IsBack(pair))
        {
            return [];
        }

        if (present?.Fingerprint != pair.AfterLeaf || (pair.AfterLeaf is null && pair.BeforeFiles.Any(Exists)))
        {
            var path = (pair.AfterFiles.FirstOrDefault() ?? pair.BeforeFiles[0]).Path;
            var newer = request.NewerOf(e => e.Record?.Pairs.Any(p => p.Previous == pair.Previous) ?? false);
            diagnostics.Add(newer.Count > 0
                ? HistoryDiagnostics.NewerApply(new SourceLocation(path, 1, 1), request.Id, newer)
                : HistoryDiagnostics.EditedSince(new SourceLocation(path, 1, 1), request.Id, $"key and certificate are not those that {request.Id} left"));
            return [];
        }

        return pair.BeforeLeaf is null ? TakeAway(pair) : BringBack(pair, present);
    }

    private IReadOnlyList<Change> TakeAway(RecordedPair pair)
    {
        if (pair.BeforeFiles.Count > 0)
        {
            diagnostics.Add(HistoryDiagnostics.NoFormerPair(pair.BeforeFiles[0].Path, "what was there before was no key with its certificate"));
            return [];
        }

        // Made anew where it was lost: older settings name it, and would name nothing.
        if (IsServed(pair) && pair.AfterFiles.FirstOrDefault(f => !request.Record.Edits.Any(e => BringsIn(e, f.Path))) is { } named)
        {
            diagnostics.Add(HistoryDiagnostics.NoFormerPair(named.Path, $"there was none when {request.Id} made this one, and older settings name it"));
            return [];
        }

        return [.. Removed(pair.AfterFiles, $"{request.Id} made it"), .. Kept(pair, null)];
    }

    private IReadOnlyList<Change> BringBack(RecordedPair pair, KeyedPair? present)
    {
        var kept = request.Observed.File(pair.Previous);
        var former = KeyedPair.Find(kept.Text);
        var first = pair.BeforeFiles[0].Path;
        if (Unusable(kept, former, pair) is { } why)
        {
            diagnostics.Add(HistoryDiagnostics.NoFormerPair(pair.Previous, why));
            return [];
        }

        var targets = pair.BeforeFiles.Where(f => !Holds(f, former!)).ToList();
        if (targets.Find(t => Exists(t) && pair.AfterFiles.All(a => a.Path != t.Path)) is { } theirs)
        {
            diagnostics.Add(HistoryDiagnostics.EditedSince(new SourceLocation(theirs.Path, 1, 1), request.Id, $"{theirs.Path}, where the former pair would come back, holds something else by now"));
            return [];
        }

        var odd = targets.Select(t => request.Observed.File(t.Path)).Where(f => f.Kind != FileKind.Absent).Select(ConfigEdit.Refusal).OfType<Diagnostic>().ToList();
        diagnostics.AddRange(odd);

        var chain = pair.BeforeFiles.LastOrDefault(f => f.Part != PairPart.Key)?.Path ?? first;
        var changes = new List<Change>();
        if (present?.PublicKeyDigest != former!.PublicKeyDigest)
        {
            changes.Add(new Change(
                "key",
                pair.BeforeFiles.First(f => f.Part != PairPart.Chain).Path,
                present is null ? ChangeAction.Create : ChangeAction.Replace,
                request.Reason,
                [new("kind", present?.Leaf.Key, former.Leaf.Key), new("sha256 of public key", present?.PublicKeyDigest, former.PublicKeyDigest)],
                null,
                []));
        }

        changes.Add(new Change(
            "certificate",
            chain,
            request.Observed.File(chain).Kind == FileKind.Absent ? ChangeAction.Create : ChangeAction.Replace,
            request.Reason,
            [
                new("names", Names(present), Names(former)),
                new("issuer", present?.Leaf.Issuer, former.Leaf.Issuer),
                new("not after", present is null ? null : CertificateDiagnostics.Time(present.Leaf.NotAfter), CertificateDiagnostics.Time(former.Leaf.NotAfter)),
                new("sha256 of certificate", present?.Leaf.Fingerprint, former.Leaf.Fingerprint),
                new("mode", null, "0600 root:root"),
            ],
            null,
            effects)
        {
            Work = new RestorePair(kept.Path, kept.Digest!, [.. targets.Select(t => new PairTarget(t.Path, t.Part, request.Observed.File(t.Path).Digest))]),
        });
        changes.AddRange(Removed(pair.AfterFiles.Where(a => pair.BeforeFiles.All(b => b.Path != a.Path)), "the former pair takes its place, once it is served"));
        changes.AddRange(Kept(pair, kept));
        return changes;
    }

    private string? Unusable(FileObservation kept, KeyedPair? former, RecordedPair pair) =>
        kept.Kind == FileKind.Absent ? request.Record.KeepPrevious == TimeSpan.Zero
            ? "none is kept (certificate.keepPrevious: 0)"
            : $"it is not there any more; it is kept for {Manifests.Durations.Format(request.Record.KeepPrevious)}"
        : former is null ? kept.Kind == FileKind.Regular ? "its file holds no key with its certificate" : "its file is no regular file"
        : former.Fingerprint != pair.BeforeLeaf ? $"the one that is kept, leaf {former.Leaf.Fingerprint[..16]}, is another than {request.Id} replaced"
        : request.Now > former.Leaf.NotAfter ? $"its certificate has expired on {CertificateDiagnostics.Day(former.Leaf.NotAfter)}"
        : request.Now < former.Leaf.NotBefore ? $"its certificate is not valid before {CertificateDiagnostics.Time(former.Leaf.NotBefore)}"
        : null;

    // The pair in use now is kept in its turn; where it is not to be kept, the one that is in use again has no copy.
    private IEnumerable<Change> Kept(RecordedPair pair, FileObservation? former)
    {
        if (PreviousPair.Keep(request.Observed, pair.Previous, pair.AfterFiles.Select(f => f.Path), request.Record.KeepPrevious, request.Now) is { } keep)
        {
            yield return keep;
        }
        else if (former is not null)
        {
            yield return new Change("file", former.Path, ChangeAction.Delete, "its pair is in use again", [], null, []) { Work = new RemoveFile(former.Path) };
        }
    }

    private IEnumerable<Change> Removed(IEnumerable<RecordedPairFile> files, string reason) =>
        files.Where(Exists).Select(f => new Change("file", f.Path, ChangeAction.Delete, reason, [], null, []) { Work = new RemoveFile(f.Path) });

    private bool IsServed(RecordedPair pair) =>
        pair.AfterLeaf is { } leaf && request.Observed.Served.Any(s => ServedLeaves.Of(s.Probe)?.Contains(leaf, StringComparison.Ordinal) ?? false);

    // True for an edit by which a path came into a file that did not name it.
    private static bool BringsIn(RecordedEdit edit, string path)
    {
        var runs = DiffRuns.Parse(edit.Diff);
        bool Any(Func<DiffRun, IEnumerable<string>> lines) => runs.SelectMany(lines).Any(l => l.Contains(path, StringComparison.Ordinal));
        return Any(r => r.Added) && !Any(r => r.Removed);
    }

    private bool IsBack(RecordedPair pair) => pair.BeforeLeaf is null
        ? pair.AfterFiles.Count > 0 && !pair.AfterFiles.Any(Exists)
        : Find(pair.BeforeFiles)?.Fingerprint == pair.BeforeLeaf;

    private bool Holds(RecordedPairFile file, KeyedPair pair) => file.Part == PairPart.Key && request.Observed.File(file.Path).Text is { } text
        && PemFile.Parse(text).Keys.Any(k => k.Key!.PublicKeyDigest == pair.PublicKeyDigest);

    private bool Exists(RecordedPairFile file) => request.Observed.File(file.Path).Kind != FileKind.Absent;

    private KeyedPair? Find(IEnumerable<RecordedPairFile> files) => KeyedPair.Find(files.Select(f => request.Observed.File(f.Path).Text));

    private static string? Names(KeyedPair? pair) => pair is null ? null : string.Join(", ", pair.Leaf.DnsNames);
}
