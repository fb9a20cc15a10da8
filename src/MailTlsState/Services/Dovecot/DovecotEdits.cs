using MailTlsState.Diagnostics;
using MailTlsState.Planning;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>The changes of the configuration files that are not our own: lines that go, lines that are translated, the include.</summary>
internal sealed class DovecotEdits(
    ServicePlanRequest request, DovecotDialect dialect, ManagedFile.Location place, DovecotLeftovers leftovers, List<Diagnostic> diagnostics)
{
    /// <summary>The changes.</summary>
    /// <param name="texts">The configuration as it is.</param>
    /// <param name="own">The text of our own file in its new state.</param>
    /// <param name="overrides">Finds what has to go.</param>
    public IReadOnlyList<Change> Changes(IReadOnlyDictionary<string, string> texts, string own, DovecotOverrides overrides)
    {
        var edited = texts.Where(t => t.Key != place.Path).ToDictionary(t => t.Key, t => leftovers.Translate(t.Key, t.Value));
        edited[place.Path] = own;
        if (place.NeedsInclude)
        {
            edited[DovecotService.MainFile] = WithInclude(edited[DovecotService.MainFile]);
            diagnostics.Add(DovecotDiagnostics.NotIncluded(DovecotService.MainFile, ManagedFile.IncludeLine));
        }

        var removed = overrides.Find(edited, diagnostics);
        var files = removed.Select(r => r.File).Concat(leftovers.Files).Distinct().Where(f => f != place.Path).ToList();
        if (place.NeedsInclude && !files.Contains(DovecotService.MainFile))
        {
            files.Add(DovecotService.MainFile);
        }

        return [.. files.Order(StringComparer.Ordinal).Select(f => FileChange(f, [.. removed.Where(r => r.File == f)])).OfType<Change>()];
    }

    private Change? FileChange(string path, IReadOnlyList<DovecotLineEdit> removed)
    {
        var file = request.Observed.File(path);
        if (ConfigEdit.Refusal(file) is { } refusal)
        {
            diagnostics.Add(refusal);
            return null;
        }

        var gone = removed.Where(r => r.Statement is null).Select(r => r.Line).ToHashSet();
        var translated = leftovers.In(path).Where(l => !gone.Contains(l.Setting.Line)).ToList();
        List<AttributeChange> attributes =
        [
            .. removed.Select(r => new AttributeChange(r.Name, $"{r.Before} ({path}:{r.Line})", r.Header?.ToString())),
            .. translated.Select(l => new AttributeChange($"line {l.Setting.Line}", $"{l.Setting.Name} = {l.Setting.Value}", l.Statement)),
        ];
        var reasons = new List<string>();
        if (removed.Count > 0)
        {
            reasons.Add("it overrides the manifest's settings");
        }

        if (translated.Count > 0)
        {
            reasons.Add("Dovecot 2.4 does not know its settings of 2.3");
        }

        if (reasons.Count == 0)
        {
            reasons.Add("it has to include the managed file");
        }

        return ConfigEdit.Of(file, text => Edit(path, text, removed), "settings", attributes, string.Join(" and ", reasons), "reload dovecot");
    }

    private string Edit(string path, string text, IReadOnlyList<DovecotLineEdit> removed)
    {
        var edits = leftovers.In(path).ToDictionary(l => l.Setting.Line, l => l.Statement);
        foreach (var line in removed)
        {
            edits[line.Line] = line.Statement;
        }

        var edited = DovecotConfig.Parse(path, text, dialect.Grammar).Edit(edits).ToString();
        return place.NeedsInclude && path == DovecotService.MainFile ? WithInclude(edited) : edited;
    }

    private string WithInclude(string text) =>
        DovecotConfig.Parse(DovecotService.MainFile, text, dialect.Grammar).AppendLine(ManagedFile.IncludeLine).ToString();
}
