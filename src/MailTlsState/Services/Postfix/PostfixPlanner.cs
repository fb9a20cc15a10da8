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
        changes.AddRange(MainChange(main, settings, answers, master, edits.Apply(masterText)));
        changes.AddRange(listeners.Changes);
        if (ConfigEdit.Of(request.Observed.File(PostfixService.MasterCf), edits.Apply, "settings", edits.Attributes, "the manifest's listeners and policy", "reload postfix") is { } change)
        {
            changes.Add(change);
        }

        _diagnostics.AddRange(request.Losses($"Postfix {_observed.Version}", PostfixPolicy.Inexpressible(request.Policy, dialect), changes.Count > 0));
        return new ServiceChanges(changes, _diagnostics)
        {
            Restart = listeners.Rebinds && dialect.OpensBeforeItCloses ? $"Postfix {_observed.Version} cannot give a port to other addresses by a reload" : null,
        };
    }

    private IEnumerable<Change> MainChange(MainCf main, IReadOnlyList<PostfixSetting> settings, PostfixAnswers answers, MasterCf master, string masterAfter)
    {
        var heading = PostfixSettings.Heading + request.Manifest.Host;
        var wanted = settings.Where(s => Differs(s, main, answers, master)).ToList();
        wanted.AddRange(PostfixOrphans.Of(answers, main.SetAll(wanted.Select(Pair), heading), masterAfter));
        if (wanted.Count == 0)
        {
            return [];
        }

        var attributes = wanted.Select(s => new AttributeChange(s.Name, Before(s, main.EntriesOf(s.Name), answers), s.Value is { } value ? ShowValue(value) : null)).ToList();
        string Edit(string old) => MainCf.Parse(old).SetAll(wanted.Select(Pair), heading).ToString();
        return ConfigEdit.Of(request.Observed.File(PostfixService.MainCf), Edit, "settings", attributes, "the manifest's certificate and policy", "reload postfix", keepModificationTime: true) is { } change
            ? [change]
            : [];

        static (string Name, string? Value) Pair(PostfixSetting setting) => (setting.Name, setting.Value);
    }

    // The effective value counts: one spelled through $name stays as it is, unless a listener has its own value of that name. A repeated setting is mended, since every Postfix
    // program warns about it and the next reader sees the wrong line.
    private static bool Differs(PostfixSetting setting, MainCf main, PostfixAnswers answers, MasterCf master) =>
        main.EntriesOf(setting.Name) is var written
        && (setting.ShowsPlace || written.Count > 1 || (written.Count == 0 ? null : answers.Parameter(setting.Name)) != setting.Value
            || master.Services.Any(s => s.Command == Reader(setting.Name) && answers.Varies(setting.Name, s)));

    private static string? Before(PostfixSetting setting, IReadOnlyList<MainCfEntry> written, PostfixAnswers answers) =>
        written.Count > 1 || setting.ShowsPlace ? Places(written) : written.Count == 0 ? null : ShowValue(answers.Parameter(setting.Name));

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
