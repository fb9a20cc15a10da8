using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Planning.AppArmor;

/// <summary>Finds, before an apply, the key and certificate that an enforced AppArmor profile keeps from a daemon.</summary>
internal static class AppArmorCheck
{
    /// <summary>Reads the profiles of the manifest's services. Pure where the kernel has no AppArmor.</summary>
    internal static async Task<IReadOnlyDictionary<ServiceKind, IReadOnlyList<AppArmorProfile>>> LookAsync(
        IHost host, ObservedFiles files, Manifest manifest, HostFacts facts, CancellationToken cancellation)
    {
        var found = new Dictionary<ServiceKind, IReadOnlyList<AppArmorProfile>>();
        foreach (var kind in facts.AppArmor ? manifest.Services.Select(s => s.Kind) : [])
        {
            found[kind] = await AppArmorReader.ReadAsync(host, files, MailServices.Of(kind).AppArmorNames, cancellation).ConfigureAwait(false);
        }

        return found;
    }

    /// <summary>What the profiles do not allow. Pure.</summary>
    internal static IEnumerable<Diagnostic> Judge(HostObservation observed, IReadOnlyList<CertificateFiles> pairs)
    {
        // What a link leads to is what the kernel asks about.
        var paths = pairs.SelectMany(p => new[] { p.Key, p.Chain }).Select(p => observed.Resolve(p).Path).Distinct().ToList();
        return from profile in observed.Profiles.Values.SelectMany(p => p)
               let refused = paths.Where(p => !profile.MayRead(p)).ToList()
               where refused.Count > 0
               select SeLinuxDiagnostics.AppArmorRefuses(profile.File, profile.Name, refused);
    }
}
