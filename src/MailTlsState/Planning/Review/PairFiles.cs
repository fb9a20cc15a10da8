using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Planning.Review;

/// <summary>A certificate's file and its key's, as a server names them; the same path for a bundle.</summary>
/// <param name="Certificate">Absolute path.</param>
/// <param name="Key">Absolute path.</param>
public sealed record NamedPair(string Certificate, string Key)
{
    /// <summary>True for a file of a list that is read as one text, in which each key stands before its certificates: the two may be in different files.</summary>
    public bool IsListed { get; init; }
}

/// <summary>The files of keys and certificates that the servers name now, whoever wrote them.</summary>
internal static class PairFiles
{
    /// <summary>Directories that programs of all kinds need, by the distributions' own layout.</summary>
    public static IReadOnlyList<string> Shared { get; } =
        ["/etc/pki", "/etc/pki/tls", "/etc/pki/tls/certs", "/etc/pki/ca-trust", "/etc/ssl", "/etc/ssl/certs", "/etc/ca-certificates"];

    private const int MostNeighbours = 40;

    /// <summary>Looks at the files, at the shared directories above them and, where a leaf's CA is not at hand, at the files beside it.</summary>
    public static async Task LookAsync(IHost host, ObservedFiles files, IEnumerable<ServiceObservation> services, CancellationToken cancellation)
    {
        foreach (var pair in services.SelectMany(s => MailServices.Of(s.Kind).NamedPairs(s)).Distinct().ToList())
        {
            var certificate = await files.ResolveAsync(pair.Certificate, cancellation).ConfigureAwait(false);
            var key = await files.ResolveAsync(pair.Key, cancellation).ConfigureAwait(false);
            foreach (var directory in Shared.Where(d => Near(certificate.Path, d) || Near(key.Path, d)))
            {
                await files.LookAsync(directory, cancellation).ConfigureAwait(false);
            }

            await LookForAuthorityAsync(host, files, pair.Certificate, certificate, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Every certificate of a CA among the observed files: path, place in it and facts.</summary>
    private static IEnumerable<(string Path, PemBlock Block)> Authorities(HostObservation observed) =>
        from file in observed.Files.Values
        where file.Text?.Contains("-----BEGIN CERTIFICATE", StringComparison.Ordinal) == true
        from block in PemFile.Parse(file.Text!).Certificates
        where block.Facts!.IsSelfIssued || block.Facts.IsAuthority
        select (file.Path, block);

    /// <summary>The pairs that a service names, each once; what is in the files of a list tells which of them belong together.</summary>
    public static IEnumerable<NamedPair> Of(HostObservation observed, ServiceObservation service)
    {
        string? key = null;
        foreach (var pair in MailServices.Of(service.Kind).NamedPairs(service).Distinct())
        {
            var blocks = pair.IsListed ? PemFile.Parse(observed.Resolve(pair.Certificate).Text ?? "").Blocks : [];
            var (hasKey, hasCertificate) = (blocks.Any(b => PrivateKeyPem.IsPrivateKey(b.Label)), blocks.Any(b => b.Label == PemFile.CertificateLabel));
            if (hasKey && !hasCertificate)
            {
                key = pair.Key;
            }
            else if (hasCertificate && !hasKey)
            {
                // Without a key to come to, it is the rest of the chain before it.
                if (key is not null)
                {
                    yield return new NamedPair(pair.Certificate, key);
                }

                key = null;
            }
            else
            {
                yield return pair with { IsListed = false };
            }
        }

        if (key is not null)
        {
            yield return new NamedPair(key, key);
        }
    }

    /// <summary>The certificates in a file, links followed; none where it was not looked at.</summary>
    public static IEnumerable<PemBlock> CertificatesIn(HostObservation observed, string path) => observed.Resolve(path).Text is { } text ? PemFile.Parse(text).Certificates : [];

    /// <summary>Every certificate among the observed files that is its own issuer: the one kind that clients trust by itself.</summary>
    public static IEnumerable<(string Path, PemBlock Block)> Roots(HostObservation observed) => Authorities(observed).Where(a => a.Block.Facts!.IsSelfIssued);

    /// <summary>Those of them that signed <paramref name="leaf"/>.</summary>
    public static IEnumerable<(string Path, PemBlock Block)> IssuersOf(HostObservation observed, PemBlock leaf) => Authorities(observed)
        .Where(a => a.Block.Facts!.Subject == leaf.Facts!.Issuer && a.Block.Facts.Fingerprint != leaf.Facts.Fingerprint && LeafProfile.IsSignedBy(leaf.Der!, a.Block.Der!));

    private static async Task LookForAuthorityAsync(IHost host, ObservedFiles files, string named, FileObservation certificate, CancellationToken cancellation)
    {
        if (certificate.Text is null || PemFile.Parse(certificate.Text).Certificates.FirstOrDefault()?.Facts is not { IsSelfIssued: false } leaf)
        {
            return;
        }

        var known = await files.AllAsync().ConfigureAwait(false);
        if (known.Values.Any(f => f.Text?.Contains("-----BEGIN CERTIFICATE", StringComparison.Ordinal) == true && PemFile.Parse(f.Text).Certificates.Any(c => c.Facts!.Subject == leaf.Issuer)))
        {
            return;
        }

        // Where a hand-made CA is left: beside the certificate, or in the folder in which openssl was called.
        foreach (var directory in new[] { named[..named.LastIndexOf('/')], certificate.Path[..certificate.Path.LastIndexOf('/')], "/root", "/root/ca", "/etc/pki/CA" }.Distinct())
        {
            var names = await host.ListDirectoryAsync(directory, cancellation).ConfigureAwait(false);
            foreach (var name in names.Where(n => n.EndsWith(".pem", StringComparison.Ordinal) || n.EndsWith(".crt", StringComparison.Ordinal)).Take(MostNeighbours))
            {
                await files.ResolveAsync($"{directory}/{name}", cancellation).ConfigureAwait(false);
            }

            foreach (var name in names.Where(n => n == "ca.key"))
            {
                await files.LookAsync($"{directory}/{name}", cancellation).ConfigureAwait(false);
            }
        }
    }

    // /etc/pki/tls stays of interest when certificate and key have moved on to /etc/pki/mailtls: what was done to it is still done.
    private static bool Near(string path, string directory) => Below(path, directory) || (Below(path, "/etc/pki") && Below(directory, "/etc/pki"));

    /// <summary>True when <paramref name="path"/> lies below <paramref name="directory"/>.</summary>
    public static bool Below(string path, string directory) => path.StartsWith(directory + "/", StringComparison.Ordinal);
}
