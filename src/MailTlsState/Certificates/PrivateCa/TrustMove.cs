using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using Org.BouncyCastle.Asn1.X509;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>
/// Whether a plan would make clients trust another root: they accept the host's certificate today, and would refuse the next one. That is done
/// only where the manifest says that they have the other root, or whoever runs the command accepts it. Pure.
/// </summary>
/// <param name="request">What is planned.</param>
/// <param name="root">The CA that signs, as it lies on disk.</param>
internal sealed class TrustMove(CertificatePlanRequest request, PrivateCaState root)
{
    private readonly Manifest _manifest = request.Manifest;

    private PrivateCaManifest Ca => (PrivateCaManifest)_manifest.Certificate.Issuer;

    private readonly string? _former = root.Exists ? null : Former(request);

    /// <summary>True when the CA that signs is made by this plan.</summary>
    public bool MakesRoot => root.KeyLost || _former is not null ? request.AcceptNewRoot && !KeyIsThere : !root.Exists;

    // What cannot be read may be whole: a key of another algorithm, a file system's fault, a copy that is under way.
    private bool KeyIsThere => root.KeyLost && !root.KeyGone;

    /// <summary>True when the manifest's own root can sign no more.</summary>
    private bool IsLost => root.KeyLost || _former == NameOf(Ca.Signing.Subject);

    // Where the certificate alone is asked for, as by a timer, nothing is left to go on with: whoever watches it has to hear of it.
    private bool MayDefer => request.Scope == PlanScope.Everything && !MakesRoot
        && (IsLost || request.Observed.Secrets.Any(s => s.Reference == Ca.Signing.Passphrase && s.Problem is not null));

    /// <summary>What is to be done while nothing can be signed: a renewal that is merely due waits.</summary>
    public IReadOnlyList<CertificateState> Defer(IReadOnlyList<CertificateState> states) => MayDefer ? [.. states.Select(s => s.Deferred)] : states;

    /// <summary>What is to be said: errors where the plan must not go on.</summary>
    /// <param name="states">The certificates on disk, judged; what can wait is left out (<see cref="Defer"/>).</param>
    /// <param name="waits">True where a renewal waits.</param>
    public IEnumerable<Diagnostic> Judge(IReadOnlyList<CertificateState> states, bool waits)
    {
        var signs = states.Any(s => s.CreateLeaf);
        if (!root.Exists && Ca.Successor is { Trusted: true, SameKey: var sameKey })
        {
            // Clients cannot have what does not exist.
            return sameKey || !request.AcceptNewRoot ? [CaDiagnostics.SuccessorIsMissing(At("successor/trusted"), Ca.Signing.Directory)] : [CaDiagnostics.NewRootAccepted(), .. Others()];
        }

        if (KeyIsThere && request.AcceptNewRoot)
        {
            return [CaDiagnostics.AlreadyExists(CertificatePaths.RootKey(Ca.Signing)), .. root.Diagnostics];
        }

        if (IsLost && !MakesRoot)
        {
            // What can be served goes on; only what has to be signed cannot be.
            var lost = root.Exists ? CertificatePaths.RootKey(Ca.Signing) : Ca.Signing.Directory;
            var end = states.Select(s => s.Leaf?.NotAfter).Min();
            var severity = signs ? Severity.Error : Severity.Warning;
            return [CaDiagnostics.RootIsLost(lost, signs, waits, end) with { Severity = severity }, .. root.Diagnostics.Select(d => d with { Severity = (Severity)Math.Max((int)d.Severity, (int)severity) })];
        }

        if (MakesRoot)
        {
            return root.KeyLost || _former is not null ? [CaDiagnostics.NewRootAccepted()] : root.Diagnostics;
        }

        if (_former is not null)
        {
            return [CaDiagnostics.RootWouldChange(_former, NameOf(Ca.Signing.Subject) + ", which is yet to be made")];
        }

        var moves = root.Usable ? Leaves(states).FirstOrDefault(IsOfAnotherRoot)?.Issuer : null;
        return moves is null ? Others()
            : request.AcceptNewRoot ? [CaDiagnostics.NewRootAccepted(), .. Others()]
            : [CaDiagnostics.RootWouldChange(moves, root.Facts!.Subject), .. Others()];
    }

    // While the next root is at hand, the end of the present one is told with it.
    private IEnumerable<Diagnostic> Others() => root.Diagnostics.Where(d => Ca.Successor is null or { Trusted: true } || d.Code != CertificateDiagnostics.RootEndsSoon);

    // The leaves that clients accept today and that another takes the place of. Where the manifest's files are yet to be made, another set of files is left.
    private IEnumerable<TrustWitness> Leaves(IReadOnlyList<CertificateState> states)
    {
        var replaced = states.Where(s => s.CreateLeaf).ToList();
        return replaced.Count > 0 && states.All(s => s.Leaf is null or { IsSelfIssued: true })
            ? TrustWitness.Elsewhere(request.Observed, root.Facts!.Subject)
            : replaced.Where(s => s.Leaf is { IsSelfIssued: false }).Select(s => new TrustWitness(s.Leaf!.Issuer, s.LeafDer));
    }

    // One of a root that the manifest names is at its administrator's word.
    private bool IsOfAnotherRoot(TrustWitness witness)
    {
        var roots = PrivateCaCertificates.All(_manifest).Select(c => Roots.Examine(_manifest, c, request.Observed, request.Now)).Where(r => r.Certificate is not null);
        return Ca.Successor is not { Trusted: true }
            && !roots.Any(r => witness.Leaf is { } leaf ? LeafProfile.IsSignedBy(leaf, r.Certificate!) : witness.Issuer == r.Facts!.Subject);
    }

    // What shows, where there is no root, that clients trust one: the manifest's own before any other.
    private static string? Former(CertificatePlanRequest request)
    {
        var own = NameOf(((PrivateCaManifest)request.Manifest.Certificate.Issuer).Signing.Subject);
        var issuers = TrustWitness.OnDisk(request.Observed).Concat(TrustWitness.Elsewhere(request.Observed, own)).Select(w => w.Issuer).ToList();
        return issuers.Contains(own) ? own : issuers.FirstOrDefault();
    }

    private static string NameOf(DistinguishedName subject) => CertificateFacts.NameText(X509Name.GetInstance(Names.Encode(subject).RawData));

    private SourceLocation At(string setting) => _manifest.Source.Locate("/certificate/issuer/" + setting);
}
