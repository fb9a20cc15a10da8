using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Plans main.cf and master.cf. Pure: from one observation it always makes the same changes.</summary>
internal sealed class PostfixPlanner(ServicePlanRequest request)
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly ServiceObservation _observed = request.Observed.Services[ServiceKind.Postfix];

    public ServiceChanges Plan()
    {
        var at = request.Manifest.Source.Locate("/services/postfix");
        if (!_observed.Installed)
        {
            return Failed(ServiceDiagnostics.NotInstalled(at, "Postfix", PostfixService.Postconf, "postfix"));
        }

        if (_observed.ConfigurationError is { } error)
        {
            var cause = PostfixErrors.Cause(error);
            var place = PostfixErrors.Place(cause, request.Observed.File(PostfixService.MainCf).Text ?? "", request.Observed.File(PostfixService.MasterCf).Text ?? "");
            return Failed(ServiceDiagnostics.BrokenConfiguration("Postfix", PostfixService.ConfigDirectory, cause, place));
        }

        if (ServiceVersions.Choose(PostfixDialect.All, _observed, request.Desired, at, _diagnostics) is not { } dialect)
        {
            return new ServiceChanges([], _diagnostics);
        }

        var answers = new PostfixAnswers(_observed.Answers);
        if (EditableText(PostfixService.MainCf) is not { } mainText || EditableText(PostfixService.MasterCf) is not { } masterText)
        {
            return new ServiceChanges([], _diagnostics);
        }

        var settings = PostfixSettings.Render(request.Pairs, request.Policy, dialect, request.Desired.Outbound).ToList();
        var (main, master) = (MainCf.Parse(mainText), MasterCf.Parse(masterText));
        var edits = new MasterEdits(answers);
        var listeners = new PostfixListeners(request, dialect, settings, answers, edits, _diagnostics).Plan(master);
        new PostfixOutbound(settings, answers, edits, _diagnostics).Plan(master);
        new PostfixDestinations(settings, answers, _diagnostics).Plan(main, master);
        settings.AddRange(listeners.MainSettings.Count > 0 ? listeners.MainSettings : PostfixListeners.Translated(answers) is { } level ? [new(PostfixListeners.Level, level)] : []);
        settings.AddRange(listeners.ScreenSettings);
        settings.AddRange(new PostfixClientReferences(request, [.. settings], answers, edits).Plan(master));
        _diagnostics.AddRange(new PostfixFindings(request, answers, main, master, [.. settings.Select(s => s.Name), .. PostfixDialect.All.SelectMany(d => d.Obsolete)]).Find());

        var changes = new List<Change>();
        changes.AddRange(MainChange(main, settings, answers, master));
        changes.AddRange(listeners.Changes);
        if (ConfigEdit.Of(request.Observed.File(PostfixService.MasterCf), edits.Apply, "settings", edits.Attributes, "the manifest's listeners and policy", "reload postfix") is { } change)
        {
            changes.Add(change);
        }

        _diagnostics.AddRange(request.Losses($"Postfix {_observed.Version}", PostfixPolicy.Inexpressible(request.Policy, dialect), changes.Count > 0));
        return new ServiceChanges(changes, _diagnostics);
    }

    private IEnumerable<Change> MainChange(MainCf main, IReadOnlyList<PostfixSetting> settings, PostfixAnswers answers, MasterCf master)
    {
        var edits = new List<(string Name, string? Value)>();
        var attributes = new List<AttributeChange>();
        foreach (var setting in settings)
        {
            var written = main.EntriesOf(setting.Name);
            // The effective value counts: one spelled through $name stays as it is, unless a listener has its own value of that name. A repeated setting is mended, since every Postfix
            // program warns about it and the next reader sees the wrong line.
            var effective = written.Count == 0 ? null : answers.Parameter(setting.Name);
            if (effective == setting.Value && !setting.ShowsPlace && written.Count <= 1 && !master.Services.Any(s => s.Command == Reader(setting.Name) && answers.Varies(setting.Name, s)))
            {
                continue;
            }

            edits.Add((setting.Name, setting.Value));
            attributes.Add(new AttributeChange(setting.Name, written.Count > 1 || setting.ShowsPlace ? Places(written) : effective is null ? null : ShowValue(effective), setting.Value is { } value ? ShowValue(value) : null));
        }

        if (edits.Count == 0)
        {
            return [];
        }

        string Edit(string old) => MainCf.Parse(old).SetAll(edits, PostfixSettings.Heading + request.Manifest.Host).ToString();
        return ConfigEdit.Of(request.Observed.File(PostfixService.MainCf), Edit, "settings", attributes, "the manifest's certificate and policy", "reload postfix", keepModificationTime: true) is { } change
            ? [change]
            : [];
    }

    // The sending side's parameters and the server's.
    private static string Reader(string setting) => setting.StartsWith("smtp_", StringComparison.Ordinal) ? "smtp" : "smtpd";

    private static string ShowValue(string value) => value.Length == 0 ? "(empty)" : value;

    // Of several lines the last counts; all are shown, since the change may be no more than that the others go.
    private static string Places(IReadOnlyList<MainCfEntry> entries) =>
        string.Join(", ", entries.Select(e => string.Create(CultureInfo.InvariantCulture, $"{ShowValue(e.Value)} ({PostfixService.MainCf}:{e.Line})")));

    private string? EditableText(string path)
    {
        var file = request.Observed.File(path);
        if ((ConfigEdit.Refusal(file) ?? Binary(file)) is { } refusal)
        {
            _diagnostics.Add(refusal);
            return null;
        }

        return file.Text;
    }

    /// <summary>Postfix sees nothing of a line behind a NUL byte (it reads C strings), so an edit there could be without effect.</summary>
    private static Diagnostic? Binary(FileObservation file)
    {
        var at = file.Text?.IndexOf('\0', StringComparison.Ordinal) ?? -1;
        return at < 0 ? null : ServiceDiagnostics.BinaryFile(new SourceLocation(file.Path, file.Text.AsSpan(0, at).Count('\n') + 1, 1));
    }

    private ServiceChanges Failed(Diagnostic diagnostic)
    {
        _diagnostics.Add(diagnostic);
        return new ServiceChanges([], _diagnostics);
    }
}
