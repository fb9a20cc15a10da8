using MailTlsState.Manifests;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Makes the root where it is missing, keys, and leaves that the root signs.</summary>
/// <param name="Ca">The CA that signs.</param>
/// <param name="Names">The names of every leaf.</param>
/// <param name="CreateRoot">True when the root CA is made as well.</param>
/// <param name="BeforeDigests">See <see cref="MakeCertificates"/>.</param>
/// <param name="Pairs">See <see cref="MakeCertificates"/>.</param>
internal sealed record IssueCertificates(
    PrivateCaManifest Ca, IReadOnlyList<string> Names, bool CreateRoot, IReadOnlyDictionary<string, string?> BeforeDigests, IReadOnlyList<MadePair> Pairs)
    : MakeCertificates(BeforeDigests, Pairs)
{
    public override CertificateMaterial Make(CertificateInputs inputs)
    {
        var files = new List<KeyValuePair<string, byte[]>>();
        var leaves = new List<byte[]>();
        using var root = Pairs.Any(p => p.CreateLeaf) ? OpenOrCreateRoot(inputs, files) : null;
        foreach (var pair in Pairs)
        {
            using var key = pair.CreateKey ? KeyPair.Generate(pair.Kind) : inputs.ReadKey(pair.Files.Key, raw => KeyPair.Import(raw));
            var leaf = pair.CreateLeaf ? PrivateCaIssuer.IssueLeaf(root!, Names, key, Ca.LeafLifetime, inputs.Now) : pair.Leaf!;
            leaves.Add(leaf);
            files.AddRange(BundleWriter.Files(pair, key, leaf, []));
        }

        return new CertificateMaterial(files, leaves, CreateRoot ? root?.Certificate : null);
    }

    private RootAuthority OpenOrCreateRoot(CertificateInputs inputs, List<KeyValuePair<string, byte[]>> files)
    {
        var passphrase = inputs.Secret(Ca.Passphrase with { IsNew = CreateRoot });
        var (keyPath, certificatePath) = (CertificatePaths.RootKey(Ca), CertificatePaths.Root(Ca));
        if (!CreateRoot)
        {
            return inputs.ReadKey(keyPath, raw => PrivateCaIssuer.OpenRoot(raw, inputs.Read(certificatePath), passphrase));
        }

        var made = PrivateCaIssuer.CreateRoot(Ca, inputs.Now, passphrase);
        files.Add(new(keyPath, made.EncryptedKeyPem));
        files.Add(new(certificatePath, made.CertificatePem));
        return made.Root;
    }
}
