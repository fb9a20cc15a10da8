using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Certificates.PrivateCa;

/// <summary>Plans the roots themselves: made where there is none, followed by another one, encrypted anew. Pure.</summary>
internal sealed class Roots(CertificatePlanRequest request, List<Diagnostic> diagnostics)
{
    private readonly Manifest _manifest = request.Manifest;
    private readonly HashSet<SecretReference> _needed = [];

    private PrivateCaManifest Ca => (PrivateCaManifest)_manifest.Certificate.Issuer;

    /// <summary>A CA on disk, judged.</summary>
    public static PrivateCaState Examine(Manifest manifest, PrivateCaManifest ca, HostObservation observed, DateTimeOffset now)
    {
        var state = PrivateCaState.Examine(ca, manifest.Certificate.Names, observed.File(CertificatePaths.RootKey(ca)), observed.File(CertificatePaths.Root(ca)), now);
        if (state.Diagnostics.All(d => d.Code != CertificateDiagnostics.UnfitRoot) || !TrustWitness.OnDisk(observed).Any(w => LeafProfile.IsSignedBy(w.Leaf!, state.Certificate!)))
        {
            return state;
        }

        // Clients that accept what it signed go on doing so, and the others lose nothing by another leaf.
        return state with { Diagnostics = [.. state.Diagnostics.Select(d => d.Code == CertificateDiagnostics.UnfitRoot ? d with { Severity = Severity.Warning } : d)] };
    }

    /// <summary>The change that makes the CA that signs; the certificate's work does it.</summary>
    /// <param name="replaces">True when what is left of a lost one is replaced.</param>
    public Change Create(bool replaces)
    {
        var ca = Ca.Signing;
        _needed.Add(ca.Passphrase);
        return new Change(
            "certificateAuthority",
            ca.Directory,
            replaces ? ChangeAction.Replace : ChangeAction.Create,
            replaces ? "its key is lost, and a new root is accepted" : "there is no CA yet",
            [.. Attributes(ca, Text(ca.Subject), $"{KeyKinds.Text(ca.Key)}, encrypted under the passphrase from {ca.Passphrase}")],
            null,
            []);
    }

    /// <summary>Notes that a passphrase is needed, and says what stands in its way.</summary>
    public void Need(SecretReference passphrase) => _needed.Add(passphrase);

    /// <summary>Says which passphrases are missing: those that this plan needs, and those of files that the next renewal will need.</summary>
    /// <param name="waits">True where a renewal is due, and waits.</param>
    public void JudgePassphrases(bool waits)
    {
        foreach (var secret in request.Observed.Secrets.Where(s => s.Problem is not null))
        {
            var own = secret.Reference != Ca.Passphrase && Ca.Successor is not null;
            var at = _manifest.Source.Locate(own ? "/certificate/issuer/successor/passphrase" : "/certificate/issuer/passphrase");
            if (_needed.Contains(secret.Reference))
            {
                diagnostics.Add(PlanDiagnostics.PassphraseMissing(at, secret.Problem!));
            }
            else if ((waits || secret.Reference.File is not null) && secret.Reference == Ca.Signing.Passphrase)
            {
                diagnostics.Add(PlanDiagnostics.PassphraseMissingLater(at, secret.Problem!, waits));
            }
        }
    }

    /// <summary>The change that makes the next root, or none; what there is to know while two of them are in use.</summary>
    /// <param name="present">The present CA.</param>
    /// <param name="signing">The CA that signs.</param>
    public IEnumerable<Change> PlanSuccessor(PrivateCaState present, PrivateCaState signing)
    {
        if (Ca.Successor is not { } next)
        {
            return [];
        }

        if (next.Trusted)
        {
            diagnostics.AddRange(signing.Facts is { } used ? [CaDiagnostics.SuccessorSigns(At("successor"), used.Subject, next.Ca.Directory, present.Facts?.NotAfter)] : Array.Empty<Diagnostic>());
            return [];
        }

        var state = Examine(_manifest, next.Ca, request.Observed, request.Now);
        if (!state.Exists)
        {
            diagnostics.AddRange(state.Diagnostics);
            return next.SameKey && !(present.Usable && present.Certificate is not null) ? Refuse(CaDiagnostics.SameKeyNeedsPresent(At("successor/key"))) : [Make(next, present)];
        }

        // It is not in use, so nothing of it stands in the way of what is.
        diagnostics.AddRange(state.Diagnostics.Where(d => !next.SameKey || d.Code != CertificateDiagnostics.RootDiffers).Select(d => d.Severity == Severity.Error ? d with { Severity = Severity.Warning } : d));
        if (state is { Usable: true, Facts: { } facts })
        {
            var ends = present.Facts?.NotAfter;
            diagnostics.Add(CaDiagnostics.SuccessorWaits(
                At("successor"), facts.Subject, facts.Fingerprint, CertificatePaths.Root(next.Ca), Overlap(ends, facts.NotBefore), urgent: ends is { } end && end - request.Now < Ca.LeafLifetime / 2));
        }

        return [];
    }

    /// <summary>The changes that encrypt key files as the manifest says.</summary>
    public IEnumerable<Change> PlanEncryption()
    {
        foreach (var ca in PrivateCaCertificates.All(_manifest))
        {
            var path = CertificatePaths.RootKey(ca);
            if (Examine(_manifest, ca, request.Observed, request.Now).Key is not { } key || (key.Encrypted && key.Scheme is not { IsStrong: false }))
            {
                continue;
            }

            if (ca.KeyEncryption == KeyFileEncryption.AsFound)
            {
                diagnostics.AddRange(key.Encrypted ? [CaDiagnostics.KeyIsWeaklyEncrypted(path, key.Scheme!.Text)] : Array.Empty<Diagnostic>());
                continue;
            }

            diagnostics.RemoveAll(d => d.Code == CertificateDiagnostics.UnencryptedRootKey);
            _needed.Add(ca.Passphrase);
            var digests = new[] { path, CertificatePaths.Root(ca) }.ToDictionary(p => p, p => request.Observed.File(p).Digest);
            yield return new Change(
                "certificateAuthority",
                path,
                ChangeAction.Update,
                key.Encrypted ? "the manifest wants a strong encryption of the root's key" : "the root's key is not encrypted",
                [
                    new("encryption", key.Encrypted ? key.Scheme!.Text : "none", $"PBKDF2-HMAC-SHA256 {RootKeyFile.Rounds} AES-256-CBC"),
                    new("passphrase", null, $"from {ca.Passphrase}{(key.Encrypted ? ", as now" : "")}"),
                ],
                null,
                [])
            {
                Work = new EncryptRootKey(ca, !key.Encrypted, digests),
            };
        }
    }

    private Change Make(SuccessorManifest next, PrivateCaState present)
    {
        _needed.Add(next.Ca.Passphrase);
        if (next.SameKey)
        {
            _needed.Add(Ca.Passphrase);
        }

        var paths = PrivateCaCertificates.Files(_manifest).Where(p => next.SameKey || p.StartsWith(next.Ca.Directory + "/", StringComparison.Ordinal));
        var subject = next.SameKey ? present.Facts!.Subject : Text(next.Ca.Subject);
        var key = next.SameKey ? $"the present root's ({present.Facts!.Key}), encrypted under the passphrase from {next.Ca.Passphrase}" : $"{KeyKinds.Text(next.Ca.Key)}, encrypted under the passphrase from {next.Ca.Passphrase}";
        return new Change(
            "certificateAuthority",
            next.Ca.Directory,
            ChangeAction.Create,
            "the manifest prepares the next root; it signs nothing yet",
            [
                .. Attributes(next.Ca, subject, key),
                new("overlap with the present root", null, Overlap(present.Facts?.NotAfter, request.Now)),
                new("signs", null, "nothing, until certificate.issuer.successor.trusted says that clients have it"),
            ],
            null,
            [])
        {
            Work = new CreateSuccessor(Ca, next, paths.ToDictionary(p => p, p => request.Observed.File(p).Digest)),
        };
    }

    private IEnumerable<AttributeChange> Attributes(PrivateCaManifest ca, string subject, string key) =>
    [
        new("subject", null, subject),
        new("key", null, key),
        new("certificate", null, "X.509 v3, CA:TRUE, pathlen 0"),
        new("not after", null, AttributeChange.Time(request.Now - PrivateCaIssuer.ClockSkew + ca.Lifetime)),
        new("files", null, "ca.key and ca.pem, root:root 0600"),
        new("sha256 of certificate", null, null, KnownAfterApply: true),
    ];

    private IEnumerable<Change> Refuse(Diagnostic why)
    {
        diagnostics.Add(why);
        return [];
    }

    private string Overlap(DateTimeOffset? presentEnd, DateTimeOffset start)
    {
        var from = start > request.Now ? start : request.Now;
        return presentEnd is not { } end ? "none: there is no present root"
            : end <= from ? "none: the present root has ended"
            : $"{Durations.Text(end - from)}, until {CertificateDiagnostics.Day(end)}";
    }

    private SourceLocation At(string setting) => _manifest.Source.Locate("/certificate/issuer/" + setting);

    private static string Text(DistinguishedName s) => string.Join(
        ", ",
        new[] { ("CN", s.CommonName), ("OU", s.OrganizationalUnit), ("O", s.Organization), ("L", s.Locality), ("ST", s.State), ("C", s.Country) }
            .Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={p.Item2}"));
}
