using System.Globalization;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>Where key and chain lie.</summary>
/// <param name="Key">File with the private key.</param>
/// <param name="Chain">File with leaf and chain; the same file in the bundle layout.</param>
public sealed record CertificateFiles(string Key, string Chain)
{
    /// <summary>True when one file holds key and chain.</summary>
    public bool IsBundle => Key == Chain;
}

/// <summary>Where the files of a manifest's certificate are to be looked for.</summary>
/// <param name="Generation">See <see cref="CertificatePaths"/>.</param>
/// <param name="Former">Paths of key and chain that other generations or the other layout left in the directory, in ordinal order.</param>
public sealed record CertificatePlace(int Generation, IReadOnlyList<string> Former);

/// <summary>
/// Where the files of a manifest's certificate lie. In the split layout a new key never takes the place of the old one, because
/// two files cannot change at once and a daemon would see a key that does not match: it goes into the next generation of names
/// (<c>HOST.2.key</c>, <c>HOST.2.pem</c>), which one rename of the configuration puts into use. So does a bundle where the split
/// layout is in use (<c>HOST.2.pem</c>): in the place of the old chain it would be read together with the old key.
/// </summary>
public static class CertificatePaths
{
    /// <summary>Key and chain of the host's certificate: <c>HOST.pem</c>, or split <c>HOST.key</c> and <c>HOST.pem</c>.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="generation">1 for the plain names.</param>
    public static CertificateFiles Of(Manifest manifest, int generation)
    {
        var c = manifest.Certificate;
        var stem = $"{c.Directory}/{Stem(manifest, generation)}";
        return c.Layout == CertificateLayout.Bundle ? new CertificateFiles(stem + ".pem", stem + ".pem") : new CertificateFiles(stem + ".key", stem + ".pem");
    }

    /// <summary>The one pair that was in use before the present one: key, leaf and chain in one file.</summary>
    public static string Previous(Manifest manifest) => $"{manifest.Certificate.Directory}/.{manifest.Host}.previous.pem";

    /// <summary>Looks for the generation on disk. Split: the highest whose key exists. Bundle: the plain name where it holds a key, else the highest chain without a key file beside it, else the first unused one.</summary>
    public static async Task<CertificatePlace> LocateAsync(IHost host, Manifest manifest, CancellationToken cancellation)
    {
        var directory = manifest.Certificate.Directory;
        var bundle = manifest.Certificate.Layout == CertificateLayout.Bundle;
        if (bundle && await IsPlainBundleAsync(host, manifest, cancellation).ConfigureAwait(false))
        {
            return new CertificatePlace(1, []);
        }

        var names = await host.ListDirectoryAsync(directory, cancellation).ConfigureAwait(false);
        var keys = Generations(names, manifest.Host, ".key");
        var chains = Generations(names, manifest.Host, ".pem");
        var newest = keys.Concat(chains).Append(0).Max();
        var generation = !bundle ? keys.Append(1).Max() : keys.Contains(newest) ? newest + 1 : Math.Max(newest, 1);
        var now = Of(manifest, generation);
        var all = keys.Select(g => Stem(manifest, g) + ".key").Concat(chains.Select(g => Stem(manifest, g) + ".pem"));
        return new CertificatePlace(generation, [.. all.Select(n => $"{directory}/{n}").Except([now.Key, now.Chain]).Order(StringComparer.Ordinal)]);
    }

    /// <summary>The private CA's key, encrypted.</summary>
    public static string RootKey(PrivateCaManifest ca) => ca.Directory + "/ca.key";

    /// <summary>The private CA's certificate.</summary>
    public static string Root(PrivateCaManifest ca) => ca.Directory + "/ca.pem";

    /// <summary>Directories that have to exist, each with all its parents, outermost first.</summary>
    public static IReadOnlyList<string> Directories(Manifest manifest)
    {
        var wanted = new List<string> { manifest.Certificate.Directory };
        if (manifest.Certificate.Issuer is PrivateCaManifest ca)
        {
            wanted.Add(ca.Directory);
        }

        return [.. wanted.SelectMany(WithParents).Distinct()];
    }

    /// <summary>Every path that has to be looked at.</summary>
    public static IReadOnlyList<string> Observed(Manifest manifest, int generation)
    {
        var files = Of(manifest, generation);
        var paths = new List<string>(Directories(manifest)) { files.Chain, files.Key };
        if (manifest.Certificate.Issuer is PrivateCaManifest ca)
        {
            paths.Add(RootKey(ca));
            paths.Add(Root(ca));
        }

        return [.. paths.Distinct()];
    }

    // A directory that is not there cannot be listed, and needs not be.
    private static async Task<bool> IsPlainBundleAsync(IHost host, Manifest manifest, CancellationToken cancellation)
    {
        var file = await host.ObserveFileAsync(Of(manifest, 1).Chain, cancellation).ConfigureAwait(false);
        return file.Kind == FileKind.Absent
            ? (await host.ObserveFileAsync(manifest.Certificate.Directory, cancellation).ConfigureAwait(false)).Kind == FileKind.Absent
            : file.Kind != FileKind.Regular || file.Text is null || PemFile.Parse(file.Text).Keys.Any();
    }

    private static string Stem(Manifest manifest, int generation) =>
        generation == 1 ? manifest.Host : string.Create(CultureInfo.InvariantCulture, $"{manifest.Host}.{generation}");

    private static List<int> Generations(IReadOnlyList<string> names, string host, string end)
    {
        var found = new List<int>();
        foreach (var name in names.Where(n => n.StartsWith(host + ".", StringComparison.Ordinal) && n.EndsWith(end, StringComparison.Ordinal)))
        {
            if (name == host + end)
            {
                found.Add(1);
            }
            else if (name.Length > host.Length + 1 + end.Length
                && int.TryParse(name.AsSpan(host.Length + 1, name.Length - host.Length - 1 - end.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var g) && g > 1)
            {
                found.Add(g);
            }
        }

        return found;
    }

    private static IEnumerable<string> WithParents(string directory)
    {
        for (var end = directory.IndexOf('/', 1); end > 0; end = directory.IndexOf('/', end + 1))
        {
            yield return directory[..end];
        }

        yield return directory;
    }
}
