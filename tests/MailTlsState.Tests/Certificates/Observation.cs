using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Tests.Certificates;

/// <summary>A host that has certificate files and nothing else, as an issuer observes it.</summary>
internal static class Observation
{
    public static HostObservation Of(Manifest manifest, IReadOnlyDictionary<string, byte[]> files, IReadOnlyDictionary<string, string>? links = null)
    {
        var host = new InMemoryHost();
        if (files.Keys.Any(p => p.StartsWith(manifest.Certificate.Directory + "/", StringComparison.Ordinal)))
        {
            host.AddDirectory(manifest.Certificate.Directory, mode: 0x1C0);
        }

        foreach (var (path, content) in files)
        {
            host.AddFile(path, Encoding.Latin1.GetString(content), mode: 0x180);
        }

        foreach (var (path, target) in links ?? new Dictionary<string, string>())
        {
            host.AddLink(path, target);
        }

        return Of(host, manifest);
    }

    public static HostObservation Of(InMemoryHost host, Manifest manifest)
    {
        var seen = new ObservedFiles(host);
        var places = CertificateIssuers.Of(manifest).ObserveAsync(host, seen, manifest, CancellationToken.None).GetAwaiter().GetResult();
        return new HostObservation(Sample.Now, new HostFacts("mail", 0, false, false), seen.AllAsync().GetAwaiter().GetResult(), [], new Dictionary<ServiceKind, ServiceObservation>(), [], []) { Certificates = places };
    }
}
