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

/// <summary>
/// Where the files of a manifest's certificate lie. In the split layout a new key never takes the place of the old one, because
/// two files cannot change at once and a daemon would see a key that does not match: it goes into the next generation of names
/// (<c>HOST.2.key</c>, <c>HOST.2.pem</c>), which one rename of the configuration puts into use.
/// </summary>
public static class CertificatePaths
{
    /// <summary>Key and chain of the host's certificate: <c>HOST.pem</c>, or split <c>HOST.key</c> and <c>HOST.pem</c>.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="generation">1 for the plain names; the bundle layout has no other.</param>
    public static CertificateFiles Of(Manifest manifest, int generation)
    {
        var c = manifest.Certificate;
        if (c.Layout == CertificateLayout.Bundle)
        {
            return new CertificateFiles($"{c.Directory}/{manifest.Host}.pem", $"{c.Directory}/{manifest.Host}.pem");
        }

        var stem = $"{c.Directory}/{manifest.Host}{(generation == 1 ? "" : $".{generation}")}";
        return new CertificateFiles(stem + ".key", stem + ".pem");
    }

    /// <summary>The generation on disk: the highest whose key exists.</summary>
    public static async Task<int> GenerationAsync(IHost host, Manifest manifest, CancellationToken cancellation)
    {
        if (manifest.Certificate.Layout == CertificateLayout.Bundle)
        {
            return 1;
        }

        var names = await host.ListDirectoryAsync(manifest.Certificate.Directory, cancellation).ConfigureAwait(false);
        var prefix = manifest.Host + ".";
        return names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal) && n.EndsWith(".key", StringComparison.Ordinal) && n.Length > prefix.Length + ".key".Length - 1)
            .Select(n => int.TryParse(n.AsSpan(prefix.Length, Math.Max(0, n.Length - prefix.Length - ".key".Length)), NumberStyles.None, CultureInfo.InvariantCulture, out var g) ? g : 1)
            .Append(1).Max();
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

    private static IEnumerable<string> WithParents(string directory)
    {
        for (var end = directory.IndexOf('/', 1); end > 0; end = directory.IndexOf('/', end + 1))
        {
            yield return directory[..end];
        }

        yield return directory;
    }
}
