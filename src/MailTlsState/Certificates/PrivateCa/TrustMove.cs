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

    // What shows, where there is no root, that clients trust one.
    private readonly string? _former = root.Exists ? null : Former(request).FirstOrDefault();

    /// <summary>True when the CA that signs is made by this plan.</summary>
    public bool MakesRoot => root.KeyLost || _former is not null ? request.AcceptNewRoot : !root.Exists;

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

        if (IsLost && !request.AcceptNewRoot)
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

        var moves = root.Usable ? states.Where(s => s.CreateLeaf && IsOfAnotherRoot(s)).Select(s => s.Leaf!.Issuer).FirstOrDefault() : null;
        return moves is null ? Others()
            : request.AcceptNewRoot ? [CaDiagnostics.NewRootAccepted(), .. Others()]
            : [CaDiagnostics.RootWouldChange(moves, root.Facts!.Subject), .. Others()];
    }

    // While the next root is at hand, the end of the present one is told with it.
    private IEnumerable<Diagnostic> Others() => root.Diagnostics.Where(d => Ca.Successor is null or { Trusted: true } || d.Code != CertificateDiagnostics.RootEndsSoon);

    // A self-signed certificate is trusted by nobody who did not look at it, and one of a root that the manifest names is at its administrator's word.
    private bool IsOfAnotherRoot(CertificateState state) =>
        state.Leaf is { IsSelfIssued: false } && Ca.Successor is not { Trusted: true }
        && !PrivateCaCertificates.All(_manifest).Select(c => Roots.Examine(_manifest, c, request.Observed, request.Now).Certificate).OfType<byte[]>().Any(c => LeafProfile.IsSignedBy(state.LeafDer!, c));

    // What shows that there was a CA of this name or a certificate of any: on disk, or still served.
    private static IEnumerable<string> Former(CertificatePlanRequest request)
    {
        var disk = request.Observed.Certificates.SelectMany(p => p.Former.Prepend(p.Files.Chain)).Distinct()
            .Select(f => request.Observed.File(f).Text).OfType<string>().SelectMany(t => PemFile.Parse(t).Certificates).Select(c => c.Facts!);
        foreach (var leaf in disk.Where(f => f is { IsAuthority: false, IsSelfIssued: false }))
        {
            yield return leaf.Issuer;
        }

        var name = NameOf(((PrivateCaManifest)request.Manifest.Certificate.Issuer).Signing.Subject);
        foreach (var chain in request.Observed.Served.Select(s => s.Probe.Chain).Where(c => c.Count > 0))
        {
            if (Issuer(chain[0]) is { } issuer && issuer == name)
            {
                yield return issuer;
            }
        }
    }

    private static string NameOf(DistinguishedName subject) => CertificateFacts.NameText(X509Name.GetInstance(Names.Encode(subject).RawData));

    private static string? Issuer(string leaf)
    {
        try
        {
            var facts = CertificateFacts.Read(Convert.FromBase64String(leaf));
            return facts.IsSelfIssued ? null : facts.Issuer;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private SourceLocation At(string setting) => _manifest.Source.Locate("/certificate/issuer/" + setting);
}
