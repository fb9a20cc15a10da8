using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Certificates.Purchased;

/// <summary>Plans keys and requests, says what is waited for, and puts imported certificates into place. Pure.</summary>
internal sealed class PurchasedPlanner(CertificatePlanRequest request)
{
    private readonly Manifest _manifest = request.Manifest;
    private readonly HostObservation _observed = request.Observed;
    private readonly List<Change> _changes = [];
    private readonly List<Diagnostic> _diagnostics = [];
    private readonly List<CertificateFiles> _served = [];

    public CertificateChanges Plan()
    {
        var own = new OwnFiles(_manifest, _observed, CertificateIssuers.Of(_manifest).Directories(_manifest));
        _changes.AddRange(own.PlanDirectories());
        var files = _manifest.Certificate.Keys.SelectMany(k => new[] { CertificatePaths.NextKey(_manifest, k), CertificatePaths.Request(_manifest, k), CertificatePaths.Previous(_manifest, k) })
            .Concat(_observed.Certificates.SelectMany(p => new[] { p.Files.Key, p.Files.Chain })).ToList();
        own.RefuseOddTargets(files);
        _diagnostics.AddRange(own.Diagnostics);
        var states = CertificateIssuers.Of(_manifest).Examine(_manifest, _observed, request.Now);
        var pairs = _manifest.Certificate.Keys.Zip(_observed.Certificates, states).Select(p => PurchasedPair.Of(_manifest, _observed, p.First, p.Second, p.Third)).ToList();
        if (_diagnostics.Exists(d => d.Severity == Severity.Error))
        {
            return new CertificateChanges([], _diagnostics, [.. pairs.Where(p => p.Servable).Select(p => p.Place.Files)]);
        }

        var import = request.Imported is null ? null : new PurchasedImport(request, pairs);
        var chosen = import?.Choose() ?? new Dictionary<PurchasedPair, (ImportedChain, HostKey)>();
        _diagnostics.AddRange(import?.Diagnostics ?? []);
        var wanted = new List<WantedRequest>();
        var installed = new List<(PurchasedPair Pair, InstalledPair Work, string Reason)>();
        foreach (var pair in pairs)
        {
            if (Install(own, pair, chosen) is { } work)
            {
                installed.Add(work);
                _served.Add(work.Work.Pair.Files);
                continue;
            }

            if (!pair.State.IsCurrent)
            {
                Request(pair, wanted);
            }

            if (pair.Servable)
            {
                _served.Add(pair.Place.Files);
            }
        }

        PlanInstalled(own, installed);
        _changes.AddRange(Requests(wanted));
        PlanPrevious(pairs, installed);
        var written = installed.SelectMany(i => new[] { i.Pair.Place.Files.Key, i.Pair.Place.Files.Chain, CertificatePaths.NextKey(_manifest, i.Pair.Kind), CertificatePaths.Request(_manifest, i.Pair.Kind) })
            .Concat(wanted.SelectMany(w => w.CreateKey ? new[] { w.Key, w.Request } : [w.Request]));
        _changes.AddRange(own.PlanAttributes(files.Except(written)));
        return new CertificateChanges(_changes, _diagnostics, _served);
    }

    /// <summary>What goes into place: an imported certificate, or the present one in its proper form.</summary>
    private (PurchasedPair Pair, InstalledPair Work, string Reason)? Install(OwnFiles own, PurchasedPair pair, IReadOnlyDictionary<PurchasedPair, (ImportedChain Chain, HostKey Key)> chosen)
    {
        if (chosen.TryGetValue(pair, out var import))
        {
            var createKey = import.Key.Digest != pair.State.PublicKeyDigest;
            byte[][] chain = [import.Chain.Leaf, .. import.Chain.Intermediates];
            if (createKey || chain.Length != pair.Chain.Count || !chain.Zip(pair.Chain).All(c => c.First.AsSpan().SequenceEqual(c.Second)))
            {
                return (pair, new InstalledPair(Made(createKey, createLeaf: true), import.Key, import.Chain.Leaf, import.Chain.Intermediates), "it was imported");
            }

            // Also where its renewal is due: the same again is no renewal, and what was requested is yet to come.
            _diagnostics.Add(ImportDiagnostics.InUse(pair.Place.Files.Chain));
        }

        if (pair.State.IsCurrent || !pair.State.LeafUsable || pair.State.LeafDer is not { } leaf || pair.Running is not { } key)
        {
            return null;
        }

        var authorities = pair.Chain.Where(c => !c.AsSpan().SequenceEqual(leaf) && CertificateFacts.Read(c) is { IsAuthority: true, IsSelfIssued: false });
        return (pair, new InstalledPair(Made(false, createLeaf: false), key, leaf, [.. authorities]), string.Join("; ", pair.State.Reasons.Select(r => r.Text)));

        MadePair Made(bool createKey, bool createLeaf) => new(pair.Kind, own.After(pair.Kind, pair.Place, createKey), createKey, createLeaf, pair.State.LeafDer);
    }

    // A request that went to the CA stays, whichever of the keys it is for: its answer fits.
    private void Request(PurchasedPair pair, List<WantedRequest> wanted)
    {
        var csr = CertificatePaths.Request(_manifest, pair.Kind);
        var asked = SigningRequest.PublicKeyDigest(_observed.File(csr).Text, _manifest.Certificate.Names);
        _diagnostics.Add(Awaited(pair, csr));
        if (pair.Keys.Any(k => k.Digest == asked))
        {
            return;
        }

        // The running key serves again unless the manifest rotates it: TLSA records stay true.
        var key = pair.State.CreateKey ? pair.Next : pair.Running ?? pair.Next;
        wanted.Add(new WantedRequest(pair.Kind, key?.File ?? CertificatePaths.NextKey(_manifest, pair.Kind), key?.Digest, csr));
    }

    private Diagnostic Awaited(PurchasedPair pair, string csr)
    {
        if (!pair.Servable)
        {
            return CertificateDiagnostics.Waiting(csr);
        }

        var leaf = pair.State.Leaf!;
        var reason = string.Join("; ", pair.State.Reasons.Select(r => r.Text));
        return request.Now > leaf.NotAfter ? CertificateDiagnostics.ExpiredWhileAwaited(csr, leaf.NotAfter)
            : leaf.NotAfter - request.Now < CertificateState.RemainingAtRenewal(leaf, _manifest.Certificate.RenewBefore) / 2 ? CertificateDiagnostics.EndsWhileAwaited(csr, reason)
            : CertificateDiagnostics.RenewalAwaited(csr, reason);
    }

    private void PlanInstalled(OwnFiles own, List<(PurchasedPair Pair, InstalledPair Work, string Reason)> installed)
    {
        var digests = installed.SelectMany(i => new[] { i.Pair.Place.Files.Key, i.Pair.Place.Files.Chain, i.Work.Pair.Files.Key, i.Work.Pair.Files.Chain, i.Work.Key.File })
            .OfType<string>().Distinct().ToDictionary(p => p, p => _observed.File(p).Digest);
        Work? work = new InstallCertificates([.. installed.Select(i => i.Work)], digests);
        foreach (var (pair, made, reason) in installed)
        {
            if (made.Pair.CreateKey)
            {
                _changes.Add(new Change(
                    "key",
                    made.Pair.Files.Key,
                    pair.State.PublicKeyDigest is null ? ChangeAction.Create : ChangeAction.Replace,
                    made.Key.File is { } file ? $"the certificate was requested for the key in {file}" : "it came with the certificate",
                    [new("kind", null, made.Key.Kind), new("sha256 of public key", pair.State.PublicKeyDigest, made.Key.Digest)],
                    null,
                    []));
            }

            _changes.Add(Certificate(pair, made, reason, work));
            work = null;
            _changes.AddRange(own.PlanRemoval(pair.Place, made.Pair.Files));
            var renewalDue = pair.State.RenewalTime <= request.Now && made.Leaf.AsSpan().SequenceEqual(pair.State.LeafDer);
            if (made.Pair.CreateLeaf && !renewalDue)
            {
                RemoveRequest(pair, made.Key.Digest);
            }
        }
    }

    private Change Certificate(PurchasedPair pair, InstalledPair made, string reason, Work? work)
    {
        var (old, facts, files) = (pair.State.Leaf, CertificateFacts.Read(made.Leaf), made.Pair.Files);
        var attributes = new List<AttributeChange>();
        if (made.Pair.CreateLeaf)
        {
            attributes.Add(new("names", old is null ? null : string.Join(", ", old.ServerNames), string.Join(", ", facts.ServerNames)));
            attributes.Add(new("issuer", old?.Issuer, facts.Issuer));
            attributes.Add(new("intermediates", null, made.Intermediates.Count == 0 ? "none" : string.Join(", then ", made.Intermediates.Select(i => CertificateFacts.Read(i).Subject))));
            attributes.Add(new("not after", old is null ? null : AttributeChange.Time(old.NotAfter), AttributeChange.Time(facts.NotAfter)));
            attributes.Add(new("sha256 of certificate", old?.Fingerprint, facts.Fingerprint));
        }

        attributes.Add(new("layout", null, files.IsBundle ? $"bundle: key, leaf and chain in {Name(files.Chain)}" : $"split: {Name(files.Key)} and {Name(files.Chain)}"));
        attributes.Add(new("mode", null, "0600 root:root"));
        var action = _observed.File(files.Chain).Kind == FileKind.Absent ? ChangeAction.Create : made.Pair.CreateLeaf ? ChangeAction.Replace : ChangeAction.Update;
        return new Change("certificate", files.Chain, action, reason, attributes, null, request.Effects) { Work = work };
    }

    // A request for another key is still under way: its answer is yet to come.
    private void RemoveRequest(PurchasedPair pair, string key)
    {
        var csr = CertificatePaths.Request(_manifest, pair.Kind);
        var asked = SigningRequest.PublicKeyDigest(_observed.File(csr).Text, _manifest.Certificate.Names);
        if (asked is not null && asked != key && (key == pair.Running?.Digest || key == pair.Former?.Digest))
        {
            return;
        }

        foreach (var path in new[] { csr, CertificatePaths.NextKey(_manifest, pair.Kind) }.Where(p => _observed.File(p).Kind == FileKind.Regular))
        {
            _changes.Add(new Change("file", path, ChangeAction.Delete, "the certificate that it was made for is here", [], null, []) { Work = new RemoveFile(path) });
        }
    }

    private void PlanPrevious(List<PurchasedPair> pairs, List<(PurchasedPair Pair, InstalledPair Work, string Reason)> installed)
    {
        foreach (var pair in pairs)
        {
            var made = installed.Find(i => i.Pair == pair).Work?.Pair;
            _changes.AddRange(PreviousPair.Plan(
                _manifest,
                _observed,
                CertificatePaths.Previous(_manifest, pair.Kind),
                PreviousPair.Present(_observed, pair.Place),
                made is not null && PreviousPair.IsReplaced(_observed, pair.Place, made.Files, made.CreateLeaf),
                request.Now));
        }
    }

    // All are made by one piece of work, which the last request's change carries.
    private IEnumerable<Change> Requests(IReadOnlyList<WantedRequest> wanted)
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
                [new("names", null, string.Join(", ", _manifest.Certificate.Names)), new("key", null, one.Digest ?? "the new one"), new("mode", null, "0600 root:root")],
                null,
                [])
            {
                Work = ReferenceEquals(one, wanted[^1]) ? new WriteRequests(_manifest.Certificate.Names, wanted, digests) : null,
            };
        }
    }

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];
}
