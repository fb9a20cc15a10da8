using System.Net;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>
/// Finds what takes the place of our settings for a connection that the manifest speaks of, and takes it away; what is for other
/// connections is left and listed.
/// </summary>
internal sealed class DovecotOverrides(
    ServicePlanRequest request, IReadOnlyList<ManagedSetting> settings, ManagedFile.Location place, List<Diagnostic> diagnostics)
{
    // Each would change what our settings mean: a second certificate, another floor, other suites of TLS 1.3.
    private static readonly string[] Unwanted = ["ssl_alt_cert", "ssl_alt_key", "ssl_protocols", "ssl_cipher_suites"];

    /// <summary>The changes of the other configuration files.</summary>
    /// <param name="texts">The observed configuration.</param>
    /// <param name="own">The text of our own file in its new state.</param>
    public IReadOnlyList<Change> Changes(IReadOnlyDictionary<string, string> texts, string own)
    {
        var edited = new Dictionary<string, string>(texts) { [place.Path] = own };
        if (place.NeedsInclude)
        {
            edited[DovecotService.MainFile] = WithInclude(edited[DovecotService.MainFile]);
            diagnostics.Add(DovecotDiagnostics.NotIncluded(DovecotService.MainFile, ManagedFile.IncludeLine));
        }

        var removed = new List<DovecotAssignment>();
        var tree = DovecotTree.Build(DovecotService.MainFile, edited);
        while (Overriding(tree).FirstOrDefault() is { } found)
        {
            removed.Add(found);
            edited[found.File] = DovecotConfig.Parse(found.File, edited[found.File]).RemoveSettings(found.Line).ToString();
            tree = DovecotTree.Build(DovecotService.MainFile, edited);
        }

        ListOthers(tree);
        return [.. edited.Where(e => e.Key != place.Path && e.Value != texts.GetValueOrDefault(e.Key)).Select(e => FileChange(e.Key, removed)).OfType<Change>()];
    }

    private Change? FileChange(string path, List<DovecotAssignment> removed)
    {
        var file = request.Observed.File(path);
        if (ConfigEdit.Refusal(file) is { } refusal)
        {
            diagnostics.Add(refusal);
            return null;
        }

        var here = removed.Where(r => r.File == path).ToList();
        var attributes = here.Select(r => new AttributeChange($"{r.Name}{(r.Path.Count == 0 ? "" : $" in {string.Join(" / ", r.Path)}")}", $"{r.Value} ({path}:{r.Line})", null)).ToList();
        var reason = here.Count > 0 ? "it overrides the manifest's settings" : "it has to include the managed file";
        return ConfigEdit.Of(file, text => Edit(path, text, here), "settings", attributes, reason, "reload dovecot");
    }

    // Lines were counted after each removal, so the removals are repeated one by one.
    private string Edit(string path, string text, List<DovecotAssignment> here)
    {
        if (place.NeedsInclude && path == DovecotService.MainFile)
        {
            text = WithInclude(text);
        }

        return here.Aggregate(text, (t, r) => DovecotConfig.Parse(path, t).RemoveSettings(r.Line).ToString());
    }

    private static string WithInclude(string text) =>
        DovecotConfig.Parse(DovecotService.MainFile, text).AppendLine(ManagedFile.IncludeLine).ToString();

    private IEnumerable<DovecotAssignment> Overriding(DovecotTree tree)
    {
        foreach (var connection in Connections(tree))
        {
            foreach (var name in settings.Select(s => s.Name))
            {
                if (tree.Effective(name, connection) is { } effective && effective.File != place.Path)
                {
                    yield return effective;
                }
            }

            foreach (var name in Unwanted)
            {
                if (tree.Effective(name, connection) is { Value.Length: > 0 } unwanted)
                {
                    yield return unwanted;
                }
            }
        }

        foreach (var endpoint in request.Desired.Endpoints)
        {
            DovecotHeader[] path = [new("service", $"{DovecotAnswers.Protocol(endpoint.Kind)}-login"), new("inet_listener", endpoint.Kind.Name())];
            foreach (var (name, _) in ManagedFile.Listener(endpoint))
            {
                if (tree.EffectiveIn(path, name) is { } effective && effective.File != place.Path)
                {
                    yield return effective;
                }
            }
        }
    }

    /// <summary>The connections that the manifest speaks of: each protocol, each name or none, each local address with a block of its own.</summary>
    private IEnumerable<DovecotConnection> Connections(DovecotTree tree)
    {
        var endpoints = request.Desired.Endpoints.Where(e => e.Security != EndpointSecurity.Disabled).ToList();
        var names = request.Manifest.Certificate.Names.Append(request.Manifest.Host).Distinct().Prepend(null).ToList();
        var locals = tree.Assignments.SelectMany(a => a.Path).Where(h => h.Kind == "local").Select(h => h.Argument.Split('/')[0]).Distinct()
            .Where(a => endpoints.Any(e => e.Addresses.Count == 0 || e.Addresses.Contains(a)))
            .Select(a => IPAddress.TryParse(a, out var parsed) ? parsed : null).OfType<IPAddress>().Prepend(null).ToList();
        return from protocol in endpoints.Select(e => DovecotAnswers.Protocol(e.Kind)).Distinct()
               from name in names
               from local in locals
               select new DovecotConnection(name, local, null, protocol);
    }

    private void ListOthers(DovecotTree tree)
    {
        foreach (var own in tree.Assignments.Where(a => a.File == place.Path && a.IsGlobal))
        {
            foreach (var other in tree.Overriding(own).Where(o => o.File != place.Path && o.Value != own.Value))
            {
                diagnostics.Add(ServiceDiagnostics.OverrideLeft(new SourceLocation(other.File, other.Line, 1), $"{other.Name} = {other.Value}", string.Join(" / ", other.Path)));
            }
        }
    }
}
