using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Certificates.HostTrust;

/// <summary>Plans which roots the host itself trusts: those that the manifest asks for, and no other of ours.</summary>
internal static class HostTrustPlanner
{
    private const string Kind = "trustAnchor";

    /// <summary>Looks at our files in the trust stores and, where there is one or one is wanted, at their programs.</summary>
    public static async Task LookAsync(ObservedFiles files, Manifest manifest, bool wanted, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(Paths(manifest).Select(p => files.LookAsync(p.File, cancellation))).ConfigureAwait(false);
        if (wanted || Array.Exists(found, f => f.Kind != FileKind.Absent))
        {
            await Task.WhenAll(TrustStore.All.SelectMany(s => new[] { files.LookAsync(s.Directory, cancellation), files.ResolveAsync(s.Program, cancellation) })).ConfigureAwait(false);
        }
    }

    /// <summary>The changes. Pure.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="anchors">The roots that the host is to trust.</param>
    /// <param name="observed">The host.</param>
    /// <param name="others">The certificate's changes: a root that they make is installed as it is made.</param>
    public static CertificateChanges Plan(Manifest manifest, IReadOnlyList<HostAnchor> anchors, HostObservation observed, IReadOnlyList<Change> others)
    {
        var store = TrustStore.All.FirstOrDefault(s => s.IsOn(observed));
        if (anchors.Count > 0 && store is null)
        {
            return new CertificateChanges([], [CertificateDiagnostics.NoTrustStore(manifest.Source.Locate("/certificate/issuer/trustStore"))], []);
        }

        var changes = new List<Change>();
        var diagnostics = new List<Diagnostic>();
        var wanted = anchors.ToDictionary(a => store!.FileOf(manifest.Host, a.Role));
        foreach (var (path, of) in Paths(manifest))
        {
            var file = observed.File(path);
            if (file.Kind is not (FileKind.Absent or FileKind.Regular))
            {
                diagnostics.AddRange(wanted.ContainsKey(path) ? [PlanDiagnostics.TargetUnusable(manifest.Source.Locate("/certificate/issuer/trustStore"), path, "is not a regular file")] : Array.Empty<Diagnostic>());
            }
            else if (wanted.TryGetValue(path, out var anchor))
            {
                changes.AddRange(Install(file, anchor, of, observed, others));
            }
            else if (file.Kind == FileKind.Regular)
            {
                changes.Add(new Change(Kind, path, ChangeAction.Delete, "the manifest does not ask the host itself to trust it", [new("sha256 of certificate", Found(file)?.Facts!.Fingerprint, null)], null, [of.Program])
                {
                    Work = new RemoveAnchor(path, of),
                });
            }
        }

        return new CertificateChanges(changes, diagnostics, []);
    }

    private static IEnumerable<Change> Install(FileObservation file, HostAnchor anchor, TrustStore store, HostObservation observed, IReadOnlyList<Change> others)
    {
        var made = others.Any(c => c is { Kind: "certificateAuthority", Action: ChangeAction.Create or ChangeAction.Replace } && anchor.Root.StartsWith(c.Name + "/", StringComparison.Ordinal));
        var root = made ? null : Found(observed.File(anchor.Root));
        var there = Found(file);
        if (!made && (root is null || (there?.Facts!.Fingerprint == root.Facts!.Fingerprint && file is { Owner: 0, Mode: 0x1A4 })))
        {
            return [];
        }

        return
        [
            new Change(
                Kind,
                file.Path,
                file.Kind == FileKind.Absent ? ChangeAction.Create : ChangeAction.Replace,
                file.Kind == FileKind.Absent ? "the host itself is to trust the root" : "another root is to be trusted",
                [
                    new("root", there?.Facts!.Subject, root?.Facts!.Subject ?? "the new root"),
                    new("sha256 of certificate", there?.Facts!.Fingerprint, root?.Facts!.Fingerprint, KnownAfterApply: made),
                    new("mode", null, "0644 root:root"),
                ],
                null,
                [store.Program])
            {
                Work = new InstallAnchor(file.Path, anchor.Root, file.Digest, store),
            },
        ];
    }

    private static PemBlock? Found(FileObservation file) => file is { Kind: FileKind.Regular, Text: { } text } ? PemFile.Parse(text).SingleCertificate(out _) : null;

    private static IEnumerable<(string File, TrustStore Store)> Paths(Manifest manifest) =>
        TrustStore.All.SelectMany(s => HostAnchor.Roles.Select(r => (s.FileOf(manifest.Host, r), s)));
}
