using System.Net;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>
/// Finds what takes the place of our settings for a connection that the manifest speaks of, and takes it away, from other names of its
/// block only where it cannot be helped; what is for other connections is left and listed.
/// </summary>
internal sealed class DovecotOverrides(
    ServicePlanRequest request, DovecotDialect dialect, IReadOnlyList<ManagedSetting> settings, DovecotSecurity security, ManagedFile.Location place)
{
    /// <summary>The lines that have to go or to change, as they are in the texts.</summary>
    /// <param name="texts">The configuration, our own file in its new state.</param>
    /// <param name="diagnostics">Takes what is left alone.</param>
    public IReadOnlyList<DovecotLineEdit> Find(IReadOnlyDictionary<string, string> texts, List<Diagnostic> diagnostics)
    {
        IReadOnlyDictionary<string, string>? addresses = null;
        var edits = new Dictionary<(string File, int Line), DovecotLineEdit>();
        var read = new Dictionary<(string File, int Line), DovecotHeader?>();
        var sharing = new DovecotSharing(ManagedNames, [.. Managed], diagnostics);
        var tree = Read();
        addresses = LocalNames.Addresses(tree, request.Observed.Services[ServiceKind.Dovecot].Answers);
        tree = addresses.Count == 0 ? tree : Read();

        // All that one connection meets before our own line goes at once; then it is looked whether anything else shows.
        while (Overriding(tree).DistinctBy(Place).ToList() is { Count: > 0 } found)
        {
            foreach (var edit in sharing.Edits(tree, found).Where(e => edits.TryAdd((e.File, e.Line), e)))
            {
                read[(edit.File, edit.Line)] = edit.Header;
            }

            tree = Read();
        }

        ListOthers(tree, diagnostics);
        ListConflicts(tree, diagnostics);
        return [.. edits.Values];

        DovecotTree Read() => DovecotTree.Build(DovecotService.MainFile, texts, dialect.Grammar, read, addresses);
    }

    private static (string File, int Line) Place(DovecotAssignment assignment) => (assignment.File, assignment.Line);

    private IEnumerable<DovecotAssignment> Overriding(DovecotTree tree)
    {
        foreach (var connection in Connections(tree))
        {
            foreach (var name in Names(connection.Protocol!))
            {
                // Two that contradict each other end the connection, even where one of them is ours.
                foreach (var line in Others(tree.Deciding(name, connection)).Concat(Others(tree.Conflicting(name, connection))))
                {
                    yield return line;
                }
            }

            foreach (var name in dialect.Unwanted.Except(settings.Select(s => s.Name)))
            {
                foreach (var line in Others(tree.Deciding(name, connection)).TakeWhile(l => l.Value.Length > 0))
                {
                    yield return line;
                }
            }
        }

        // The top level decides by itself whether ports for TLS from the first byte are opened.
        foreach (var line in security.Everywhere.SelectMany(s => Others(tree.Deciding(s.Name))))
        {
            yield return line;
        }

        foreach (var endpoint in request.Desired.Endpoints)
        {
            // Another listener on the endpoint's port: what is left has none and listens nowhere.
            foreach (var line in NamedListeners.Holding(tree, dialect, endpoint, request.Desired.Endpoints).Where(l => l.File != place.Path && NamedListeners.IsTakenOver(tree, l, endpoint)))
            {
                yield return line;
            }

            var path = ManagedFile.Listener(endpoint.Kind);
            foreach (var line in ManagedFile.Listener(endpoint, dialect).SelectMany(s => Others(tree.DecidingIn(path, s.Name))))
            {
                yield return line;
            }
        }
    }

    // What our own line hides is no matter.
    private IEnumerable<DovecotAssignment> Others(IEnumerable<DovecotAssignment> deciding) => deciding.TakeWhile(a => a.File != place.Path);

    // Everything that a manifest decides somewhere.
    private IEnumerable<string> Managed =>
        settings.Concat(security.Everywhere).Concat(security.ByProtocol.SelectMany(p => p.Value)).Concat(dialect.Required).Select(s => s.Name).Concat(dialect.Unwanted).Append("ssl");

    private IEnumerable<string> Names(string protocol) => settings.Concat(security.For(protocol)).Select(s => s.Name);

    /// <summary>The connections that the manifest speaks of: each protocol, each name or none, each local address with a block of its own.</summary>
    private IEnumerable<DovecotConnection> Connections(DovecotTree tree)
    {
        var endpoints = request.Desired.Endpoints.Where(e => e.Security != EndpointSecurity.Disabled).ToList();
        var names = ManagedNames.Cast<string?>().Prepend(null).ToList();
        var locals = Locals(tree)
            .Where(a => endpoints.Exists(e => e.Addresses.Count == 0 || e.Addresses.Contains(a.ToString())))
            .Prepend(null).ToList();
        return from protocol in endpoints.Select(e => DovecotAnswers.Protocol(e.Kind)).Distinct()
               from name in names
               from local in locals
               select new DovecotConnection(name, local, null, protocol);
    }

    // A name with a star stands for any first label; its block is written with the star, too.
    private List<string> ManagedNames => [.. request.Manifest.Certificate.Names.Where(n => !IPAddress.TryParse(n, out _)).Append(request.Manifest.Host).Distinct()];

    private static IEnumerable<IPAddress> Locals(DovecotTree tree) => tree.Blocks
        .Select(b => b.Path[^1]).Where(h => h.Kind == "local").Select(h => h.Network.Split('/')[0]).Distinct()
        .Select(a => IPAddress.TryParse(a, out var parsed) ? parsed : null).OfType<IPAddress>();

    private void ListOthers(DovecotTree tree, List<Diagnostic> diagnostics)
    {
        var listed = new HashSet<(string, int, string)>();
        foreach (var own in tree.Assignments.Where(a => a.File == place.Path && a.IsGlobal))
        {
            foreach (var other in tree.Overriding(own).Where(o => o.File != place.Path && o.Value != own.Value && listed.Add(((o.Use ?? o).File, (o.Use ?? o).Line, o.Name))))
            {
                diagnostics.Add(ServiceDiagnostics.OverrideLeft(At(other.Use ?? other), $"{other.Name} = {other.Value}", string.Join(" / ", other.Path)));
            }
        }
    }

    /// <summary>Where blocks for one of the other names contradict each other, 2.3 drops every connection to that name.</summary>
    private void ListConflicts(DovecotTree tree, List<Diagnostic> diagnostics)
    {
        var names = tree.Blocks.Select(b => b.Path[^1]).Where(h => h.Kind == "local_name").SelectMany(h => h.Argument.Split(' ')).Where(n => n.Length > 0).Distinct().Except(ManagedNames).ToList();
        var listed = new HashSet<(string, int)>();

        // What no block sets contradicts nothing, and there may be thousands of names to ask for.
        var inBlocks = tree.Assignments.Where(a => a.IsGlobal && a.Path.Count > 0).Select(a => a.Name).ToHashSet(StringComparer.Ordinal);
        var suspects = settings.Select(s => s.Name).Prepend("ssl").Where(inBlocks.Contains).ToList();
        foreach (var connection in from name in names from local in Locals(tree).Prepend(null) from protocol in new[] { null, "imap", "pop3" } select new DovecotConnection(name, local, null, protocol))
        {
            foreach (var setting in suspects)
            {
                if (tree.Conflict(setting, connection) is { } conflict && listed.Add(Place(conflict)))
                {
                    diagnostics.Add(DovecotDiagnostics.Conflict(At(conflict), setting, connection.LocalName!, tree.Effective(setting, connection)!.ToString()));
                }
            }
        }
    }

    private static SourceLocation At(DovecotAssignment assignment) => new(assignment.File, assignment.Line, 1);
}
