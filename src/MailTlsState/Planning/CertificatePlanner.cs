using System.Globalization;
using MailTlsState.Certificates;
using MailTlsState.Certificates.PrivateCa;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Resources;

namespace MailTlsState.Planning;

/// <summary>What is to be done for directories, CA, key and certificate.</summary>
/// <param name="Changes">In the order of apply.</param>
/// <param name="Diagnostics">Errors end the plan.</param>
/// <param name="Files">Where key and certificate lie afterwards.</param>
internal sealed record CertificateChanges(IReadOnlyList<Change> Changes, IReadOnlyList<Diagnostic> Diagnostics, CertificateFiles Files);

/// <summary>Plans directories, CA, key and certificate. Pure.</summary>
internal sealed class CertificatePlanner(Manifest manifest, HostObservation observed, DateTimeOffset now)
{
    private const int PrivateDirectory = 0x1C0; // 0700
    private const int SharedDirectory = 0x1ED; // 0755
    private const int PrivateFile = 0x180; // 0600

    private readonly List<Change> _changes = [];
    private readonly List<Diagnostic> _diagnostics = [];

    private CertificateFiles Now => CertificatePaths.Of(manifest, observed.CertificateGeneration);

    private PrivateCaManifest Ca => (PrivateCaManifest)manifest.Certificate.Issuer;

    /// <summary>What lies on disk, judged.</summary>
    public static CertificateState Examine(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var files = CertificatePaths.Of(manifest, observed.CertificateGeneration);
        return CertificateState.Examine(
            manifest.Certificate, manifest.Certificate.Keys[0], observed.File(files.Chain), observed.File(files.Key), ExamineRoot(manifest, observed, now), now);
    }

    public CertificateChanges Plan(IReadOnlyList<string> effects)
    {
        PlanDirectories();
        RefuseOddTargets();
        if (_diagnostics.Any(d => d.Severity == Severity.Error))
        {
            return new CertificateChanges([], _diagnostics, Now);
        }

        var root = ExamineRoot(manifest, observed, now);
        _diagnostics.AddRange(root.Diagnostics);
        var state = Examine(manifest, observed, now);
        if (!root.Usable)
        {
            return new CertificateChanges([], _diagnostics, Now);
        }

        if (state.CreateLeaf && observed.Secrets.FirstOrDefault(s => s.Reference == Ca.Passphrase)?.Problem is { } problem)
        {
            _diagnostics.Add(PlanDiagnostics.PassphraseMissing(manifest.Source.Locate("/certificate/issuer/passphrase"), problem));
        }

        if (!root.Exists)
        {
            PlanRoot();
        }

        if (!state.IsCurrent)
        {
            PlanCertificate(state, root, effects);
        }

        PlanPrevious(state);
        PlanAttributes(effects);
        return new CertificateChanges(_changes, _diagnostics, After(state));
    }

    private static PrivateCaState ExamineRoot(Manifest manifest, HostObservation observed, DateTimeOffset now)
    {
        var ca = (PrivateCaManifest)manifest.Certificate.Issuer;
        return PrivateCaState.Examine(ca, manifest.Certificate.Names, observed.File(CertificatePaths.RootKey(ca)), observed.File(CertificatePaths.Root(ca)), now);
    }

    // Also where only the chain is there: it may be the bundle of an earlier layout, which Postfix reads until main.cf is renamed.
    // A bundle takes its own place by one rename, whatever changes.
    private CertificateFiles After(CertificateState state)
    {
        var used = !Now.IsBundle && (observed.File(Now.Key).Kind != FileKind.Absent || observed.File(Now.Chain).Kind != FileKind.Absent);
        return CertificatePaths.Of(manifest, observed.CertificateGeneration + (state.CreateKey && used ? 1 : 0));
    }

    private void PlanDirectories()
    {
        var own = new HashSet<string> { manifest.Certificate.Directory, Ca.Directory };
        foreach (var path in CertificatePaths.Directories(manifest))
        {
            var at = manifest.Source.Locate(path == Ca.Directory ? "/certificate/issuer/directory" : "/certificate/directory");
            var directory = observed.File(path);
            switch (directory.Kind)
            {
                case FileKind.Absent or FileKind.Directory when (own.Contains(path) || directory.Kind == FileKind.Absent) && PathDiagnostics.Obstacle(directory, at) is { } obstacle:
                    AddOnce(obstacle);
                    break;
                case FileKind.Absent:
                    var mode = own.Contains(path) ? PrivateDirectory : SharedDirectory;
                    _changes.Add(new Change("directory", path, ChangeAction.Create, "it does not exist", [new("owner", null, "root:root"), new("mode", null, FileModes.Octal(mode))], null, [])
                    {
                        Work = new MakeDirectory(path, mode),
                    });
                    break;
                case FileKind.Directory when own.Contains(path):
                    CheckOwnDirectory(at, directory);
                    break;
                case FileKind.Directory:
                    break;
                case FileKind.SymbolicLink when !own.Contains(path):
                    // A parent such as /etc/pki may be a link of the system's; the host resolves it as long as only root can change it.
                    break;
                default:
                    _diagnostics.Add(PlanDiagnostics.DirectoryUnusable(at, path, directory.Kind == FileKind.SymbolicLink ? $"is a symbolic link to {directory.LinkTarget}" : "is not a directory"));
                    break;
            }
        }
    }

    private void CheckOwnDirectory(SourceLocation at, FileObservation directory)
    {
        if (directory.Owner != 0)
        {
            _diagnostics.Add(PlanDiagnostics.DirectoryUnusable(at, directory.Path, $"belongs to user {directory.Owner}, not to root"));
        }
        else if ((directory.Mode & 0x12) != 0)
        {
            _diagnostics.Add(PlanDiagnostics.DirectoryUnusable(at, directory.Path, $"can be written by others (mode {FileModes.Octal(directory.Mode)})"));
        }
        else if ((directory.Mode & 0x3F) != 0)
        {
            _diagnostics.Add(PlanDiagnostics.DirectoryOpen(at, directory.Path, directory.Mode));
        }
    }

    // One directory can stand in the way of several files.
    private void AddOnce(Diagnostic obstacle)
    {
        if (_diagnostics.All(d => d.Code != obstacle.Code || d.Remedy != obstacle.Remedy))
        {
            _diagnostics.Add(obstacle);
        }
    }

    private void RefuseOddTargets()
    {
        var files = Now;
        var at = manifest.Source.Locate("/certificate/directory");
        foreach (var path in new[] { files.Key, files.Chain, CertificatePaths.RootKey(Ca), CertificatePaths.Root(Ca), CertificatePaths.Previous(manifest) }.Distinct())
        {
            var file = observed.File(path);
            var what = file switch
            {
                { Problem: { } problem } => $"cannot be read: {problem}",
                { Kind: FileKind.Directory } => "is a directory",
                { Kind: FileKind.Other } => "is not a regular file",
                _ => null,
            };

            // What stands in the way of a new file was reported with its directory.
            if (file.Kind != FileKind.Absent && PathDiagnostics.Obstacle(file, at, mend: true) is { } obstacle)
            {
                AddOnce(obstacle);
            }
            else if (what is not null)
            {
                _diagnostics.Add(PlanDiagnostics.TargetUnusable(at, path, what));
            }
        }
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
                new("not after", null, Day(now - PrivateCaIssuer.ClockSkew + Ca.Lifetime)),
                new("files", null, "ca.key and ca.pem, root:root 0600"),
                new("sha256 of certificate", null, null, KnownAfterApply: true),
            ],
            null,
            []));
    }

    private void PlanCertificate(CertificateState state, PrivateCaState root, IReadOnlyList<string> effects)
    {
        var files = After(state);
        var reason = string.Join("; ", state.Reasons.Select(r => r.Text));
        var kind = KeyKinds.Text(manifest.Certificate.Keys[0]);
        if (state.CreateKey)
        {
            _changes.Add(new Change(
                "key",
                files.Key,
                state.PublicKeyDigest is null ? ChangeAction.Create : ChangeAction.Replace,
                state.RotatesKey ? "the manifest rotates the key at a renewal" : reason,
                [new("kind", null, kind), new("sha256 of public key", state.PublicKeyDigest, null, KnownAfterApply: true)],
                null,
                []));
        }

        var digests = new[] { Now.Key, Now.Chain, files.Key, files.Chain, CertificatePaths.RootKey(Ca), CertificatePaths.Root(Ca) }.Distinct()
            .ToDictionary(p => p, p => observed.File(p).Digest);
        var attributes = new List<AttributeChange>();
        if (state.CreateLeaf)
        {
            var end = PrivateCaIssuer.EndOfNewLeaf(Ca.LeafLifetime, root.Facts?.NotAfter, now);
            attributes.Add(new("names", Names(state.Leaf), string.Join(", ", manifest.Certificate.Names)));
            attributes.Add(new("issuer", state.Leaf?.Issuer, root.Facts?.Subject ?? $"the new CA {Ca.Subject.CommonName}"));
            attributes.Add(new("not after", state.Leaf is { } old ? Day(old.NotAfter) : null, Day(end)));
            attributes.Add(new("sha256 of certificate", state.Leaf?.Fingerprint, null, KnownAfterApply: true));
        }

        attributes.Add(new("layout", null, files.IsBundle ? $"bundle: key, leaf and chain in {Name(files.Chain)}" : $"split: {Name(files.Key)} and {Name(files.Chain)}"));
        attributes.Add(new("mode", null, "0600 root:root"));
        _changes.Add(new Change(
            "certificate",
            files.Chain,
            observed.File(files.Chain).Kind == FileKind.Absent ? ChangeAction.Create : state.CreateLeaf ? ChangeAction.Replace : ChangeAction.Update,
            reason,
            attributes,
            null,
            effects)
        {
            Work = new IssueCertificate(files, !root.Exists && state.CreateLeaf, state.CreateKey, state.CreateLeaf, digests, manifest.Certificate, state.LeafDer),
        });
        foreach (var old in observed.FormerCertificateFiles.Concat([Now.Key, Now.Chain]).Except([files.Key, files.Chain]).Where(p => observed.File(p).Kind == FileKind.Regular))
        {
            _changes.Add(new Change("file", old, ChangeAction.Delete, "the new pair takes its place, once it is served", [], null, []) { Work = new RemoveFile(old) });
        }
    }

    private void PlanPrevious(CertificateState state) =>
        _changes.AddRange(PreviousPair.Plan(manifest, observed, Now, PreviousPair.IsReplaced(observed, Now, After(state), state.CreateLeaf), now));

    // Files that this plan writes get their attributes from the first byte; the others are set right.
    private void PlanAttributes(IReadOnlyList<string> effects)
    {
        var files = Now;
        var written = _changes.Select(c => c.Work).OfType<IssueCertificate>().Any() ? new[] { files.Key, files.Chain } : [];
        foreach (var path in new[] { files.Key, files.Chain, CertificatePaths.RootKey(Ca), CertificatePaths.Root(Ca) }.Distinct().Except(written))
        {
            var file = observed.File(path);
            if (file.Kind != FileKind.Regular || (file is { Owner: 0, Group: 0, Mode: PrivateFile }))
            {
                continue;
            }

            _changes.Add(new Change(
                "file",
                path,
                ChangeAction.Update,
                "others may read or change it",
                [new("owner", $"{file.Owner}:{file.Group}", "0:0"), new("mode", FileModes.Octal(file.Mode), FileModes.Octal(PrivateFile))],
                null,
                [])
            {
                Work = new SetAttributes(path, 0, 0, PrivateFile),
            });
        }
    }

    private static string? Names(CertificateFacts? leaf) => leaf is null ? null : string.Join(", ", leaf.DnsNames);

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
}
