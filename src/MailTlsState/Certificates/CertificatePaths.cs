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

/// <summary>Where the files of a manifest's certificate lie.</summary>
public static class CertificatePaths
{
    /// <summary>Key and chain of the host's certificate: <c>HOST.pem</c>, or split <c>HOST.key</c> and <c>HOST.pem</c>.</summary>
    public static CertificateFiles Of(Manifest manifest)
    {
        var c = manifest.Certificate;
        var chain = $"{c.Directory}/{manifest.Host}.pem";
        return new CertificateFiles(c.Layout == CertificateLayout.Bundle ? chain : $"{c.Directory}/{manifest.Host}.key", chain);
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
    public static IReadOnlyList<string> Observed(Manifest manifest)
    {
        var files = Of(manifest);
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
