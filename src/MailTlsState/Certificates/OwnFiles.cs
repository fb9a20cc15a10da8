using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Certificates;

/// <summary>Plans what is the same for every issuer whose files MailTlsState keeps itself: directories, obstacles, attributes. Pure.</summary>
/// <param name="manifest">The desired state.</param>
/// <param name="observed">The host.</param>
/// <param name="directories">Directories of our own and the manifest's setting of each.</param>
internal sealed class OwnFiles(Manifest manifest, HostObservation observed, IReadOnlyDictionary<string, string> directories)
{
    private const int PrivateDirectory = 0x1C0; // 0700
    private const int SharedDirectory = 0x1ED; // 0755
    private const int PrivateFile = 0x180; // 0600

    private readonly List<Diagnostic> _diagnostics = [];

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics => _diagnostics;

    /// <summary>The directories that are missing, outermost first; what is wrong with those that are there.</summary>
    public IReadOnlyList<Change> PlanDirectories()
    {
        var changes = new List<Change>();
        foreach (var path in CertificatePaths.WithParents(directories.Keys))
        {
            var own = directories.ContainsKey(path);
            var at = manifest.Source.Locate(directories.GetValueOrDefault(path) ?? "/certificate/directory");
            var directory = observed.File(path);
            switch (directory.Kind)
            {
                case FileKind.Absent or FileKind.Directory when (own || directory.Kind == FileKind.Absent) && PathDiagnostics.Obstacle(directory, at) is { } obstacle:
                    AddOnce(obstacle);
                    break;
                case FileKind.Absent:
                    var mode = own ? PrivateDirectory : SharedDirectory;
                    changes.Add(new Change("directory", path, ChangeAction.Create, "it does not exist", [new("owner", null, "root:root"), new("mode", null, FileModes.Octal(mode))], null, [])
                    {
                        Work = new MakeDirectory(path, mode),
                    });
                    break;
                case FileKind.Directory when own:
                    CheckOwnDirectory(at, directory);
                    break;
                case FileKind.Directory:
                    break;
                case FileKind.SymbolicLink when !own:
                    // A parent such as /etc/pki may be a link of the system's; the host resolves it as long as only root can change it.
                    break;
                default:
                    _diagnostics.Add(PlanDiagnostics.DirectoryUnusable(at, path, directory.Kind == FileKind.SymbolicLink ? $"is a symbolic link to {directory.LinkTarget}" : "is not a directory"));
                    break;
            }
        }

        return changes;
    }

    /// <summary>Finds fault with files that cannot be written.</summary>
    public void RefuseOddTargets(IEnumerable<string> paths)
    {
        var at = manifest.Source.Locate("/certificate/directory");
        foreach (var path in paths.Distinct())
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

    /// <summary>Sets owner and mode of files right that no other change writes.</summary>
    public IEnumerable<Change> PlanAttributes(IEnumerable<string> paths)
    {
        foreach (var path in paths.Distinct())
        {
            var file = observed.File(path);
            if (file.Kind == FileKind.Regular && file is not { Owner: 0, Group: 0, Mode: PrivateFile })
            {
                yield return new Change(
                    "file",
                    path,
                    ChangeAction.Update,
                    "others may read or change it",
                    [new("owner", $"{file.Owner}:{file.Group}", "0:0"), new("mode", FileModes.Octal(file.Mode), FileModes.Octal(PrivateFile))],
                    null,
                    [])
                {
                    Work = new SetAttributes(path, 0, 0, PrivateFile),
                };
            }
        }
    }

    /// <summary>Sets owner and mode of a file right that everybody may read and root alone may change, such as a root's certificate.</summary>
    public IEnumerable<Change> PlanPublicAttributes(string path)
    {
        var file = observed.File(path);
        var mode = FileModes.OwnerMayWrite(file.Mode);
        if (file.Kind == FileKind.Regular && (file.Owner != 0 || mode != file.Mode))
        {
            yield return new Change(
                "file",
                path,
                ChangeAction.Update,
                "others may change it",
                [new("owner", $"{file.Owner}:{file.Group}", "0:0"), new("mode", FileModes.Octal(file.Mode), FileModes.Octal(mode))],
                null,
                [])
            {
                Work = new SetAttributes(path, 0, 0, mode),
            };
        }
    }

    /// <summary>
    /// Where a pair lies afterwards: a new key goes under new names in the split layout. Also where only the chain is there: it may be the bundle
    /// of an earlier layout, which Postfix reads until main.cf is renamed. A bundle takes its own place by one rename, whatever changes.
    /// </summary>
    public CertificateFiles After(KeyKind kind, CertificatePlace place, bool createKey)
    {
        var used = !place.Files.IsBundle && (observed.File(place.Files.Key).Kind != FileKind.Absent || observed.File(place.Files.Chain).Kind != FileKind.Absent);
        return CertificatePaths.Of(manifest, kind, place.Generation + (createKey && used ? 1 : 0));
    }

    /// <summary>The files that go once the pair in <paramref name="after"/> is served.</summary>
    public IEnumerable<Change> PlanRemoval(CertificatePlace place, CertificateFiles after) =>
        place.Former.Concat([place.Files.Key, place.Files.Chain]).Except([after.Key, after.Chain]).Where(p => observed.File(p).Kind == FileKind.Regular)
            .Select(p => new Change("file", p, ChangeAction.Delete, "the new pair takes its place, once it is served", [], null, []) { Work = new RemoveFile(p) });

    private void CheckOwnDirectory(SourceLocation at, FileObservation directory)
    {
        if (directory.Owner != 0)
        {
            _diagnostics.Add(PlanDiagnostics.DirectoryUnusable(at, directory.Path, $"belongs to user {directory.Owner}, not to root"));
        }
        else if (FileModes.OthersMayWrite(directory.Mode))
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
}
