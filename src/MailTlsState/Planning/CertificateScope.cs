using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Resources;
using MailTlsState.Services;

namespace MailTlsState.Planning;

/// <summary>What a plan of <see cref="PlanScope.Certificate"/> does with the services. Pure.</summary>
internal static class CertificateScope
{
    /// <summary>True when the service's configuration names one of the manifest's pairs.</summary>
    public static bool Uses(HostObservation observed, ServiceKind service)
    {
        var own = observed.Certificates.SelectMany(Paths).ToHashSet(StringComparer.Ordinal);
        return observed.Services.GetValueOrDefault(service) is { Installed: true } seen && MailServices.Of(service).NamedPairs(seen).Any(p => own.Contains(p.Certificate) || own.Contains(p.Key));
    }

    /// <summary>What differs and is left as it is.</summary>
    public static IEnumerable<Diagnostic> Drift(IEnumerable<Change> changes) =>
        changes.Select(c => PlanDiagnostics.LeftAlone($"{c.Address} differs from the manifest ({c.Reason})"));

    /// <summary>
    /// The changes by which a service names the pairs where they will lie, when a new key gets new names: the old names are replaced
    /// where they stand, and no other byte changes.
    /// </summary>
    public static ServiceChanges Rename(HostObservation observed, ServiceKind service, IReadOnlyList<CertificateFiles> after)
    {
        var names = new List<(string Old, string New)>();
        foreach (var (place, files) in observed.Certificates.Zip(after).Where(p => p.First.Files != p.Second))
        {
            names.Add((place.Files.Chain, files.Chain));
            names.Add((place.Files.Key, files.Key));
        }

        var changes = new List<Change>();
        var diagnostics = new List<Diagnostic>();
        foreach (var file in observed.Services[service].ConfigurationFiles.Distinct().Select(observed.File))
        {
            string Edit(string text) => names.Aggregate(text, (t, n) => Replace(t, n.Old, n.New));
            var attributes = names.Distinct().Where(n => Replace(file.Text ?? "", n.Old, n.New) != file.Text).Select(n => new AttributeChange("path", n.Old, n.New)).ToList();
            if (ConfigEdit.Of(file, Edit, "settings", attributes, "the new key has a name of its own", $"reload {service.Name()}", MailServices.Of(service).AgedFile == file.Path) is not { } change)
            {
                continue;
            }

            if (ConfigEdit.Refusal(file) is { } refusal)
            {
                diagnostics.Add(refusal);
            }

            changes.Add(change);
        }

        // Files of another layout have other settings, which no renaming brings about.
        var former = observed.Certificates.SelectMany(c => c.Former).Except(after.SelectMany(a => new[] { a.Key, a.Chain })).ToHashSet(StringComparer.Ordinal);
        if (MailServices.Of(service).NamedPairs(observed.Services[service]).FirstOrDefault(p => former.Contains(p.Certificate) || former.Contains(p.Key)) is { } left)
        {
            diagnostics.Add(PlanDiagnostics.NeedsEverything($"{service.Name()} names {left.Certificate}, which the manifest's layout does not have"));
        }

        return new ServiceChanges(changes, diagnostics);
    }

    private static IEnumerable<string> Paths(CertificatePlace place) => [place.Files.Key, place.Files.Chain, .. place.Former];

    // A longer path that begins or ends with the name is another one.
    private static string Replace(string text, string old, string @new)
    {
        for (var at = text.IndexOf(old, StringComparison.Ordinal); at >= 0; at = text.IndexOf(old, at + @new.Length, StringComparison.Ordinal))
        {
            var end = at + old.Length;
            var whole = (at == 0 || !IsOfPath(text[at - 1])) && (end == text.Length || !IsOfPath(text[end]));
            if (whole)
            {
                text = string.Concat(text.AsSpan(0, at), @new, text.AsSpan(end));
            }
            else
            {
                at = end - @new.Length;
            }
        }

        return text;
    }

    private static bool IsOfPath(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or '~';
}
