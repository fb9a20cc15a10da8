using System.Security.Cryptography;
using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Certificates.HostTrust;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Execution;

/// <summary>The bytes of one file in its new state, in memory before anything is written.</summary>
/// <param name="Path">Where it goes.</param>
/// <param name="Content">All of it.</param>
/// <param name="Attributes">Owner, group and mode.</param>
/// <param name="OldDigest">Digest of what it replaces, or null when nothing is there.</param>
/// <param name="BackDated">True when its time stamp is set back (main.cf: Postfix waits for a fresh one to age).</param>
public sealed record NewFile(string Path, byte[] Content, FileAttributes Attributes, string? OldDigest, bool BackDated)
{
    /// <summary>SELinux context that it has from its creation on; null for that of the file whose place it takes, or what the policy gives.</summary>
    public string? Label { get; init; }

    /// <summary>The file that it replaces, as it was when its attributes were taken; null where nobody looked or nothing was there.</summary>
    public FileIdentity? Old { get; init; }
}

/// <summary>Turns a plan's work into bytes and steps. It reads the host, but changes nothing.</summary>
internal sealed class Stager(IHostWriter host, DateTimeOffset now, IReadOnlyDictionary<string, string>? labels = null)
{
    private const int PrivateFile = 0x180; // 0600
    private const int PublicFile = 0x1A4; // 0644

    private readonly List<NewFile> _files = [];
    private readonly List<Step> _before = [];
    private readonly List<Step> _after = [];
    private readonly HashSet<TrustStore> _stores = [];
    private readonly Dictionary<SecretReference, string> _secrets = [];
    private readonly List<KeepPair> _kept = [];

    // By their real paths, as the steps have them.
    private readonly Dictionary<string, string> _labels = (labels ?? new Dictionary<string, string>()).ToDictionary(l => host.Resolve(l.Key), l => l.Value);

    /// <summary>The new files, in the order of the plan.</summary>
    public IReadOnlyList<NewFile> Files => [.. _files.Select(f => f with { Label = _labels.GetValueOrDefault(f.Path) })];

    /// <summary>The leaves that will be served (DER); none when the plan makes none.</summary>
    public IReadOnlyList<byte[]> NewLeaves { get; private set; } = [];

    /// <summary>The root that the plan makes (DER), or null.</summary>
    public byte[]? NewRoot { get; private set; }

    /// <summary>Reads, edits, makes keys and signs, all in memory.</summary>
    /// <exception cref="MailTlsException">A file is not as it was planned from, or the CA's key does not open.</exception>
    public void Materialise(IEnumerable<Change> changes)
    {
        foreach (var work in changes.Select(c => c.Work).OfType<Work>())
        {
            switch (work)
            {
                case MakeDirectory d:
                    _before.Add(new CreateDirectoryStep(host.Resolve(d.Path), 0, 0, d.Mode, _labels.GetValueOrDefault(host.Resolve(d.Path))));
                    break;
                case SetAttributes a:
                    var was = host.Stat(a.Path) ?? throw Moved(a.Path);
                    _before.Add(new SetAttributesStep(host.Resolve(a.Path), Attributes(was), new FileAttributes(a.Owner, a.Group, a.Mode)));
                    break;
                case SetLabel l:
                    _before.Add(new SetLabelStep(host.Resolve(l.Path), l.Old, l.New));
                    break;
                case SetLabelRule r:
                    _before.Add(new LabelRuleStep(r.Pattern, r.Old, r.New, r.Rules));
                    break;
                case EditText e:
                    Edit(e);
                    break;
                case MakeCertificates m:
                    Make(m);
                    break;
                case RemoveFile r:
                    _after.Add(new RemoveFileStep(host.Resolve(r.Path), Step.DigestOf(host, r.Path) ?? throw Moved(r.Path)));
                    break;
                case InstallAnchor a:
                    Install(a);
                    break;
                case RemoveAnchor a:
                    _after.Add(new RemoveFileStep(host.Resolve(a.Path), Step.DigestOf(host, a.Path) ?? throw Moved(a.Path)));
                    _after.Add(new RefreshTrustStep(a.Store.Program, a.Store.AfterRemoving, TrustRefresh.AfterRemoval));
                    break;
                case RemoveText r:
                    _ = ReadPlanned(r.Path, r.BeforeDigest);
                    Add(r.Path, [], null, r.BeforeDigest);
                    _after.Add(new RemoveFileStep(host.Resolve(r.Path), Fingerprint.Digest([])));
                    break;
                case RemoveEmptyDirectory d:
                    _after.Add(new RemoveDirectoryStep(host.Resolve(d.Path), Attributes(host.Stat(d.Path) ?? throw Moved(d.Path))));
                    break;
                case RestorePair p:
                    Restore(p);
                    break;
                case KeepPair k:
                    Keep(k);
                    break;
            }
        }
    }

    /// <summary>The steps of the commit; temporary names carry <paramref name="id"/>.</summary>
    public IReadOnlyList<Step> Steps(string id, DateTimeOffset started)
    {
        var files = _files.Select((file, i) => ReplaceFileStep.Of(host, file, id, i + 1)).ToList();
        var kept = new List<Step>();
        var renamed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (target, path) in _kept.Where(k => k.Files.Count == 1).Select(k => (k.Path, k.Files[0])))
        {
            // What takes the pair's place left its before-image; where nothing does, a file that goes only changes its name.
            // One that stays, since it is as it should be already, is in use and no former pair.
            var replaces = files.Find(f => f.Path == path);
            if (replaces?.BeforeImage is null && !_after.Exists(s => s is RemoveFileStep && s.Path == path))
            {
                continue;
            }

            kept.Add(new KeepPairStep(target, replaces?.BeforeImage ?? path, replaces?.OldDigest ?? Step.DigestOf(host, path) ?? throw Moved(path), started, _labels.GetValueOrDefault(target)));
            if (replaces?.BeforeImage is null)
            {
                renamed.Add(path);
            }
        }

        Step[] before = [.. _before, .. _stores.Select(s => new RefreshTrustStep(s.Program, s.AfterRemoving, TrustRefresh.AfterUndo))];
        Step[] done = [.. files, .. _stores.Select(s => new RefreshTrustStep(s.Program, s.AfterAdding, TrustRefresh.AfterFiles))];
        return [.. before, .. done, .. kept, .. _after.Where(s => s is not RemoveFileStep || !renamed.Contains(s.Path))];
    }

    /// <summary>Overwrites the bytes of the new files, keys among them: they are on disk now, or will not be.</summary>
    public void Clear() => _files.ForEach(f => CryptographicOperations.ZeroMemory(f.Content));

    private void Edit(EditText work)
    {
        var old = ReadPlanned(work.Path, work.BeforeDigest);
        var text = work.Edit(old is null ? "" : Encoding.Latin1.GetString(old));
        Add(work.Path, Encoding.Latin1.GetBytes(text), null, work.BeforeDigest, work.KeepModificationTime);
    }

    // A root that this plan makes is not on disk yet.
    private void Install(InstallAnchor work)
    {
        _ = ReadPlanned(work.Path, work.BeforeDigest);
        var resolved = host.Resolve(work.Root);
        var root = _files.Find(f => f.Path == resolved)?.Content ?? host.ReadBytes(work.Root) ?? throw Moved(work.Root);
        var certificate = PemFile.Parse(Encoding.Latin1.GetString(root)).SingleCertificate(out _)?.Der ?? throw Moved(work.Root);
        Add(work.Path, BundleWriter.Certificate(certificate), PublicFile, work.BeforeDigest);
        _stores.Add(work.Store);
    }

    private void Make(MakeCertificates work)
    {
        foreach (var (path, digest) in work.BeforeDigests)
        {
            CryptographicOperations.ZeroMemory(ReadPlanned(path, digest));
        }

        var made = work.Make(new CertificateInputs(p => host.ReadBytes(p) ?? throw Moved(p), Secret, now));
        NewLeaves = [.. NewLeaves, .. made.Leaves];
        NewRoot = made.Root ?? NewRoot;
        foreach (var (path, content) in made.Files)
        {
            if (!IsThere(path, content))
            {
                Add(path, content, PrivateFile, work.BeforeDigests.GetValueOrDefault(path));
            }
        }
    }

    private bool IsThere(string path, byte[] content)
    {
        var there = host.ReadBytes(path);
        var same = there is not null && there.AsSpan().SequenceEqual(content);
        CryptographicOperations.ZeroMemory(there);
        return same;
    }

    // A person is asked once, whatever a passphrase opens.
    private string Secret(SecretReference reference) =>
        _secrets.TryGetValue(reference, out var secret) ? secret : _secrets[reference] = host.ReadSecret(reference);

    // The pair is read before anything takes its place: one of its files may be the one that is kept next.
    private void Restore(RestorePair work)
    {
        var kept = ReadPlanned(work.Previous, work.PreviousDigest) ?? throw Moved(work.Previous);
        var pair = KeyedPair.FindIn(kept) ?? throw Moved(work.Previous);
        NewLeaves = [.. NewLeaves, pair.Chain[0]];
        foreach (var target in work.Targets)
        {
            CryptographicOperations.ZeroMemory(ReadPlanned(target.Path, target.BeforeDigest));
            var content = target.Part == PairPart.Bundle ? kept : pair.Write(target.Part, kept);
            Add(target.Path, content, PrivateFile, target.BeforeDigest);
        }

        if (!work.Targets.Any(t => t.Part == PairPart.Bundle))
        {
            CryptographicOperations.ZeroMemory(kept);
        }
    }

    // One file is kept by its before-image; a key and a chain are put together into a new one.
    private void Keep(KeepPair work)
    {
        var kept = work with { Path = host.Resolve(work.Path), Files = [.. work.Files.Select(host.Resolve)] };
        _kept.Add(kept);
        if (work.Files.Count > 1)
        {
            var raw = work.Files.Select(f => host.ReadBytes(f) ?? throw Moved(f)).ToArray();
            var pair = KeyedPair.FindIn(raw) ?? throw Moved(work.Files[0]);
            Add(kept.Path, pair.Write(PairPart.Bundle, raw), PrivateFile, work.BeforeDigest);
            foreach (var bytes in raw)
            {
                CryptographicOperations.ZeroMemory(bytes);
            }
        }
    }

    // Without a mode of its own it gets owner, group and mode of the file that it replaces.
    private void Add(string path, byte[] content, int? mode, string? oldDigest, bool backDated = false)
    {
        var (target, old) = (host.Resolve(path), host.Stat(path));
        var attributes = mode is null && old is not null ? Attributes(old) : new FileAttributes(0, 0, mode ?? PublicFile);
        _files.Add(new NewFile(target, content, attributes, oldDigest, backDated) { Old = old });
    }

    private static FileAttributes Attributes(FileIdentity file) => new(file.Owner, file.Group, file.Mode);

    /// <summary>The bytes of a file that has not changed since the plan was made.</summary>
    private byte[]? ReadPlanned(string path, string? digest)
    {
        var bytes = host.ReadBytes(path);
        if ((bytes is null ? null : Fingerprint.Digest(bytes)) != digest)
        {
            throw Moved(path);
        }

        return bytes;
    }

    private static PlanStaleException Moved(string path) => new([$"{path} changed after it was observed"]);
}
