using MailTlsState.Certificates.Import;

namespace MailTlsState.Certificates.Purchased;

/// <summary>Puts imported certificates into place with the keys that belong to them.</summary>
/// <param name="Installed">What is put into place.</param>
/// <param name="BeforeDigests">See <see cref="MakeCertificates"/>.</param>
internal sealed record InstallCertificates(IReadOnlyList<InstalledPair> Installed, IReadOnlyDictionary<string, string?> BeforeDigests)
    : MakeCertificates(BeforeDigests, [.. Installed.Select(i => i.Pair)])
{
    public override CertificateMaterial Make(CertificateInputs inputs)
    {
        var files = new List<KeyValuePair<string, byte[]>>();
        foreach (var one in Installed)
        {
            if (one.Key.File is not { } file)
            {
                files.AddRange(BundleWriter.Files(one.Pair, one.Key.Imported!, one.Leaf, one.Intermediates));
                continue;
            }

            using var key = inputs.ReadKey(file, raw => KeyPair.Import(raw, one.Key.Digest));
            files.AddRange(BundleWriter.Files(one.Pair, key, one.Leaf, one.Intermediates));
        }

        return new CertificateMaterial(files, [.. Installed.Select(i => i.Leaf)], null);
    }
}

/// <summary>One pair.</summary>
/// <param name="Pair">Where it goes.</param>
/// <param name="Key">Its key.</param>
/// <param name="Leaf">DER of the server's certificate.</param>
/// <param name="Intermediates">DER of the intermediates, the leaf's issuer first.</param>
internal sealed record InstalledPair(MadePair Pair, HostKey Key, byte[] Leaf, IReadOnlyList<byte[]> Intermediates);

/// <summary>A key that a certificate may be for.</summary>
/// <param name="Digest"><c>sha256:</c> and hex of its public half.</param>
/// <param name="Kind">Its kind in the manifest's words.</param>
/// <param name="File">The file on the host that holds it, or null.</param>
/// <param name="Imported">The key, where it came with the certificate; whoever read the files closes it.</param>
internal sealed record HostKey(string Digest, string Kind, string? File, KeyPair? Imported);
