using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Planning.SeLinux;

/// <summary>Asks a host with SELinux about the labels of all that a plan may make, keep or name.</summary>
internal static class LabelQuestions
{
    /// <summary>True where labels are this program's affair.</summary>
    public static bool Apply(Manifest manifest, HostFacts host) => host.SeLinux && manifest.SeLinux != SeLinuxMode.Ignore;

    /// <summary>Asks, and puts the answers beside what was observed. Pure where there is no SELinux.</summary>
    public static async Task<HostObservation> LookAsync(IHost host, Manifest manifest, HostObservation observed, CancellationToken cancellation)
    {
        if (!Apply(manifest, observed.Host))
        {
            return observed;
        }

        var labels = new Dictionary<string, LabelObservation>(StringComparer.Ordinal);
        foreach (var question in For(manifest, observed))
        {
            labels[question.Path] = await host.ObserveLabelAsync(question, cancellation).ConfigureAwait(false);
        }

        return observed with { Labels = labels, PortLabels = await PortCheck.LookAsync(host, manifest, observed, cancellation).ConfigureAwait(false) };
    }

    private static IEnumerable<LabelQuestion> For(Manifest manifest, HostObservation observed)
    {
        var type = manifest.Certificate.LabelType ?? ManifestSchema.UsualLabelType;
        IReadOnlyList<string> readers = [.. manifest.Services.SelectMany(s => MailServices.Of(s.Kind).SeLinuxDomains).Distinct()];
        var own = CertificateIssuers.Of(manifest).Directories(manifest).Keys.ToList();
        var pairs = manifest.Certificate.Directory;
        var directories = CertificatePaths.WithParents(own).Where(d => observed.File(d).Kind is FileKind.Absent or FileKind.Directory).ToList();
        foreach (var directory in directories)
        {
            yield return new LabelQuestion(directory, true, IsAbove(directory, pairs) ? readers : [], type);
        }

        var files = observed.Files.Keys.Where(f => own.Exists(d => IsAbove(d, f))).Concat(own.Contains(pairs) ? Names(manifest, observed) : []);
        foreach (var file in files.Distinct().Except(directories).Where(f => observed.File(f).Kind is FileKind.Absent or FileKind.Regular))
        {
            // The CA's own files are for nobody but root.
            yield return new LabelQuestion(file, false, file[..file.LastIndexOf('/')] == pairs ? readers : [], type);
        }

        // What a daemon is configured by it has to read as well; files that were moved there from elsewhere keep the label of that place.
        foreach (var service in manifest.Services.Select(s => MailServices.Of(s.Kind)))
        {
            foreach (var file in observed.Files.Values.Where(f => f.Kind == FileKind.Regular && IsAbove(service.ConfigurationDirectory, f.Path) && !own.Exists(d => IsAbove(d, f.Path))))
            {
                yield return new LabelQuestion(file.Path, false, service.SeLinuxDomains, type);
            }
        }

        var foreign = observed.Certificates.Where(p => !p.Files.IsOwn).SelectMany(p => new[] { p.Files.Key, p.Files.Chain }).Select(observed.Resolve);
        foreach (var file in foreign.Where(f => f.Kind == FileKind.Regular).Select(f => f.Path).Distinct())
        {
            yield return new LabelQuestion(file, false, readers, type);
        }
    }

    // What may be made and was not looked at, since nothing is there yet.
    private static IEnumerable<string> Names(Manifest manifest, HostObservation observed) => manifest.Certificate.Keys.SelectMany((kind, i) =>
    {
        var next = CertificatePaths.Of(manifest, kind, (observed.Certificates.ElementAtOrDefault(i)?.Generation ?? 0) + 1);
        return new[] { next.Key, next.Chain, CertificatePaths.Previous(manifest, kind), CertificatePaths.NextKey(manifest, kind), CertificatePaths.Request(manifest, kind) };
    });

    /// <summary>True for a directory and what is below it.</summary>
    internal static bool IsAbove(string directory, string path) => path == directory || path.StartsWith(directory == "/" ? "/" : directory + "/", StringComparison.Ordinal);
}
