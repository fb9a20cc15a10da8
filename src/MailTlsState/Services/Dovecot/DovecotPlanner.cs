using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Dovecot.Editing;

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

        if (ServiceVersions.Choose(DovecotDialect.All, _observed, request.Desired, at, _diagnostics) is not { } dialect)
        {
            return Failed();
        }

        var texts = DovecotFiles.Texts(request.Observed);
        var place = ManagedFile.Place(texts, dialect.Grammar);
        var now = DovecotTree.Build(DovecotService.MainFile, texts, dialect.Grammar);
        var leftovers = DovecotLeftovers.Find(now, place.Path);
        _diagnostics.AddRange(leftovers.Diagnostics);
        _diagnostics.AddRange(DovecotTrust.Check(request.Observed, _observed.ConfigurationFiles));
        if (_observed.ConfigurationError is { } error && !leftovers.Found)
        {
            return Failed([.. DovecotFaults.Of(now, texts, error)]);
        }

        var file = request.Observed.File(place.Path);
        if (ConfigEdit.Refusal(file) is { } refusal)
        {
            return Failed(refusal);
        }

        if (ManagedFile.HostOf(file.Text) is { } other && other != request.Manifest.Host)
        {
            return Failed(DovecotDiagnostics.OtherManifest(place.Path, other, request.Manifest.Host));
        }

        var served = Served(now);
        CheckEndpoints(served, now);
        CheckListeners(dialect, now, place);
        if (_diagnostics.Exists(d => d.Severity == Severity.Error))
        {
            return Failed();
        }

        return Plan(dialect, texts, place, leftovers, served, now);
    }

    private ServiceChanges Plan(
        DovecotDialect dialect, IReadOnlyDictionary<string, string> texts, ManagedFile.Location place, DovecotLeftovers leftovers, IReadOnlyList<string> served, DovecotTree now)
    {
        var hybrids = DovecotAnswers.KnowsHybrids(_observed.Answers);
        var settings = dialect.Render(request.Pairs, request.Policy, hybrids);
        _diagnostics.AddRange(TrustedNetworks.Check(now, request.Desired.Endpoints));
        var others = DovecotTree.Build(DovecotService.MainFile, new Dictionary<string, string>(texts) { [place.Path] = "" }, dialect.Grammar);
        var security = DovecotSecurity.Of(dialect, request.Desired.Endpoints, served, now, others, place.Path);
        var text = ManagedFile.Render(request.Manifest.Host, dialect, settings, security, [.. request.Desired.Endpoints, .. Closed(served, now, place)]);
        var changes = new List<Change>();
        var reason = leftovers.Found ? "Dovecot 2.4 needs the manifest's settings under their new names" : "the manifest's certificate, policy and endpoints";
        if (ConfigEdit.Of(request.Observed.File(place.Path), _ => text, "settings", Attributes(settings, security), reason, "reload dovecot") is { } own)
        {
            changes.Add(own);
        }

        changes.AddRange(new DovecotEdits(request, dialect, place, leftovers, _diagnostics).Changes(texts, text, new DovecotOverrides(request, dialect, settings, security, place)));
        if (changes.Count == 0)
        {
            Prove(settings, security);
        }

        _diagnostics.AddRange(request.Losses($"Dovecot {_observed.Version}", dialect.Inexpressible(request.Policy, hybrids), changes.Count > 0));
        return new ServiceChanges(changes, _diagnostics);
    }

    /// <summary>The protocols that Dovecot serves: as it says itself, or as its files say where it cannot read them.</summary>
    private IReadOnlyList<string> Served(DovecotTree now)
    {
        var told = Effective().FirstOrDefault().Values?.GetValueOrDefault("protocols");
        return told is null
            ? now.Words("protocols", "imap", "pop3", "lmtp")
            : told.Split([' ', '\n', '"'], StringSplitOptions.RemoveEmptyEntries);
    }

    private void CheckEndpoints(IReadOnlyList<string> served, DovecotTree now)
    {
        var known = request.Observed.Known;
        foreach (var endpoint in request.Desired.Endpoints.Where(e => e.Security != EndpointSecurity.Disabled))
        {
            var at = request.Manifest.Source.Locate($"/services/dovecot/endpoints/{endpoint.Kind.Name()}");
            var protocol = DovecotAnswers.Protocol(endpoint.Kind);
            if (!served.Contains(protocol))
            {
                _diagnostics.Add(DovecotDiagnostics.ProtocolMissing(at, protocol, string.Join(", ", served)));
            }

            var foreign = ServiceOwners.Foreign(request.Observed, ServiceKind.Dovecot, endpoint.Port);
            if (foreign is not null)
            {
                _diagnostics.Add(ServiceDiagnostics.PortTaken(at, $"dovecot {endpoint.Kind.Name()}", endpoint.Port, foreign));
            }
            else if (OfInstance(endpoint, known) is { } instance)
            {
                _diagnostics.Add(ServiceDiagnostics.PortOfInstance(at, $"dovecot {endpoint.Kind.Name()}", endpoint.Port, instance, "Dovecot", "configuration"));
            }
        }

        CheckSubmission(served, now);
    }

    /// <summary>Listeners of the configuration that hold a port of the manifest and cannot be taken over.</summary>
    private void CheckListeners(DovecotDialect dialect, DovecotTree now, ManagedFile.Location place)
    {
        foreach (var endpoint in request.Desired.Endpoints.Where(e => e.Security != EndpointSecurity.Disabled))
        {
            foreach (var port in NamedListeners.Holding(now, dialect, endpoint, request.Desired.Endpoints).Where(p => p.File != place.Path && !NamedListeners.IsTakenOver(now, p, endpoint)))
            {
                var proxy = NamedListeners.WantsProxy(now, port) && !endpoint.ProxyProtocol;
                _diagnostics.Add(DovecotDiagnostics.ListenerClash(new SourceLocation(port.File, port.Line, 1), string.Join(" / ", port.Path), endpoint.Kind.Name(), endpoint.Port, proxy));
            }
        }
    }

    /// <summary>The socket by which another instance keeps Dovecot from serving an endpoint, or null: Dovecot goes on without a port that is taken, and says so in its log alone.</summary>
    private Listener? OfInstance(EndpointManifest endpoint, KnownListeners known)
    {
        var held = request.Observed.Listeners.Where(l => l.Port == endpoint.Port).ToLookup(known.IsOthers);
        return endpoint.Addresses.Count == 0 && held[false].Any() ? null : held[true].FirstOrDefault(l => BoundAddress.Keeps(l.Address, endpoint.Addresses));
    }

    /// <summary>A submission service of Dovecot's that the manifest does not name must not take a port that the manifest gives to Postfix.</summary>
    private void CheckSubmission(IReadOnlyList<string> served, DovecotTree now)
    {
        foreach (var kind in new[] { EndpointKind.Submission, EndpointKind.Submissions }.Where(_ => served.Contains("submission")))
        {
            var mine = request.Desired.Endpoints.FirstOrDefault(e => e.Kind == kind);
            var line = mine is null ? now.EffectiveIn(ManagedFile.Listener(kind), "port") : null;
            var port = mine is null ? int.TryParse(line?.Value, out var given) ? given : kind.DefaultPort() : mine.Security == EndpointSecurity.Disabled ? 0 : mine.Port;
            if (port != 0 && request.Manifest.Postfix?.Endpoints.FirstOrDefault(e => e.Security != EndpointSecurity.Disabled && e.Port == port) is { } postfix)
            {
                var at = request.Manifest.Source.Locate($"/services/postfix/endpoints/{postfix.Kind.Name()}");
                _diagnostics.Add(DovecotDiagnostics.SubmissionClash(at, postfix.Kind.Name(), port, line?.ToString()));
            }
        }
    }

    /// <summary>
    /// Listeners that the manifest does not name and that stay closed: with TLS off at the top level Dovecot opens none for TLS from the first
    /// byte, and would open all of them with our settings. What our file has closed stays so.
    /// </summary>
    private IEnumerable<EndpointManifest> Closed(IReadOnlyList<string> served, DovecotTree now, ManagedFile.Location place)
    {
        var off = now.Effective("ssl") is { Value: "no" };
        return from kind in EndpointCatalogue.Of(ServiceKind.Dovecot).Select(d => d.Kind)
               where served.Contains(DovecotAnswers.Protocol(kind)) && request.Desired.Endpoints.All(e => e.Kind != kind)
               where (off && kind.IsImplicit()) || (now.EffectiveIn(ManagedFile.Listener(kind), "port") is { Value: "0" } line && line.File == place.Path)
               select new EndpointManifest(kind, EndpointSecurity.Disabled, kind.DefaultPort(), [], ProxyProtocol: false);
    }

    private List<AttributeChange> Attributes(IReadOnlyList<ManagedSetting> settings, DovecotSecurity security)
    {
        var all = Effective().ToList();
        var first = all.FirstOrDefault();
        var everywhere = security.Everywhere.Concat(settings).Select(s => new AttributeChange(s.Name, first.Values?.GetValueOrDefault(s.Name), s.Value));
        var byProtocol = security.ByProtocol.SelectMany(p => p.Value.Select(s =>
            new AttributeChange($"{s.Name} of {p.Key}", all.FirstOrDefault(a => a.Protocol == p.Key).Values?.GetValueOrDefault(s.Name), s.Value)));
        return [.. everywhere.Concat(byProtocol).Where(a => a.Before != a.After)];
    }

    /// <summary>Where the files say what they should, the daemon has to say it, too.</summary>
    private void Prove(IReadOnlyList<ManagedSetting> settings, DovecotSecurity security)
    {
        foreach (var (question, protocol, values) in Effective())
        {
            foreach (var s in settings.Concat(security.For(protocol)).Where(s => values.GetValueOrDefault(s.Name) != s.Value))
            {
                _diagnostics.Add(PlanDiagnostics.Ineffective(question, s.Name, values.GetValueOrDefault(s.Name, "nothing"), s.Value));
            }
        }
    }

    private IEnumerable<(string Question, string Protocol, IReadOnlyDictionary<string, string> Values)> Effective() =>
        DovecotAnswers.Filters(request.Manifest)
            .Where(f => _observed.Answers.ContainsKey(f.Question) && !_observed.Answers.ContainsKey(DovecotAnswers.Failure(f.Question)))
            .Select(f => (f.Question, f.Protocol, DovecotAnswers.Parse(_observed.Answers[f.Question])));

    private ServiceChanges Failed(params Diagnostic[] diagnostics)
    {
        _diagnostics.AddRange(diagnostics);
        return new ServiceChanges([], _diagnostics);
    }
}
