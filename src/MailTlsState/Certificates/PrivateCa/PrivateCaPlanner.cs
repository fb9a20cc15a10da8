using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Plans directories, CA, keys and certificates. Pure.</summary>
internal sealed class PrivateCaPlanner(CertificatePlanRequest request)
{
    private readonly List<Change> _changes = [];
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly Manifest _manifest = request.Manifest;
    private readonly HostObservation _observed = request.Observed;
    private readonly DateTimeOffset _now = request.Now;

    private PrivateCaManifest Ca => (PrivateCaManifest)_manifest.Certificate.Issuer;

    /// <summary>The CA on disk, judged.</summary>
    public static PrivateCaState ExamineRoot(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var ca = (PrivateCaManifest)manifest.Certificate.Issuer;
        return PrivateCaState.Examine(ca, manifest.Certificate.Names, observed.File(CertificatePaths.RootKey(ca)), observed.File(CertificatePaths.Root(ca)), now);
    }

    public CertificateChanges Plan()
    {
        var places = _observed.Certificates;
        IReadOnlyList<CertificateFiles> present = [.. places.Select(p => p.Files)];
        string[] authority = [CertificatePaths.RootKey(Ca), CertificatePaths.Root(Ca)];
        var own = new OwnFiles(_manifest, _observed, PrivateCaCertificates.Directories(_manifest));
        _changes.AddRange(own.PlanDirectories());
        own.RefuseOddTargets([.. places.SelectMany(p => new[] { p.Files.Key, p.Files.Chain }), .. authority, .. _manifest.Certificate.Keys.Select(k => CertificatePaths.Previous(_manifest, k))]);
        _diagnostics.AddRange(own.Diagnostics);
        if (_diagnostics.Any(d => d.Severity == Severity.Error))
        {
            return new CertificateChanges([], _diagnostics, present);
        }

        var root = ExamineRoot(_manifest, _observed, _now);
        _diagnostics.AddRange(root.Diagnostics);
        if (!root.Usable)
        {
            return new CertificateChanges([], _diagnostics, present);
        }

        var pairs = places.Zip(CertificateIssuers.Of(_manifest).Examine(_manifest, _observed, _now), _manifest.Certificate.Keys).Select(p => new PlannedPair(p.Third, p.First, p.Second, own.After(p.Third, p.First, p.Second.CreateKey))).ToList();
        if (pairs.Exists(p => p.State.CreateLeaf) && _observed.Secrets.FirstOrDefault(s => s.Reference == Ca.Passphrase)?.Problem is { } problem)
        {
            _diagnostics.Add(PlanDiagnostics.PassphraseMissing(_manifest.Source.Locate("/certificate/issuer/passphrase"), problem));
        }

        if (!root.Exists)
        {
            PlanRoot();
        }

        PlanPairs(pairs, root, own);
        foreach (var pair in pairs)
        {
            _changes.AddRange(PreviousPair.Plan(_manifest, _observed, pair.Kind, pair.Place, PreviousPair.IsReplaced(_observed, pair.Place, pair.After, pair.State.CreateLeaf), _now));
        }

        // Files that this plan writes get their attributes from the first byte.
        var written = pairs.Where(p => !p.State.IsCurrent).SelectMany(p => new[] { p.Place.Files.Key, p.Place.Files.Chain });
        _changes.AddRange(own.PlanAttributes(pairs.SelectMany(p => new[] { p.Place.Files.Key, p.Place.Files.Chain }).Concat(authority).Distinct().Except(written)));
        return new CertificateChanges(_changes, _diagnostics, [.. pairs.Select(p => p.After)]);
    }

    private void PlanRoot()
    {
        var s = Ca.Subject;
        var subject = string.Join(", ", new[] { ("CN", s.CommonName), ("OU", s.OrganizationalUnit), ("O", s.Organization), ("L", s.Locality), ("ST", s.State), ("C", s.Country) }
            .Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={p.Item2}"));
        _changes.Add(new Change(
            "certificateAuthority",
            Ca.Directory,
            ChangeAction.Create,
            "there is no CA yet",
            [
                new("subject", null, subject),
                new("key", null, $"{KeyKinds.Text(Ca.Key)}, encrypted under the passphrase from {Ca.Passphrase}"),
                new("certificate", null, "X.509 v3, CA:TRUE, pathlen 0"),
                new("not after", null, Day(_now - PrivateCaIssuer.ClockSkew + Ca.Lifetime)),
                new("files", null, "ca.key and ca.pem, root:root 0600"),
                new("sha256 of certificate", null, null, KnownAfterApply: true),
            ],
            null,
            []));
    }

    // All are made by one piece of work, which the first certificate's change carries.
    private void PlanPairs(IReadOnlyList<PlannedPair> pairs, PrivateCaState root, OwnFiles own)
    {
        var stale = pairs.Where(p => !p.State.IsCurrent).ToList();
        var digests = stale.SelectMany(p => new[] { p.Place.Files.Key, p.Place.Files.Chain, p.After.Key, p.After.Chain })
            .Concat([CertificatePaths.RootKey(Ca), CertificatePaths.Root(Ca)]).Distinct().ToDictionary(p => p, p => _observed.File(p).Digest);
        Work? work = new IssueCertificates(
            Ca, _manifest.Certificate.Names, !root.Exists && stale.Exists(p => p.State.CreateLeaf), digests, [.. stale.Select(p => new MadePair(p.Kind, p.After, p.State.CreateKey, p.State.CreateLeaf, p.State.LeafDer))]);
        foreach (var pair in stale)
        {
            PlanKey(pair);
            PlanCertificate(pair, root, work);
            work = null;
            _changes.AddRange(own.PlanRemoval(pair.Place, pair.After));
        }
    }

    private void PlanKey(PlannedPair pair)
    {
        if (pair.State.CreateKey)
        {
            _changes.Add(new Change(
                "key",
                pair.After.Key,
                pair.State.PublicKeyDigest is null ? ChangeAction.Create : ChangeAction.Replace,
                pair.State.RotatesKey ? "the manifest rotates the key at a renewal" : Reason(pair.State),
                [new("kind", null, KeyKinds.Text(pair.Kind)), new("sha256 of public key", pair.State.PublicKeyDigest, null, KnownAfterApply: true)],
                null,
                []));
        }
    }

    private void PlanCertificate(PlannedPair pair, PrivateCaState root, Work? work)
    {
        var (state, files) = (pair.State, pair.After);
        var attributes = new List<AttributeChange>();
        if (state.CreateLeaf)
        {
            var end = PrivateCaIssuer.EndOfNewLeaf(Ca.LeafLifetime, root.Facts?.NotAfter, _now);
            attributes.Add(new("names", state.Leaf is null ? null : string.Join(", ", state.Leaf.DnsNames), string.Join(", ", _manifest.Certificate.Names)));
            attributes.Add(new("issuer", state.Leaf?.Issuer, root.Facts?.Subject ?? $"the new CA {Ca.Subject.CommonName}"));
            attributes.Add(new("not after", state.Leaf is { } old ? Day(old.NotAfter) : null, Day(end)));
            attributes.Add(new("sha256 of certificate", state.Leaf?.Fingerprint, null, KnownAfterApply: true));
        }

        attributes.Add(new("layout", null, files.IsBundle ? $"bundle: key, leaf and chain in {Name(files.Chain)}" : $"split: {Name(files.Key)} and {Name(files.Chain)}"));
        attributes.Add(new("mode", null, "0600 root:root"));
        _changes.Add(new Change(
            "certificate",
            files.Chain,
            _observed.File(files.Chain).Kind == FileKind.Absent ? ChangeAction.Create : state.CreateLeaf ? ChangeAction.Replace : ChangeAction.Update,
            Reason(state),
            attributes,
            null,
            request.Effects)
        {
            Work = work,
        });
    }

    private static string Reason(CertificateState state) => string.Join("; ", state.Reasons.Select(r => r.Text));

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private sealed record PlannedPair(KeyKind Kind, CertificatePlace Place, CertificateState State, CertificateFiles After);
}
