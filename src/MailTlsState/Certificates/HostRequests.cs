using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>A request of this host.</summary>
/// <param name="Text">The one that waits on the host, PEM; null where it is to be made from the running key.</param>
/// <param name="KeyFile">The file of its key.</param>
/// <param name="KeyDigest"><c>sha256:</c> and hex of the key's public half.</param>
public sealed record HostRequest(string? Text, string KeyFile, string KeyDigest)
{
    /// <summary>Makes the request, PEM.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="raw">The key's file; the caller overwrites it.</param>
    /// <exception cref="MailTlsException">The key is not in it any more.</exception>
    public byte[] Make(Manifest manifest, byte[] raw)
    {
        using var key = KeyPair.Import(raw, KeyDigest);
        return SigningRequest.Write(manifest.Certificate.Names, key);
    }
}

/// <summary>Finds the requests of a host: those that wait, else what its running keys give.</summary>
public static class HostRequests
{
    /// <summary>One request for each key kind of the manifest.</summary>
    /// <exception cref="MailTlsException">There is no key for one.</exception>
    public static async Task<IReadOnlyList<HostRequest>> FindAsync(IHost host, Manifest manifest, CancellationToken cancellation)
    {
        var found = new List<HostRequest>();
        foreach (var kind in manifest.Certificate.Keys)
        {
            var place = await CertificatePaths.LocateAsync(host, manifest, kind, cancellation).ConfigureAwait(false);
            var next = await host.ObserveFileAsync(CertificatePaths.NextKey(manifest, kind), cancellation).ConfigureAwait(false);
            var csr = await host.ObserveFileAsync(CertificatePaths.Request(manifest, kind), cancellation).ConfigureAwait(false);
            var running = await host.ObserveFileAsync(place.Files.Key, cancellation).ConfigureAwait(false);
            var keys = new[] { next, running }.SelectMany(f => PemFile.Parse(f.Text ?? "").Keys.Where(k => k.Key!.Kind == KeyKinds.Text(kind)).Select(k => (File: f.Path, Digest: k.Key!.PublicKeyDigest!))).ToList();
            var asked = SigningRequest.PublicKeyDigest(csr.Text, manifest.Certificate.Names);
            var key = keys.Find(k => k.Digest == asked);
            if (key == default)
            {
                (key, csr) = (keys.FirstOrDefault(), new FileObservation(csr.Path, FileKind.Absent));
            }

            found.Add(key == default ? throw new MailTlsException(ImportDiagnostics.NoKey(manifest.Certificate.Directory)) : new HostRequest(csr.Text, key.File, key.Digest));
        }

        return found;
    }
}
