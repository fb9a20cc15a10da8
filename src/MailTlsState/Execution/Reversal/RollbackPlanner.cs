using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;

namespace MailTlsState.Execution.Reversal;

/// <summary>
/// Plans the way back from one apply of the past: its settings, its modes and labels, its certificate, and the directories that it made.
/// Everything else on the host stays as it is now. Pure.
/// </summary>
internal sealed class RollbackPlanner(ReversalRequest request)
{
    private const int OthersBits = 0x3F; // 0077

    private readonly List<Diagnostic> _diagnostics = [];

    /// <summary>The plan, or why there is none.</summary>
    public PlanningResult Plan()
    {
        var effects = request.Entry.Activations.Select(a => $"reload {a.Service.Name()}").ToList();

        // The pair first: at no moment may settings name a file that is not there yet. What goes is removed last in any case.
        var changes = new List<Change>(Directories());
        changes.AddRange(new PairReversal(request, effects, _diagnostics).Plan());
        changes.AddRange(new SettingsReversal(request, _diagnostics).Plan());
        changes.AddRange(HostTrustReversal.Plan(request, _diagnostics));
        changes.AddRange(Attributes());
        changes.AddRange(LabelRules());
        changes.AddRange(Labels());
        changes.AddRange(EmptyDirectories(changes));
        changes.AddRange(Activations(changes));
        if (_diagnostics.Any(d => d.Severity == Severity.Error))
        {
            return new PlanningResult(null, _diagnostics);
        }

        foreach (var ca in request.Record.Changes.Where(c => c is { Kind: "certificateAuthority", Action: ChangeAction.Create or ChangeAction.Replace }))
        {
            _diagnostics.Add(HistoryDiagnostics.Stays($"the root CA in {ca.Name}, which {request.Id} made, stays: clients may trust it, and its key could not be made again", "remove the directory by hand if nobody trusts that CA"));
        }

        foreach (var key in request.Record.Changes.Where(c => c is { Kind: "certificateAuthority", Action: ChangeAction.Update }))
        {
            _diagnostics.Add(HistoryDiagnostics.Stays($"{key.Name} stays encrypted as {request.Id} left it: the passphrase is the same, and the former file is not kept", "nothing has to be done"));
        }

        var plan = new Plan(
            "", "", request.Entry.ManifestDigest, request.Entry.Host, request.Now, Fingerprint.Of(request.Observed), changes, _diagnostics, [])
        {
            RollsBack = request.Id,
            Labels = changes.Select(c => c.Work).OfType<SetLabel>().ToDictionary(l => l.Path, l => l.New),
        };
        return new PlanningResult(plan, _diagnostics);
    }

    // A roll-back that is rolled back had removed them.
    private IEnumerable<Change> Directories() => request.Entry.Steps.OfType<RemoveDirectoryStep>().Reverse()
        .Where(s => request.Observed.File(s.Path).Kind == FileKind.Absent)
        .Select(s => new Change("directory", s.Path, ChangeAction.Create, request.Reason, [new("owner", null, "root:root"), new("mode", null, FileModes.Octal(s.Old.Mode))], null, [])
        {
            Work = new MakeDirectory(s.Path, s.Old.Mode),
        });

    // A rule that somebody else changed since stays.
    private IEnumerable<Change> LabelRules()
    {
        foreach (var step in request.Entry.Steps.OfType<LabelRuleStep>())
        {
            var now = LocalRules.TypeOf(request.Observed.File(step.Rules).Text ?? "", step.Path);
            if (now == step.Old)
            {
                continue;
            }

            if (now != step.New)
            {
                _diagnostics.Add(HistoryDiagnostics.Stays($"the local rule for {step.Path} ({now ?? "none"}) stays: {request.Id} left {step.New ?? "none"}", $"before {request.Id} it was {step.Old ?? "none"}"));
                continue;
            }

            yield return new Change(
                "labelRule",
                step.Path,
                step.Old is null ? ChangeAction.Delete : step.New is null ? ChangeAction.Create : ChangeAction.Update,
                request.Reason,
                [new("type", step.New, step.Old)],
                null,
                [])
            {
                Work = new SetLabelRule(step.Path, step.New, step.Old, step.Rules),
            };
        }
    }

    // A label that somebody else set since stays, and a file without one cannot be had again: a policy forbids to take it away.
    private IEnumerable<Change> Labels()
    {
        foreach (var step in request.Entry.Steps.OfType<SetLabelStep>())
        {
            if (step.Old is not { } old || request.Observed.Labels.GetValueOrDefault(step.Path)?.Current is not { } now || now == old)
            {
                continue;
            }

            if (now != step.New)
            {
                _diagnostics.Add(HistoryDiagnostics.Stays($"{step.Path} keeps its label {now}, which {request.Id} did not set", $"its label before {request.Id} was {old}"));
                continue;
            }

            yield return new Change(
                "label", step.Path, ChangeAction.Update, request.Reason, [new("label", SecurityContext.TypeOf(now), SecurityContext.TypeOf(old))], null, [])
            {
                Work = new SetLabel(step.Path, now, old),
            };
        }
    }

    private IEnumerable<Change> Attributes()
    {
        foreach (var step in request.Entry.Steps.OfType<SetAttributesStep>())
        {
            var file = request.Observed.File(step.Path);
            var now = new FileAttributes(file.Owner, file.Group, file.Mode);
            if (file.Kind == FileKind.Absent || now == step.Old)
            {
                continue;
            }

            if (now != step.New)
            {
                var newer = request.NewerOf(e => e.Steps.Any(s => s.Path == step.Path));
                var at = new SourceLocation(step.Path, 1, 1);
                _diagnostics.Add(newer.Count > 0
                    ? HistoryDiagnostics.NewerApply(at, request.Id, newer)
                    : HistoryDiagnostics.EditedSince(at, request.Id, $"owner and mode are {Show(now)}, where {request.Id} left {Show(step.New)}"));
            }
            else if (((step.Old.Mode & OthersBits) != 0 || step.Old.Owner != 0) && (file.Text?.Contains("PRIVATE KEY", StringComparison.Ordinal) ?? true))
            {
                _diagnostics.Add(HistoryDiagnostics.Stays($"{step.Path} holds a private key and stays {Show(now)}; it was {Show(step.Old)} before {request.Id}", "nothing has to be done"));
            }
            else
            {
                yield return new Change(
                    "file",
                    step.Path,
                    ChangeAction.Update,
                    request.Reason,
                    [new("owner", $"{now.Owner}:{now.Group}", $"{step.Old.Owner}:{step.Old.Group}"), new("mode", FileModes.Octal(now.Mode), FileModes.Octal(step.Old.Mode))],
                    null,
                    [])
                {
                    Work = new SetAttributes(step.Path, step.Old.Owner, step.Old.Group, step.Old.Mode),
                };
            }
        }
    }

    // Innermost first; one that something is left in stays.
    private IEnumerable<Change> EmptyDirectories(IReadOnlyList<Change> others)
    {
        var gone = others.Select(c => c.Work switch { RemoveFile r => r.Path, RemoveText r => r.Path, _ => null }).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var kept = others.Select(c => c.Work).OfType<KeepPair>().Select(k => k.Path).ToList();
        foreach (var step in request.Entry.Steps.OfType<CreateDirectoryStep>().Reverse())
        {
            var inside = request.Directories.GetValueOrDefault(step.Path, []).Select(n => $"{step.Path}/{n}").Except(gone).Concat(kept.Where(k => Step.Parent(k) == step.Path));
            if (request.Observed.File(step.Path).Kind == FileKind.Directory && !inside.Any())
            {
                gone.Add(step.Path);
                yield return new Change("directory", step.Path, ChangeAction.Delete, request.Reason, [], null, []) { Work = new RemoveEmptyDirectory(step.Path) };
            }
        }
    }

    private IEnumerable<Change> Activations(IReadOnlyList<Change> others)
    {
        var changes = others.Count > 0;
        foreach (var made in request.Entry.Activations)
        {
            var (activation, reason) = (made.Activation, IsRunning(made.Service)) switch
            {
                (Activation.Start, true) => (Activation.Stop, $"{request.Id} started it"),
                (Activation.Start, false) => ((Activation?)null, ""),
                (Activation.Stop, false) => (Activation.Start, $"{request.Id} stopped it"),
                (_, false) => (changes ? Activation.Start : null, "it is not running"),
                (Activation.Restart, true) => (changes ? Activation.Restart : null, "its configuration goes back"),
                _ => (changes ? Activation.Reload : null, "its configuration goes back"),
            };
            if (activation is { } how)
            {
                yield return Change.Activate(made.Service, how, reason);
            }
        }

        // What was down at the time was left alone by the apply, and may run by now.
        foreach (var kind in request.Observed.Services.Keys.Where(k => request.Entry.Activations.All(a => a.Service != k) && IsRunning(k) && Edits(others, k)))
        {
            yield return Change.Activate(kind, Activation.Reload, "its configuration goes back");
        }
    }

    private bool IsRunning(ServiceKind kind) => request.Observed.Services.GetValueOrDefault(kind)?.Running ?? false;

    // Postfix's configuration is a directory, Dovecot's a file that includes its neighbours.
    private static bool Edits(IEnumerable<Change> changes, ServiceKind kind)
    {
        var path = MailServices.Of(kind).ConfigurationPath;
        var directory = kind == ServiceKind.Postfix ? path : Step.Parent(path);
        return changes.Any(c => c.Kind == "settings" && c.Name.StartsWith(directory + "/", StringComparison.Ordinal));
    }

    private static string Show(FileAttributes a) => $"{a.Owner}:{a.Group} {FileModes.Octal(a.Mode)}";
}
