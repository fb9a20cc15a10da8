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
            return Failed(ServiceDiagnostics.NotInstalled(at, "Postfix", "/usr/sbin/postconf", "postfix"));
        }

        if (_observed.ConfigurationError is { } error)
        {
            return Failed(ServiceDiagnostics.BrokenConfiguration("Postfix", PostfixService.ConfigDirectory, error));
        }

        if (ServiceVersions.Choose(PostfixDialect.All, _observed, request.Desired, at, _diagnostics) is not { } dialect)
        {
            return new ServiceChanges([], _diagnostics);
        }

        var answers = new PostfixAnswers(_observed.Answers);
        Warn(answers, at);
        if (EditableText(PostfixService.MainCf) is not { } mainText || EditableText(PostfixService.MasterCf) is not { } masterText)
        {
            return new ServiceChanges([], _diagnostics);
        }

        var settings = PostfixSettings.Render(request.Files, request.Policy, dialect).ToList();
        var listeners = new PostfixListeners(request, settings, answers, _diagnostics).Plan(MasterCf.Parse(masterText));
        settings.AddRange(listeners.MainSettings);

        var changes = new List<Change>();
        changes.AddRange(MainChange(mainText, settings, answers));
        changes.AddRange(listeners.Changes);
        if (ConfigEdit.Of(request.Observed.File(PostfixService.MasterCf), listeners.Edit, "settings", listeners.Attributes, "the manifest's listeners and policy", "reload postfix") is { } master)
        {
            changes.Add(master);
        }

        return new ServiceChanges(changes, _diagnostics);
    }

    private IEnumerable<Change> MainChange(string text, IReadOnlyList<PostfixSetting> settings, PostfixAnswers answers)
    {
        var main = MainCf.Parse(text);
        var edits = new List<(string Name, string? Value)>();
        var attributes = new List<AttributeChange>();
        foreach (var setting in settings)
        {
            var written = main.Entries.Where(e => e.Name == setting.Name).ToList();
            // The effective value counts: one spelled through $name stays as it is. A repeated setting is mended, since every Postfix
            // program warns about it and the next reader sees the wrong line.
            var effective = written.Count == 0 ? null : answers.Parameter(setting.Name);
            if (effective == setting.Value && written.Count <= 1)
            {
                continue;
            }

            edits.Add((setting.Name, setting.Value));
            attributes.Add(new AttributeChange(setting.Name, effective is null ? null : ShowValue(effective), setting.Value));
        }

        if (edits.Count == 0)
        {
            return [];
        }

        string Edit(string old) => MainCf.Parse(old).SetAll(edits, PostfixSettings.Heading).ToString();
        return ConfigEdit.Of(request.Observed.File(PostfixService.MainCf), Edit, "settings", attributes, "the manifest's certificate and policy", "reload postfix", keepModificationTime: true) is { } change
            ? [change]
            : [];
    }

    private static string ShowValue(string value) => value.Length == 0 ? "(empty)" : value;

    private void Warn(PostfixAnswers answers, SourceLocation at)
    {
        var managed = PostfixSettings.Managed.Concat(PostfixDialect.All.SelectMany(d => d.Obsolete)).ToList();
        foreach (var line in answers.Raw.GetValueOrDefault(PostfixAnswers.Warnings, "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // A repeated or obsolete setting of ours is mended by this plan, so a warning about it would only confuse.
            if (!managed.Any(m => line.Contains(m, StringComparison.Ordinal)))
            {
                _diagnostics.Add(ServiceDiagnostics.DaemonWarning("Postfix", line.Replace("/usr/sbin/postconf: ", "", StringComparison.Ordinal).Trim().TrimEnd('.')));
            }
        }

        if (answers.Parameter("multi_instance_directories") is { Length: > 0 } others)
        {
            _diagnostics.Add(PostfixDiagnostics.MultiInstance(at, others));
        }
    }

    private string? EditableText(string path)
    {
        var file = request.Observed.File(path);
        if (ConfigEdit.Refusal(file) is { } refusal)
        {
            _diagnostics.Add(refusal);
            return null;
        }

        return file.Text;
    }

    private ServiceChanges Failed(Diagnostic diagnostic)
    {
        _diagnostics.Add(diagnostic);
        return new ServiceChanges([], _diagnostics);
    }
}
