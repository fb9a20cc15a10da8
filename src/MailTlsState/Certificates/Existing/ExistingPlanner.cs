using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Existing;

/// <summary>Judges what another tool keeps. It plans no change of its files, ever. Pure.</summary>
internal sealed class ExistingPlanner(CertificatePlanRequest request)
{
    private readonly Manifest _manifest = request.Manifest;
    private readonly List<Diagnostic> _diagnostics = [];

    public CertificateChanges Plan()
    {
        var places = request.Observed.Certificates;
        for (var i = 0; i < places.Count; i++)
        {
            Judge(ExistingFiles.Read(request.Observed, places[i].Files), places[i].Files, $"/certificate/issuer/files/{i}");
        }

        if (places.Count == 2 && places[0].Files.Family is { } family && family == places[1].Files.Family)
        {
            Refuse("/certificate/issuer/files/1", $"both pairs have keys of the algorithm {KeyKinds.Text(family)}, and a daemon takes one certificate of each algorithm");
        }

        if (TrustAnchors.Lack(_manifest, ((ExistingManifest)_manifest.Certificate.Issuer).Trust, request.Observed) is { } lack)
        {
            _diagnostics.Add(lack);
        }

        return new CertificateChanges([], _diagnostics, [.. places.Select(p => p.Files)]);
    }

    private void Judge(ExistingFiles pair, CertificateFiles named, string setting)
    {
        var problems = new[] { FileText.Problem(pair.ChainFile, named.Chain), named.IsBundle ? null : FileText.Problem(pair.KeyFile, named.Key) }.OfType<string>().ToList();
        if (problems.Count > 0)
        {
            problems.ForEach(p => Refuse(setting, p));
            return;
        }

        JudgeKey(pair, named, setting);
        if (pair.Leaf?.Facts is not { } leaf)
        {
            Refuse(setting + "/certificate", $"there is no certificate in {named.Chain}");
            return;
        }

        if (pair.Key is { } key && key.Key!.PublicKeyDigest is { } digest && digest != "sha256:" + leaf.PublicKeyFingerprint)
        {
            var later = pair.Chain.Any(c => digest == "sha256:" + c.Facts!.PublicKeyFingerprint);
            Refuse(setting, later
                ? $"the first certificate in {named.Chain} is not the server's, which has to stand first"
                : $"the key in {named.Key} does not match the certificate in {named.Chain}");
            return;
        }

        JudgeLeaf(leaf, pair.Leaf.Der!, named, setting + "/certificate");
        JudgeChain(pair, named, setting + "/certificate");
    }

    private void JudgeKey(ExistingFiles pair, CertificateFiles named, string setting)
    {
        var block = PemFile.Parse(pair.KeyFile.Text!).Blocks.FirstOrDefault(b => PrivateKeyPem.IsPrivateKey(b.Label));
        if (pair.Key is null)
        {
            Refuse(setting + "/key", block is null ? $"there is no private key in {named.Key}" : $"{block.Problem ?? "the key cannot be read"} in {named.Key}");
        }

        foreach (var file in new[] { pair.KeyFile, pair.ChainFile }.DistinctBy(f => f.Path))
        {
            var who = file.Owner != 0 ? $"it belongs to user {file.Owner}"
                : FileModes.OthersMayWrite(file.Mode) ? $"others may write it (mode {FileModes.Octal(file.Mode)})"
                : file.ChangeableBy is { } directory ? $"others may change {directory}" : null;
            if (who is not null)
            {
                Doubt(setting, $"{file.Path} is not root's alone to change: {who}", "let only root write the file and the directories above it");
            }
        }
    }

    private void JudgeLeaf(CertificateFacts leaf, byte[] der, CertificateFiles named, string setting)
    {
        foreach (var problem in LeafProfile.Problems(der, leaf))
        {
            Refuse(setting, $"{named.Chain}: {problem}");
        }

        if (LeafProfile.LacksPurpose(der))
        {
            _diagnostics.Add(CertificateDiagnostics.NoPurpose($"the certificate in {named.Chain}", _manifest.Source.Locate(setting)));
        }

        if (request.Now > leaf.NotAfter)
        {
            Refuse(setting, $"the certificate in {named.Chain} has expired on {CertificateDiagnostics.Day(leaf.NotAfter)}");
        }
        else if (request.Now < leaf.NotBefore)
        {
            Refuse(setting, $"the certificate in {named.Chain} is not valid before {CertificateDiagnostics.Time(leaf.NotBefore)}");
        }
        else if (request.Now >= leaf.NotAfter - Remaining(leaf))
        {
            Doubt(setting, $"the certificate in {named.Chain} expires in {Durations.Text(leaf.NotAfter - request.Now)} and was not renewed", "see why the tool that keeps it did not renew it");
        }

        if (!leaf.DnsNames.Any(n => HostNames.Covers(n, _manifest.Host)))
        {
            Refuse(setting, $"the certificate in {named.Chain} is for {Shown(leaf)}, not for {_manifest.Host}");
        }
        else if (_manifest.Certificate.Names.Where(w => !leaf.ServerNames.Any(n => string.Equals(n, w, StringComparison.OrdinalIgnoreCase) || HostNames.Covers(n, w))).ToList() is { Count: > 0 } missing)
        {
            Doubt(setting, $"the certificate in {named.Chain} lacks {string.Join(", ", missing)}", "have the other tool request these names as well, or leave them out of certificate.names");
        }
    }

    // The tools renew a month before the end of three; a warning on that day would come before each renewal.
    private TimeSpan Remaining(CertificateFacts leaf) => _manifest.Certificate.RenewBefore is null ? (leaf.NotAfter - leaf.NotBefore) / 6 : CertificateState.RemainingAtRenewal(leaf, _manifest.Certificate.RenewBefore);

    // A client that is sent a chain with a hole fails, though a browser that once saw the intermediate may not.
    private void JudgeChain(ExistingFiles pair, CertificateFiles named, string setting)
    {
        if (TrustAnchors.Of(_manifest, request.Observed) is not { } anchors)
        {
            return;
        }

        if (TrustAnchors.LooseEnd(pair.Leaf!, pair.Chain, anchors) is { } last)
        {
            Refuse(setting, last.Facts!.IsSelfIssued
                ? $"the chain in {named.Chain} ends at {last.Facts.Subject}, which signed itself and is not trusted"
                : $"the chain in {named.Chain} lacks the certificate of {last.Facts.Issuer}");
        }
    }

    private void Refuse(string setting, string fact) => _diagnostics.Add(CertificateDiagnostics.NotServable(_manifest.Source.Locate(setting), fact));

    private void Doubt(string setting, string fact, string remedy) => _diagnostics.Add(CertificateDiagnostics.Doubtful(_manifest.Source.Locate(setting), fact, remedy));

    private static string Shown(CertificateFacts leaf) => leaf.ServerNames.Count == 0 ? "no name at all" : string.Join(", ", leaf.ServerNames);
}
