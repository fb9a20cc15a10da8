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

    private bool Failed => _diagnostics.Any(d => d.Severity == Severity.Error);

    private PrivateCaManifest Ca => (PrivateCaManifest)_manifest.Certificate.Issuer;

    public CertificateChanges Plan()
    {
        var places = _observed.Certificates;
        IReadOnlyList<CertificateFiles> present = [.. places.Select(p => p.Files)];
        var authority = PrivateCaCertificates.Files(_manifest);
        var own = new OwnFiles(_manifest, _observed, CertificateIssuers.Of(_manifest).Directories(_manifest));
        _changes.AddRange(own.PlanDirectories());
        own.RefuseOddTargets([.. places.SelectMany(p => new[] { p.Files.Key, p.Files.Chain }), .. authority, .. _manifest.Certificate.Keys.Select(k => CertificatePaths.Previous(_manifest, k))]);
        _diagnostics.AddRange(own.Diagnostics);
        if (Failed)
        {
            return new CertificateChanges([], _diagnostics, present);
        }

        var roots = new Roots(request, _diagnostics);
        var root = Roots.Examine(_manifest, Ca.Signing, _observed, _now);
        var trust = new TrustMove(request, root);
        var found = OwnObservation.Examine(_manifest, _observed, new PrivateCaRules(Ca, root, _now, trust.MakesRoot), _now);
        var states = trust.Defer(found);
        var waits = states.Zip(found).Any(s => s.First.CreateLeaf != s.Second.CreateLeaf);
        _diagnostics.AddRange(trust.Judge(states, waits));
        if (Failed)
        {
            return new CertificateChanges([], _diagnostics, present);
        }

        var pairs = places.Zip(states, _manifest.Certificate.Keys).Select(p => new PlannedPair(p.Third, p.First, p.Second, own.After(p.Third, p.First, p.Second.CreateKey))).ToList();
        if (trust.MakesRoot)
        {
            _changes.Add(roots.Create(replaces: root.Exists));
        }
        else if (pairs.Exists(p => p.State.CreateLeaf))
        {
            roots.Need(Ca.Signing.Passphrase);
        }

        if (pairs.Exists(p => p.State.CreateLeaf) && CertificateDiagnostics.LivesLong(_manifest.Source.Locate("/certificate/issuer/leafLifetime"), Ca.LeafLifetime, _now) is { } longer)
        {
            _diagnostics.Add(longer);
        }

        PlanPairs(pairs, trust.MakesRoot ? root with { Facts = null } : root, trust.MakesRoot, own);
        _changes.AddRange(roots.PlanSuccessor(Roots.Examine(_manifest, Ca, _observed, _now), root));
        _changes.AddRange(roots.PlanEncryption());
        roots.JudgePassphrases(waits);
        foreach (var pair in pairs)
        {
            _changes.AddRange(PreviousPair.Plan(
                _manifest, _observed, CertificatePaths.Previous(_manifest, pair.Kind), PreviousPair.Present(_observed, pair.Place), PreviousPair.IsReplaced(_observed, pair.Place, pair.After, pair.State.CreateLeaf), _now));
        }

        // Files that this plan writes get their attributes from the first byte.
        var written = pairs.Where(p => !p.State.IsCurrent).SelectMany(p => new[] { p.Place.Files.Key, p.Place.Files.Chain })
            .Concat(_changes.Select(c => c.Work).OfType<EncryptRootKey>().Select(e => CertificatePaths.RootKey(e.Ca)))
            .Concat(trust.MakesRoot ? [CertificatePaths.RootKey(Ca.Signing), CertificatePaths.Root(Ca.Signing)] : []);
        var anchors = PrivateCaCertificates.All(_manifest).Select(CertificatePaths.Root).ToList();
        _changes.AddRange(own.PlanAttributes(pairs.SelectMany(p => new[] { p.Place.Files.Key, p.Place.Files.Chain }).Concat(authority).Distinct().Except(written).Except(anchors)));
        _changes.AddRange(anchors.Except(written).SelectMany(own.PlanPublicAttributes));
        return new CertificateChanges(_changes, _diagnostics, [.. pairs.Select(p => p.After)]);
    }

    // All are made by one piece of work, which the first certificate's change carries.
    private void PlanPairs(IReadOnlyList<PlannedPair> pairs, PrivateCaState root, bool makesRoot, OwnFiles own)
    {
        var stale = pairs.Where(p => !p.State.IsCurrent).ToList();
        var digests = stale.SelectMany(p => new[] { p.Place.Files.Key, p.Place.Files.Chain, p.After.Key, p.After.Chain })
            .Concat([CertificatePaths.RootKey(Ca.Signing), CertificatePaths.Root(Ca.Signing)]).Distinct().ToDictionary(p => p, p => _observed.File(p).Digest);
        Work? work = new IssueCertificates(
            Ca.Signing, _manifest.Certificate.Names, makesRoot, digests, [.. stale.Select(p => new MadePair(p.Kind, p.After, p.State.CreateKey, p.State.CreateLeaf, p.State.LeafDer))]);
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
            attributes.Add(new("names", state.Leaf is null ? null : string.Join(", ", state.Leaf.ServerNames), string.Join(", ", _manifest.Certificate.Names)));
            attributes.Add(new("issuer", state.Leaf?.Issuer, root.Facts?.Subject ?? $"the new CA {Ca.Signing.Subject.CommonName}"));
            attributes.Add(new("not after", state.Leaf is { } old ? AttributeChange.Time(old.NotAfter) : null, AttributeChange.Time(end)));
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

    private sealed record PlannedPair(KeyKind Kind, CertificatePlace Place, CertificateState State, CertificateFiles After);
}
