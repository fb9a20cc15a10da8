using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates.Purchased;

/// <summary>Plans keys and requests, and says what is waited for. Pure.</summary>
internal sealed class PurchasedPlanner(CertificatePlanRequest request)
{
    private readonly Manifest _manifest = request.Manifest;
    private readonly HostObservation _observed = request.Observed;

    public CertificateChanges Plan()
    {
        var kinds = _manifest.Certificate.Keys;
        var own = new OwnFiles(_manifest, _observed, new Dictionary<string, string> { [_manifest.Certificate.Directory] = "/certificate/directory" });
        var changes = new List<Change>(own.PlanDirectories());
        var files = kinds.SelectMany(k => new[] { CertificatePaths.NextKey(_manifest, k), CertificatePaths.Request(_manifest, k) })
            .Concat(_observed.Certificates.SelectMany(p => new[] { p.Files.Key, p.Files.Chain })).ToList();
        own.RefuseOddTargets(files);
        var diagnostics = own.Diagnostics.ToList();
        var states = CertificateIssuers.Of(_manifest).Examine(_manifest, _observed, request.Now);
        var served = _observed.Certificates.Zip(states).Where(p => p.Second.Leaf is { } leaf && p.Second.PublicKeyDigest == "sha256:" + leaf.PublicKeyFingerprint).Select(p => p.First.Files).ToList();
        if (diagnostics.Exists(d => d.Severity == Severity.Error))
        {
            return new CertificateChanges([], diagnostics, served);
        }

        var wanted = new List<WantedRequest>();
        foreach (var kind in kinds.Where((_, i) => !served.Contains(_observed.Certificates[i].Files)))
        {
            var (key, csr) = (CertificatePaths.NextKey(_manifest, kind), CertificatePaths.Request(_manifest, kind));
            diagnostics.Add(CertificateDiagnostics.Waiting(csr));
            var there = PemFile.Parse(_observed.File(key).Text ?? "").Keys.FirstOrDefault(k => k.Key!.Kind == KeyKinds.Text(kind))?.Key!.PublicKeyDigest;
            if (there is null || SigningRequest.PublicKeyDigest(_observed.File(csr).Text, _manifest.Certificate.Names) != there)
            {
                wanted.Add(new WantedRequest(kind, key, there is null, csr));
            }
        }

        changes.AddRange(Changes(wanted));
        changes.AddRange(own.PlanAttributes(files.Except(wanted.SelectMany(w => new[] { w.Key, w.Request }))));
        return new CertificateChanges(changes, diagnostics, served);
    }

    // All are made by one piece of work, which the last request's change carries.
    private IEnumerable<Change> Changes(IReadOnlyList<WantedRequest> wanted)
    {
        var digests = wanted.SelectMany(w => new[] { w.Key, w.Request }).ToDictionary(p => p, p => _observed.File(p).Digest);
        foreach (var one in wanted)
        {
            if (one.CreateKey)
            {
                yield return new Change(
                    "key",
                    one.Key,
                    _observed.File(one.Key).Kind == FileKind.Absent ? ChangeAction.Create : ChangeAction.Replace,
                    "the certificate yet to come needs one",
                    [new("kind", null, KeyKinds.Text(one.Kind)), new("sha256 of public key", null, null, KnownAfterApply: true), new("mode", null, "0600 root:root")],
                    null,
                    []);
            }

            yield return new Change(
                "request",
                one.Request,
                _observed.File(one.Request).Kind == FileKind.Absent ? ChangeAction.Create : ChangeAction.Replace,
                "the CA signs it",
                [new("names", null, string.Join(", ", _manifest.Certificate.Names)), new("mode", null, "0600 root:root")],
                null,
                [])
            {
                Work = ReferenceEquals(one, wanted[^1]) ? new WriteRequests(_manifest.Certificate.Names, wanted, digests) : null,
            };
        }
    }
}
