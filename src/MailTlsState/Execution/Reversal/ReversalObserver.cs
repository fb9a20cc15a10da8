using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services;

namespace MailTlsState.Execution.Reversal;

/// <summary>Asks a host everything that taking one apply back needs. Changes nothing.</summary>
internal static class ReversalObserver
{
    public static async Task<HostObservation> ObserveAsync(IHost host, JournalEntry entry, CancellationToken cancellation)
    {
        var at = host.Clock.GetUtcNow();
        var files = new ObservedFiles(host);
        var looked = Paths(entry).Distinct().Select(p => files.LookAsync(p, cancellation)).ToList();
        var facts = host.ObserveHostAsync(cancellation);
        var listeners = await host.ObserveListenersAsync(cancellation).ConfigureAwait(false);
        var targets = Targets(entry, listeners);
        var probes = await Task.WhenAll(targets.Select(t => host.ProbeAsync(Question(entry, t), cancellation))).ConfigureAwait(false);
        var services = new Dictionary<ServiceKind, ServiceObservation>();
        foreach (var kind in Services(entry))
        {
            var running = await MailServices.Of(kind).IsRunningAsync(host, cancellation).ConfigureAwait(false);
            services[kind] = new ServiceObservation(kind, Installed: true, "", running, null, [], new Dictionary<string, string>());
        }

        await Task.WhenAll([facts, .. looked]).ConfigureAwait(false);
        return new HostObservation(
            at,
            await facts.ConfigureAwait(false),
            await files.AllAsync().ConfigureAwait(false),
            listeners,
            services,
            [.. targets.Zip(probes, (t, p) => new ServedEndpoint(t.Service, t.Endpoint, p))],
            [])
        {
            Labels = (await facts.ConfigureAwait(false)).SeLinux ? await LabelsAsync(host, files, entry, cancellation).ConfigureAwait(false) : new Dictionary<string, LabelObservation>(),
        };
    }

    private static async Task<Dictionary<string, LabelObservation>> LabelsAsync(IHost host, ObservedFiles files, JournalEntry entry, CancellationToken cancellation)
    {
        var labels = new Dictionary<string, LabelObservation>(StringComparer.Ordinal);
        foreach (var path in entry.Steps.OfType<SetLabelStep>().Select(s => s.Path))
        {
            var directory = (await files.LookAsync(path, cancellation).ConfigureAwait(false)).Kind == FileKind.Directory;
            labels[path] = await host.ObserveLabelAsync(new LabelQuestion(path, directory, [], ManifestSchema.UsualLabelType), cancellation).ConfigureAwait(false);
        }

        return labels;
    }

    private static Probing.ProbeRequest Question(JournalEntry entry, EndpointTarget target)
    {
        var before = entry.Before.FirstOrDefault(b => b.Service == target.Service && b.Port == target.Port);
        var question = target.Question(entry.Host, [], ServedLeaves.Families(before?.Leaf));
        return before is null ? question : question with { Implicit = before.Implicit };
    }

    private static IEnumerable<ServiceKind> Services(JournalEntry entry) => entry.Activations.Select(a => a.Service).Concat(entry.Before.Select(b => b.Service)).Distinct().Order();

    private static IEnumerable<string> Paths(JournalEntry entry)
    {
        var record = entry.Record!;
        return record.Edits.Select(e => e.Path)
            .Concat(record.Pairs.SelectMany(p => p.BeforeFiles.Concat(p.AfterFiles).Select(f => f.Path).Append(p.Previous)))
            .Concat(record.Changes.Where(c => c.Kind == HostTrustReversal.Kind).Select(c => c.Name))
            .Concat(entry.Steps.Where(s => s is SetAttributesStep or SetLabelStep or CreateDirectoryStep or RemoveDirectoryStep).Select(s => s.Path))
            .Concat(entry.Steps.OfType<LabelRuleStep>().Select(s => s.Rules));
    }

    /// <summary>Every listener of the services whose endpoint is known: from that time, from the manifest, or by its port.</summary>
    private static IReadOnlyList<EndpointTarget> Targets(JournalEntry entry, IReadOnlyList<Listener> listeners)
    {
        var targets = new List<EndpointTarget>();
        foreach (var listener in listeners)
        {
            if (ServiceOwners.OwnerOf(listener) is not { } service || !Services(entry).Contains(service) || Kind(entry, service, listener.Port) is not { } kind)
            {
                continue;
            }

            var target = new EndpointTarget(service, kind, EndpointTarget.Reachable(listener.Address), listener.Port, null, true);
            if (!targets.Contains(target))
            {
                targets.Add(target);
            }
        }

        return [.. targets.OrderBy(t => t.Service).ThenBy(t => t.Endpoint).ThenBy(t => t.Address, StringComparer.Ordinal)];
    }

    private static EndpointKind? Kind(JournalEntry entry, ServiceKind service, int port) =>
        entry.Before.FirstOrDefault(b => b.Service == service && b.Port == port)?.Endpoint
        ?? entry.Record!.Endpoints.FirstOrDefault(e => e.Service == service && e.Port == port)?.Kind
        ?? Enum.GetValues<EndpointKind>().Where(k => k.DefaultPort() == port).Select(k => (EndpointKind?)k).FirstOrDefault();
}
