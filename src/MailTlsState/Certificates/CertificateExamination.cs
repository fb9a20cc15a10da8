using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Certificates;

/// <summary>One judgement of the files of one certificate; see <see cref="CertificateState.Examine"/>.</summary>
internal sealed class CertificateExamination(CertificateManifest desired, KeyKind kind, LeafRules rules, DateTimeOffset now)
{
    private readonly List<CertificateReason> _reasons = [];

    public CertificateState Examine(FileObservation chain, FileObservation? separateKey)
    {
        var chainFile = Read(chain, separateKey is null ? CertificateNeed.NewKey : CertificateNeed.NewLeaf, separateKey is null ? "the file" : "the certificate file");
        var keyFile = separateKey is null ? chainFile : Read(separateKey, CertificateNeed.NewKey, "the key file");
        var leaf = FindLeaf(chainFile, keyFile);
        var key = FindKey(keyFile, leaf?.Facts);

        JudgeKey(keyFile, key);
        var renewal = JudgeLeaf(chainFile, leaf, key);
        JudgeForm(chainFile, keyFile, leaf, key, separateKey is not null);

        var byNeed = _reasons.OrderByDescending(r => r.Need).ToList();
        var replacesLeaf = byNeed.Exists(r => r.Need >= CertificateNeed.NewLeaf);
        return new CertificateState(
            byNeed,
            desired.RotateKey && replacesLeaf && renewal,
            leaf?.Facts,
            leaf?.Der,
            key?.Key?.PublicKeyDigest,
            leaf is null ? null : CertificateState.RenewalDue(leaf.Facts!, desired.RenewBefore));
    }

    private void Add(CertificateNeed need, string text, bool canWait = false) => _reasons.Add(new CertificateReason(need, text) { CanWait = canWait });

    private PemFile? Read(FileObservation file, CertificateNeed need, string name)
    {
        var problem = FileText.Problem(file, name);
        if (problem is null)
        {
            return PemFile.Parse(file.Text!);
        }

        Add(need, problem);
        return null;
    }

    // The leaf is the certificate of one of the keys; where no key fits, the first that is none of a CA.
    private static PemBlock? FindLeaf(PemFile? chain, PemFile? keys)
    {
        var certificates = chain?.Certificates.ToList() ?? [];
        return certificates.Find(c => keys?.Keys.Any(k => Matches(c.Facts!, k)) ?? false)
            ?? certificates.Find(c => !c.Facts!.IsAuthority)
            ?? certificates.FirstOrDefault();
    }

    private PemBlock? FindKey(PemFile? file, CertificateFacts? leaf)
    {
        var keys = file?.Keys.ToList() ?? [];
        var fit = keys.Where(k => k.Key!.Kind == KeyKinds.Text(kind)).ToList();
        return fit.Find(k => leaf is not null && Matches(leaf, k)) ?? fit.FirstOrDefault() ?? keys.FirstOrDefault();
    }

    private void JudgeKey(PemFile? file, PemBlock? key)
    {
        if (file is null)
        {
            return;
        }

        if (key is null)
        {
            var broken = file.Blocks.FirstOrDefault(b => PrivateKeyPem.IsPrivateKey(b.Label));
            Add(CertificateNeed.NewKey, broken?.Problem ?? "the private key is missing");
        }
        else if (key.Key!.Kind != KeyKinds.Text(kind))
        {
            Add(CertificateNeed.NewKey, $"the key is {key.Key.Kind}, the manifest wants {KeyKinds.Text(kind)}");
        }
    }

    /// <summary>Says whether the leaf's time is up.</summary>
    private bool JudgeLeaf(PemFile? chain, PemBlock? leaf, PemBlock? key)
    {
        if (leaf is null)
        {
            if (chain is not null)
            {
                Add(CertificateNeed.NewLeaf, "the certificate is missing");
            }

            return false;
        }

        var facts = leaf.Facts!;
        if (key is not null && !Matches(facts, key))
        {
            Add(CertificateNeed.NewLeaf, "the private key does not match the certificate");
        }

        foreach (var text in rules.IssuerProblems(leaf.Der!, facts))
        {
            Add(CertificateNeed.NewLeaf, text);
        }

        JudgeNames(facts);
        foreach (var text in LeafProfile.Problems(leaf.Der!, facts))
        {
            Add(CertificateNeed.NewLeaf, text);
        }

        return JudgeTimes(facts);
    }

    private void JudgeNames(CertificateFacts facts)
    {
        var found = facts.ServerNames;
        if (found.Count == 0)
        {
            Add(CertificateNeed.NewLeaf, "the certificate has no SAN, and clients no longer look at its subject");
        }
        else if (!rules.AreRight(found, desired.Names))
        {
            Add(CertificateNeed.NewLeaf, $"the names are {string.Join(", ", found)}; the manifest wants {string.Join(", ", desired.Names)}");
        }
    }

    private bool JudgeTimes(CertificateFacts facts)
    {
        if (rules.Longest is { } longest && facts.NotAfter - facts.NotBefore > longest)
        {
            Add(CertificateNeed.NewLeaf, $"the certificate is valid for {Durations.Text(facts.NotAfter - facts.NotBefore)}, the manifest allows {Durations.Text(longest)}", canWait: true);
        }

        if (now < facts.NotBefore)
        {
            Add(CertificateNeed.NewLeaf, $"the certificate is not valid before {CertificateDiagnostics.Time(facts.NotBefore)}");
            return false;
        }

        if (now > facts.NotAfter)
        {
            Add(CertificateNeed.NewLeaf, $"the certificate has expired on {CertificateDiagnostics.Day(facts.NotAfter)}");
            return true;
        }

        var due = now >= CertificateState.RenewalDue(facts, desired.RenewBefore) && rules.Gains(facts);
        if (due)
        {
            var before = CertificateState.RemainingAtRenewal(facts, desired.RenewBefore);
            Add(CertificateNeed.NewLeaf, $"the certificate expires in {Durations.Text(facts.NotAfter - now)}, renewal is due {Durations.Text(before)} before", canWait: true);
        }

        return due;
    }

    // The files are MailTlsState's own, so any other form than its own is written anew, also where a daemon would read it.
    private void JudgeForm(PemFile? chain, PemFile? keys, PemBlock? leaf, PemBlock? key, bool split)
    {
        foreach (var text in PemForm.Problems(chain, keys, leaf, key, split, rules.SignsDirectly))
        {
            Add(CertificateNeed.Rewrite, text);
        }
    }

    private static bool Matches(CertificateFacts certificate, PemBlock key) => key.Key!.PublicKeyDigest == "sha256:" + certificate.PublicKeyFingerprint;
}
