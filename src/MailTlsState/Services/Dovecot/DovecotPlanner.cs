using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Services.Dovecot;

/// <summary>
/// Plans Dovecot's configuration: one file of our own that the configuration includes, so that a package upgrade never asks
/// about a changed conffile, and nothing elsewhere that overrides it. Pure.
/// </summary>
internal sealed class DovecotPlanner(ServicePlanRequest request)
{
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly ServiceObservation _observed = request.Observed.Services[ServiceKind.Dovecot];

    public ServiceChanges Plan()
    {
        var at = request.Manifest.Source.Locate("/services/dovecot");
        if (!_observed.Installed)
        {
            return Failed(ServiceDiagnostics.NotInstalled(at, "Dovecot", "/usr/bin/doveconf", "dovecot-imapd"));
        }

        if (_observed.ConfigurationError is { } error)
        {
            return Failed(ServiceDiagnostics.BrokenConfiguration("Dovecot", DovecotService.MainFile, error));
        }

        if (ServiceVersions.Choose(DovecotDialect.All, _observed, request.Desired, at, _diagnostics) is not { } dialect)
        {
            return new ServiceChanges([], _diagnostics);
        }

        CheckEndpoints();
        var settings = dialect.Render(request.Files, request.Policy, Required);
        var texts = DovecotFiles.Texts(request.Observed);
        var place = ManagedFile.Place(texts);
        var file = request.Observed.File(place.Path);
        if (ConfigEdit.Refusal(file) is { } refusal)
        {
            return Failed(refusal);
        }

        var changes = new List<Change>();
        var text = ManagedFile.Render(settings, request.Desired.Endpoints);
        if (ConfigEdit.Of(file, _ => text, "settings", Attributes(settings), "the manifest's certificate, policy and endpoints", "reload dovecot") is { } own)
        {
            changes.Add(own);
        }

        changes.AddRange(new DovecotOverrides(request, settings, place, _diagnostics).Changes(texts, text));
        if (changes.Count == 0)
        {
            Prove(settings);
        }

        return new ServiceChanges(changes, _diagnostics);
    }

    // Dovecot has one "ssl" for all its ports; the manifest's reader refuses a mixture.
    private bool Required => request.Desired.Endpoints.Any(e => e.Security == EndpointSecurity.Required);

    private void CheckEndpoints()
    {
        var protocols = (Effective().FirstOrDefault().Values?.GetValueOrDefault("protocols") ?? "").Split([' ', '\n', '"'], StringSplitOptions.RemoveEmptyEntries);
        foreach (var endpoint in request.Desired.Endpoints.Where(e => e.Security != EndpointSecurity.Disabled))
        {
            var at = request.Manifest.Source.Locate($"/services/dovecot/endpoints/{endpoint.Kind.Name()}");
            var protocol = DovecotAnswers.Protocol(endpoint.Kind);
            if (!protocols.Contains(protocol))
            {
                _diagnostics.Add(DovecotDiagnostics.ProtocolMissing(at, protocol, string.Join(", ", protocols)));
            }

            var foreign = ServiceOwners.Foreign(request.Observed, ServiceKind.Dovecot, endpoint.Port);
            if (foreign is not null)
            {
                _diagnostics.Add(ServiceDiagnostics.PortTaken(at, $"dovecot {endpoint.Kind.Name()}", endpoint.Port, foreign));
            }
        }
    }

    private List<AttributeChange> Attributes(IReadOnlyList<ManagedSetting> settings)
    {
        var effective = Effective().FirstOrDefault().Values;
        return [.. settings.Select(s => new AttributeChange(s.Name, effective?.GetValueOrDefault(s.Name), s.Value)).Where(a => a.Before != a.After)];
    }

    /// <summary>Where the files say what they should, the daemon has to say it, too.</summary>
    private void Prove(IReadOnlyList<ManagedSetting> settings)
    {
        foreach (var (question, values) in Effective())
        {
            foreach (var s in settings.Where(s => values.GetValueOrDefault(s.Name) != s.Value))
            {
                _diagnostics.Add(PlanDiagnostics.Ineffective(question, s.Name, values.GetValueOrDefault(s.Name, "nothing"), s.Value));
            }
        }
    }

    private IEnumerable<(string Question, IReadOnlyDictionary<string, string> Values)> Effective() =>
        DovecotAnswers.Filters(request.Manifest).Select(f => (f.Question, DovecotAnswers.Parse(_observed.Answers.GetValueOrDefault(f.Question, ""))));

    private ServiceChanges Failed(Diagnostic diagnostic)
    {
        _diagnostics.Add(diagnostic);
        return new ServiceChanges([], _diagnostics);
    }
}
