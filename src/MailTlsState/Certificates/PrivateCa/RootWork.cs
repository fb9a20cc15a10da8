using MailTlsState.Manifests;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Makes a root, and nothing that it signs.</summary>
/// <param name="Ca">The CA.</param>
/// <param name="BeforeDigests">See <see cref="MakeCertificates"/>.</param>
public sealed record CreateRoot(PrivateCaManifest Ca, IReadOnlyDictionary<string, string?> BeforeDigests) : MakeCertificates(BeforeDigests, [])
{
    /// <inheritdoc/>
    public override CertificateMaterial Make(CertificateInputs inputs)
    {
        using var made = PrivateCaIssuer.CreateRoot(Ca, inputs.Now, inputs.Secret(Ca.Passphrase with { IsNew = true }));
        return new CertificateMaterial([new(CertificatePaths.RootKey(Ca), made.EncryptedKeyPem), new(CertificatePaths.Root(Ca), made.CertificatePem)], [], null);
    }
}

/// <summary>Makes the root that is to follow the present one. Nothing is served by it yet.</summary>
/// <param name="Present">The CA that it follows.</param>
/// <param name="Next">The next CA.</param>
/// <param name="BeforeDigests">See <see cref="MakeCertificates"/>.</param>
public sealed record CreateSuccessor(PrivateCaManifest Present, SuccessorManifest Next, IReadOnlyDictionary<string, string?> BeforeDigests)
    : MakeCertificates(BeforeDigests, [])
{
    /// <inheritdoc/>
    public override CertificateMaterial Make(CertificateInputs inputs)
    {
        if (!Next.SameKey)
        {
            return new CreateRoot(Next.Ca, BeforeDigests).Make(inputs);
        }

        var passphrase = inputs.Secret(Present.Passphrase);
        using var root = inputs.ReadKey(CertificatePaths.RootKey(Present), raw => PrivateCaIssuer.OpenRoot(raw, inputs.Read(CertificatePaths.Root(Present)), passphrase));
        var own = Next.Ca.Passphrase == Present.Passphrase ? passphrase : inputs.Secret(Next.Ca.Passphrase with { IsNew = true });
        var certificate = PrivateCaIssuer.RenewRoot(root, Next.Ca.Lifetime, inputs.Now);
        return new CertificateMaterial(
            [new(CertificatePaths.RootKey(Next.Ca), RootKeyFile.Write(root.Key, own)), new(CertificatePaths.Root(Next.Ca), BundleWriter.Certificate(certificate))], [], null);
    }
}

/// <summary>Writes the file of a root's key anew, under the same passphrase and strongly encrypted. The key stays the same.</summary>
/// <param name="Ca">Whose key.</param>
/// <param name="IsOpen">True when the file is not encrypted at all.</param>
/// <param name="BeforeDigests">See <see cref="MakeCertificates"/>.</param>
public sealed record EncryptRootKey(PrivateCaManifest Ca, bool IsOpen, IReadOnlyDictionary<string, string?> BeforeDigests) : MakeCertificates(BeforeDigests, [])
{
    /// <inheritdoc/>
    public override CertificateMaterial Make(CertificateInputs inputs)
    {
        var file = CertificatePaths.RootKey(Ca);
        var passphrase = inputs.Secret(Ca.Passphrase with { IsNew = IsOpen });
        using var root = inputs.ReadKey(file, raw => PrivateCaIssuer.OpenRoot(raw, inputs.Read(CertificatePaths.Root(Ca)), passphrase));
        return new CertificateMaterial([new(file, RootKeyFile.Write(root.Key, passphrase))], [], null);
    }
}
