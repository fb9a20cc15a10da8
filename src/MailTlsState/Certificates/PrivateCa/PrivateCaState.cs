using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>The root CA that lies on disk, judged without its passphrase.</summary>
/// <param name="Exists">False when neither of its files is there: apply makes it.</param>
/// <param name="Facts">What its certificate says, or null.</param>
/// <param name="Certificate">Its certificate, DER, or null.</param>
/// <param name="Diagnostics">What is wrong with it or worth knowing; with an error nothing can be signed and nothing is replaced.</param>
public sealed record PrivateCaState(bool Exists, CertificateFacts? Facts, byte[]? Certificate, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>True when it can sign, or is made.</summary>
    public bool Usable => Diagnostics.All(d => d.Severity != Severity.Error);

    /// <summary>What may be shown of its key, or null where there is none.</summary>
    public KeyFacts? Key { get; init; }

    /// <summary>True when its certificate is there and its key is not, or only what is left of it.</summary>
    public bool KeyLost => Exists && Certificate is not null && Key is null;

    /// <summary>True when nothing at all is left of its key: no file, or an empty one.</summary>
    public bool KeyGone { get; init; }

    /// <summary>
    /// Judges the two files. A root CA that exists is never replaced, because clients trust it: what differs from the manifest is said and kept.
    /// Whether the key belongs to the certificate shows when apply opens it.
    /// </summary>
    /// <param name="ca">What the manifest says.</param>
    /// <param name="names">The names of the leaf that it is to sign.</param>
    /// <param name="key">The observation of <c>ca.key</c>.</param>
    /// <param name="certificate">The observation of <c>ca.pem</c>.</param>
    /// <param name="now">The host's time.</param>
    public static PrivateCaState Examine(PrivateCaManifest ca, IReadOnlyList<string> names, FileObservation key, FileObservation certificate, DateTimeOffset now)
    {
        var keyAbsent = key is { Kind: FileKind.Absent, Problem: null };
        var certificateAbsent = certificate is { Kind: FileKind.Absent, Problem: null };
        if (keyAbsent && certificateAbsent)
        {
            return new PrivateCaState(false, null, null, RootCheck.Collision(ca.Subject, names) is { } collision ? [collision] : []);
        }

        if (certificateAbsent)
        {
            return new PrivateCaState(true, null, null, [CertificateDiagnostics.RootIsIncomplete(key.Path, certificate.Path)]);
        }

        var diagnostics = new List<Diagnostic>();
        if (keyAbsent)
        {
            diagnostics.Add(CertificateDiagnostics.RootIsIncomplete(certificate.Path, key.Path));
        }

        var found = keyAbsent ? null : JudgeKey(key, diagnostics);
        var block = ReadCertificate(certificate, diagnostics);
        if (block is not null)
        {
            diagnostics.AddRange(RootCheck.Problems(block.Der!, block.Facts!, names, now));
            if (diagnostics.TrueForAll(d => d.Code != CertificateDiagnostics.RootIsNoCa))
            {
                diagnostics.AddRange(RootCheck.Unfit(block.Der!, names));
            }

            JudgeEnd(ca, block.Facts!, now, diagnostics);
            JudgeDifference(ca, block, diagnostics);
        }

        return new PrivateCaState(true, block?.Facts, block?.Der, diagnostics) { Key = found, KeyGone = keyAbsent || key is { Kind: FileKind.Regular, Text: "" } };
    }

    private static KeyFacts? JudgeKey(FileObservation file, List<Diagnostic> diagnostics)
    {
        if (FileText.Problem(file, file.Path) is { } problem)
        {
            diagnostics.Add(CertificateDiagnostics.RootKeyBroken(problem));
            return null;
        }

        var key = PemFile.Parse(file.Text!).Blocks.FirstOrDefault(b => PrivateKeyPem.IsPrivateKey(b.Label))?.Key;
        if (key is null)
        {
            diagnostics.Add(CertificateDiagnostics.RootKeyBroken($"there is no private key in {file.Path}"));
        }
        else if (key is { Encrypted: false, PublicKeyDigest: null })
        {
            diagnostics.Add(CertificateDiagnostics.RootKeyBroken($"{key.Problem} in {file.Path}"));
            return null;
        }
        else if (!key.Encrypted)
        {
            diagnostics.Add(CertificateDiagnostics.RootKeyUnencrypted(file.Path));
        }

        return key;
    }

    private static PemBlock? ReadCertificate(FileObservation file, List<Diagnostic> diagnostics)
    {
        var problem = FileText.Problem(file, file.Path);
        PemBlock? block = null;
        if (problem is null)
        {
            block = PemFile.Parse(file.Text!).SingleCertificate(out var reason);
            problem = block is null ? $"{reason} in {file.Path}" : null;
        }

        if (problem is not null)
        {
            diagnostics.Add(CertificateDiagnostics.RootCertificateBroken(problem));
        }

        return block;
    }

    // Said in the root's last third at most: a leaf that is meant to last as long as its root is always cut.
    private static void JudgeEnd(PrivateCaManifest ca, CertificateFacts root, DateTimeOffset now, List<Diagnostic> diagnostics)
    {
        var lastThird = root.NotAfter - ((root.NotAfter - root.NotBefore) / 3);
        if (now >= lastThird && now <= root.NotAfter && root.NotAfter - now < ca.LeafLifetime)
        {
            diagnostics.Add(CertificateDiagnostics.RootIsEnding(root.NotAfter));
        }
    }

    private static void JudgeDifference(PrivateCaManifest ca, PemBlock block, List<Diagnostic> diagnostics)
    {
        var facts = block.Facts!;
        var wanted = X509Name.GetInstance(Names.Encode(ca.Subject).RawData);
        var differences = new List<string>();
        if (!X509CertificateStructure.GetInstance(block.Der!).Subject.Equivalent(wanted, true))
        {
            differences.Add($"its subject is {facts.Subject}, the manifest says {CertificateFacts.NameText(wanted)}");
        }

        if (facts.Key != KeyKinds.Text(ca.Key))
        {
            differences.Add($"its key is {facts.Key}, the manifest says {KeyKinds.Text(ca.Key)}");
        }

        if (facts.NotAfter - facts.NotBefore != ca.Lifetime)
        {
            differences.Add($"its lifetime is {Durations.Text(facts.NotAfter - facts.NotBefore)}, the manifest says {Durations.Text(ca.Lifetime)}");
        }

        if (differences.Count > 0)
        {
            diagnostics.Add(CertificateDiagnostics.RootIsAnother(string.Join("; ", differences)));
        }
    }
}
