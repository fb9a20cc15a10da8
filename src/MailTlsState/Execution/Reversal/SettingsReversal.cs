using MailTlsState.Diagnostics;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Services.Systemd;

namespace MailTlsState.Execution.Reversal;

/// <summary>Takes the edits of configuration files back, newest first, out of files that may have been edited since. Pure.</summary>
internal sealed class SettingsReversal(ReversalRequest request, List<Diagnostic> diagnostics)
{
    private const string Redacted = "[redacted";
    private const string Key = "PRIVATE KEY";

    public IReadOnlyList<Change> Plan()
    {
        // The unit recovers this roll-back too, should the power fail; it stays, as the program does.
        var changes = request.Record.Edits.Where(e => e.Path is not (RecoveryUnit.UnitPath or RecoveryUnit.DropInPath)).Reverse().Select(Plan).OfType<Change>().ToList();

        // Which listeners come and go is said beside the file in which it is written.
        return changes.Count == 0 ? [] : [.. changes, .. request.Record.Changes.Where(c => c.Kind == "listener").Select(Listener)];
    }

    private Change? Plan(RecordedEdit edit)
    {
        var file = request.Observed.File(edit.Path);
        if (file.Kind != FileKind.Absent && ConfigEdit.Refusal(file) is { } refusal)
        {
            diagnostics.Add(refusal);
            return null;
        }

        return edit switch
        {
            { Created: true } => Remove(edit, file),
            { Removed: true } => Recreate(edit, file),
            _ => Edit(edit, file),
        };
    }

    private Change? Remove(RecordedEdit edit, FileObservation file)
    {
        if (file.Kind == FileKind.Absent)
        {
            return null;
        }

        if (file.Text != string.Concat(DiffRuns.Parse(edit.Diff).SelectMany(r => r.Added)))
        {
            Refuse(edit, new SourceLocation(edit.Path, 1, 1), request.NewerOf(e => Touches(e, edit.Path)), $"{edit.Path} is not as {request.Id} made it");
            return null;
        }

        return new Change("settings", edit.Path, ChangeAction.Delete, request.Reason, Attributes(edit), UnifiedDiff.Create(ConfigEdit.Show(file.Text!), "", edit.Path, "/dev/null"), Effects(edit))
        {
            Work = new RemoveText(edit.Path, file.Digest!),
        };
    }

    private Change? Recreate(RecordedEdit edit, FileObservation file)
    {
        var text = string.Concat(DiffRuns.Parse(edit.Diff).SelectMany(r => r.Removed));
        if (file.Text == text)
        {
            return null;
        }

        var at = new SourceLocation(edit.Path, 1, 1);
        if (file.Kind != FileKind.Absent)
        {
            Refuse(edit, at, request.NewerOf(e => Touches(e, edit.Path)), $"{edit.Path} was made again since {request.Id} removed it");
            return null;
        }

        if (text.Contains(Redacted, StringComparison.Ordinal))
        {
            diagnostics.Add(HistoryDiagnostics.SecretLost(at, request.Id));
            return null;
        }

        return ConfigEdit.Of(file, _ => text, "settings", Attributes(edit), request.Reason, Effect(edit), edit.BackDated);
    }

    private Change? Edit(RecordedEdit edit, FileObservation file)
    {
        var text = file.Text ?? "";
        var runs = DiffRuns.Parse(edit.Diff);
        if (file.Kind == FileKind.Absent || text.Contains(Key, StringComparison.Ordinal))
        {
            Refuse(edit, new SourceLocation(edit.Path, 1, 1), [], file.Kind == FileKind.Absent ? $"{edit.Path} is gone" : $"{edit.Path} holds a private key by now");
            return null;
        }

        var back = ReversePatch.Find(runs, text);
        foreach (var unmatched in back.Unmatched)
        {
            var what = unmatched.Ambiguous ? $"the lines of {request.Id} could be at several places of the file" : $"the lines of {request.Id} are not here as it left them";
            Refuse(edit, new SourceLocation(edit.Path, unmatched.Line, 1), request.NewerOf(e => Overlaps(e, edit.Path, unmatched.Run)), what);
        }

        foreach (var lost in back.Replacements.Where(r => r.Lines.Any(l => l.Contains(Redacted, StringComparison.Ordinal))))
        {
            diagnostics.Add(HistoryDiagnostics.SecretLost(new SourceLocation(edit.Path, lost.Start + 1, 1), request.Id));
        }

        var count = TextLines.Split(text).Length;
        string Apply(string raw) => TextLines.Split(raw).Length == count
            ? ReversePatch.Apply(raw, back.Replacements)
            : throw new MailTlsException(HistoryDiagnostics.EditedSince(new SourceLocation(edit.Path, 1, 1), request.Id, $"a secret in {edit.Path} hides how many lines it has"));
        return ConfigEdit.Of(file, Apply, "settings", Attributes(edit), request.Reason, Effect(edit), edit.BackDated);
    }

    private void Refuse(RecordedEdit edit, SourceLocation at, IReadOnlyList<string> newer, string what) =>
        diagnostics.Add(newer.Count > 0 ? HistoryDiagnostics.NewerApply(at, request.Id, newer) : HistoryDiagnostics.EditedSince(at, request.Id, what));

    private Change Listener(Change made) => made with
    {
        Action = made.Action switch { ChangeAction.Create => ChangeAction.Delete, ChangeAction.Delete => ChangeAction.Create, var other => other },
        Reason = request.Reason,
        Attributes = Swapped(made.Attributes),
    };

    private Change? Recorded(RecordedEdit edit) => request.Record.Changes.FirstOrDefault(c => c.Kind == "settings" && c.Name == edit.Path);

    private IReadOnlyList<AttributeChange> Attributes(RecordedEdit edit) => Swapped(Recorded(edit)?.Attributes ?? []);

    private string Effect(RecordedEdit edit) => string.Join(", ", Effects(edit));

    private IReadOnlyList<string> Effects(RecordedEdit edit) => Recorded(edit)?.Effects ?? [];

    private static IReadOnlyList<AttributeChange> Swapped(IReadOnlyList<AttributeChange> attributes) => [.. attributes.Select(a => new AttributeChange(a.Name, a.After, a.Before))];

    private static bool Touches(JournalEntry newer, string path) => newer.Record?.Edits.Any(e => e.Path == path) ?? false;

    // It took lines away that this one had added, or put lines where this one had taken some away.
    private static bool Overlaps(JournalEntry newer, string path, DiffRun run) => newer.Record?.Edits.Where(e => e.Path == path).SelectMany(e => DiffRuns.Parse(e.Diff)).Any(n =>
        Common(n.Removed, run.Added) || (run.Added.Count == 0 && (Common(n.Added, run.Before) || Common(n.Added, run.After) || Common(n.Removed, run.Before) || Common(n.Removed, run.After)))) ?? false;

    private static bool Common(IEnumerable<string> some, IEnumerable<string> others) => some.Where(l => l.Trim().Length > 0).Intersect(others).Any();
}
