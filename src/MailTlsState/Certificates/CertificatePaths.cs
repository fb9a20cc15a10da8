using System.Globalization;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Policies;

namespace MailTlsState.Certificates;

/// <summary>Where key and chain lie.</summary>
/// <param name="Key">File with the private key.</param>
/// <param name="Chain">File with leaf and chain; the same file in the bundle layout.</param>
public sealed record CertificateFiles(string Key, string Chain)
{
    /// <summary>True when one file holds key and chain.</summary>
    public bool IsBundle => Key == Chain;

    /// <summary>The key's algorithm, or null where it is not known.</summary>
    public KeyFamily? Family { get; init; }

    /// <summary>True when MailTlsState writes the files; what others write may have the key behind its certificate.</summary>
    public bool IsOwn { get; init; } = true;
}

/// <summary>Where the files of one of a manifest's certificates are to be looked for.</summary>
/// <param name="Files">Where key and chain lie now, or would.</param>
/// <param name="Generation">See <see cref="CertificatePaths"/>; 1 for files that another tool keeps.</param>
/// <param name="Former">Paths of key and chain that other generations or the other layout left in the directory, in ordinal order; they go with the next certificate.</param>
public sealed record CertificatePlace(CertificateFiles Files, int Generation, IReadOnlyList<string> Former);

/// <summary>
/// Where the files of a manifest's certificate lie. In the split layout a new key never takes the place of the old one, because
/// two files cannot change at once and a daemon would see a key that does not match: it goes into the next generation of names
/// (<c>HOST.2.key</c>, <c>HOST.2.pem</c>), which one rename of the configuration puts into use. So does a bundle where the split
/// layout is in use (<c>HOST.2.pem</c>): in the place of the old chain it would be read together with the old key.
/// </summary>
public static class CertificatePaths
{
    /// <summary>Key and chain of one of the host's certificates: <c>HOST.pem</c>, or split <c>HOST.key</c> and <c>HOST.pem</c>; of a second kind <c>HOST.rsa.pem</c> or <c>HOST.ecdsa.pem</c>.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="kind">Which of its key kinds.</param>
    /// <param name="generation">1 for the plain names.</param>
    public static CertificateFiles Of(Manifest manifest, KeyKind kind, int generation)
    {
        var c = manifest.Certificate;
        var stem = $"{c.Directory}/{Stem(Name(manifest, kind), generation)}";
        return new CertificateFiles(c.Layout == CertificateLayout.Bundle ? stem + ".pem" : stem + ".key", stem + ".pem") { Family = KeyKinds.Family(kind) };
    }

    /// <summary>The kinds of key under whose names a second certificate would lie that the manifest does not ask for.</summary>
    public static IEnumerable<KeyFamily> Unnamed(Manifest manifest) =>
        Enum.GetValues<KeyFamily>().Where(f => manifest.Certificate.Keys.Skip(1).All(k => KeyKinds.Family(k) != f));

    /// <summary>As <see cref="Previous(Manifest, KeyKind)"/>, of a second certificate that the manifest does not ask for.</summary>
    public static string Previous(Manifest manifest, KeyFamily family) => $"{manifest.Certificate.Directory}/.{Name(manifest, family)}.previous.pem";

    /// <summary>Looks for a second certificate that the manifest does not ask for.</summary>
    /// <returns>Its newest files and the older ones, or null when there is none.</returns>
    public static async Task<CertificatePlace?> LocateUnnamedAsync(IHost host, Manifest manifest, KeyFamily family, CancellationToken cancellation)
    {
        var directory = manifest.Certificate.Directory;
        var names = await host.ListDirectoryAsync(directory, cancellation).ConfigureAwait(false);
        var name = Name(manifest, family);
        var keys = Generations(names, name, ".key");
        var chains = Generations(names, name, ".pem");
        if (chains.Count == 0)
        {
            return null;
        }

        var newest = chains.Max();
        var chain = $"{directory}/{Stem(name, newest)}.pem";
        var now = new CertificateFiles(keys.Contains(newest) ? $"{directory}/{Stem(name, newest)}.key" : chain, chain) { Family = family };
        return new CertificatePlace(now, newest, Former(directory, name, keys, chains, now));
    }

    /// <summary>The one pair that was in use before the present one: key, leaf and chain in one file.</summary>
    public static string Previous(Manifest manifest, KeyKind kind) => $"{manifest.Certificate.Directory}/.{Name(manifest, kind)}.previous.pem";

    /// <summary>A key that is made for a certificate yet to come.</summary>
    public static string NextKey(Manifest manifest, KeyKind kind) => $"{manifest.Certificate.Directory}/{Name(manifest, kind)}.next.key";

    /// <summary>The request for a certificate yet to come (PKCS#10, PEM).</summary>
    public static string Request(Manifest manifest, KeyKind kind) => $"{manifest.Certificate.Directory}/{Name(manifest, kind)}.csr";

    /// <summary>Looks for the generation on disk. Split: the highest whose key exists. Bundle: the plain name where it holds a key, else the highest chain without a key file beside it, else the first unused one.</summary>
    public static async Task<CertificatePlace> LocateAsync(IHost host, Manifest manifest, KeyKind kind, CancellationToken cancellation)
    {
        var name = Name(manifest, kind);
        var directory = manifest.Certificate.Directory;
        var bundle = manifest.Certificate.Layout == CertificateLayout.Bundle;
        if (bundle && await IsPlainBundleAsync(host, manifest, kind, cancellation).ConfigureAwait(false))
        {
            return new CertificatePlace(Of(manifest, kind, 1), 1, []);
        }

        var names = await host.ListDirectoryAsync(directory, cancellation).ConfigureAwait(false);
        var keys = Generations(names, name, ".key");
        var chains = Generations(names, name, ".pem");
        var newest = keys.Concat(chains).Append(0).Max();
        var generation = !bundle ? keys.Append(1).Max() : keys.Contains(newest) ? newest + 1 : Math.Max(newest, 1);
        var now = Of(manifest, kind, generation);
        return new CertificatePlace(now, generation, Former(directory, name, keys, chains, now));
    }

    /// <summary>The private CA's key, encrypted.</summary>
    public static string RootKey(PrivateCaManifest ca) => ca.Directory + "/ca.key";

    /// <summary>The private CA's certificate.</summary>
    public static string Root(PrivateCaManifest ca) => ca.Directory + "/ca.pem";

    /// <summary>The directories and all their parents, outermost first.</summary>
    public static IReadOnlyList<string> WithParents(IEnumerable<string> directories) => [.. directories.SelectMany(WithParents).Distinct()];

    // A directory that is not there cannot be listed, and needs not be.
    private static async Task<bool> IsPlainBundleAsync(IHost host, Manifest manifest, KeyKind kind, CancellationToken cancellation)
    {
        var file = await host.ObserveFileAsync(Of(manifest, kind, 1).Chain, cancellation).ConfigureAwait(false);
        return file.Kind == FileKind.Absent
            ? (await host.ObserveFileAsync(manifest.Certificate.Directory, cancellation).ConfigureAwait(false)).Kind == FileKind.Absent
            : file.Kind != FileKind.Regular || file.Text is null || PemFile.Parse(file.Text).Keys.Any();
    }

    // A daemon takes at most one certificate of each algorithm, so that is name enough. The first keeps the plain name: a second one
    // that is named later, or no more, leaves it alone.
    private static string Name(Manifest manifest, KeyKind kind) =>
        kind == manifest.Certificate.Keys[0] ? manifest.Host : Name(manifest, KeyKinds.Family(kind));

    private static string Name(Manifest manifest, KeyFamily family) => $"{manifest.Host}.{KeyKinds.Text(family)}";

    private static string Stem(string name, int generation) =>
        generation == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}.{generation}");

    // What other generations or the other layout left.
    private static IReadOnlyList<string> Former(string directory, string name, IEnumerable<int> keys, IEnumerable<int> chains, CertificateFiles now) =>
        [.. keys.Select(g => Stem(name, g) + ".key").Concat(chains.Select(g => Stem(name, g) + ".pem")).Select(n => $"{directory}/{n}").Except([now.Key, now.Chain]).Order(StringComparer.Ordinal)];

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
