using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Resources;

namespace MailTlsState.Planning.SeLinux;

/// <summary>What is to be done for labels.</summary>
/// <param name="Before">Changes of labels, and of the rules that keep them; they come before the files.</param>
/// <param name="Files">The changes of the files, with the labels that they get.</param>
/// <param name="Labels">Context of each path that is made or kept.</param>
/// <param name="Diagnostics">What was found; errors end the plan.</param>
internal sealed record LabelChanges(
    IReadOnlyList<Change> Before, IReadOnlyList<Change> Files, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>
/// Plans the SELinux labels of the files that MailTlsState keeps: what the policy's own rule gives, where the daemons may read that, else a
/// type that they may, or the one that the manifest chooses, with a rule that makes it outlast a relabel. Pure.
/// </summary>
internal sealed class LabelPlanner(Manifest manifest, HostObservation observed)
{
    private const string NoSeManage = "semanage is not installed";

    private readonly List<Diagnostic> _diagnostics = [];
    private readonly string _directory = manifest.Certificate.Directory;
    private readonly string? _chosen = manifest.Certificate.LabelType;
    private readonly SourceLocation _at = manifest.Source.Locate(manifest.Certificate.LabelType is null ? "/certificate/directory" : "/certificate/selinuxType");

    /// <summary>Plans, given the changes of the files.</summary>
    public static LabelChanges Plan(Manifest manifest, HostObservation observed, IReadOnlyList<Change> files) =>
        LabelQuestions.Apply(manifest, observed.Host) ? new LabelPlanner(manifest, observed).Plan(files) : new LabelChanges([], files, new Dictionary<string, string>(), []);

    private LabelChanges Plan(IReadOnlyList<Change> files)
    {
        _diagnostics.AddRange(observed.Labels.Values.SelectMany(l => l.Problems).Distinct().Select(SeLinuxDiagnostics.BadRule));
        _diagnostics.AddRange(PortCheck.Judge(manifest, observed));
        var managed = Managed().ToList();
        var otherType = managed.Exists(l => LabelQuestions.IsAbove(_directory, l.Path) && IsUnwanted(l));
        var labels = managed.ToDictionary(l => l.Path, l => otherType && LabelQuestions.IsAbove(_directory, l.Path) ? l.Fallback : l.Policy ?? l.Fallback);
        if (otherType && _chosen is not null && managed.Exists(l => l.FallbackUnknown))
        {
            return new LabelChanges([], files, labels, [.. _diagnostics, SeLinuxDiagnostics.UnknownType(_at, _chosen)]);
        }

        var refused = managed.Where(l => l.RefusedTo(labels[l.Path]).Count > 0).Take(1).Select(l => SeLinuxDiagnostics.Unreadable(_at, l.Path, SecurityContext.TypeOf(labels[l.Path]), l.RefusedTo(labels[l.Path])));
        _diagnostics.AddRange(refused);
        _diagnostics.AddRange(observed.Labels.Values.Where(l => !labels.ContainsKey(l.Path) && l.RefusedTo(l.Current).Count > 0).Select(Foreign));
        var before = new List<Change>();
        if (otherType && Rule() is { } rule)
        {
            before.Add(rule);
        }

        before.AddRange(managed.Where(l => IsWrong(l, labels[l.Path]) && !IsMade(l, files)).Select(l => Relabel(l, labels[l.Path])));
        return new LabelChanges(before, [.. Shown(files, labels)], labels, _diagnostics);
    }

    // What the policy's own rule gives is not what it is to have.
    private bool IsUnwanted(LabelObservation label) =>
        _chosen is null ? label.RefusedTo(label.Policy).Count > 0 : label.Policy is not { } policy || SecurityContext.TypeOf(policy) != _chosen;

    // Directories of our own and what is in them; a directory above that is missing is made by the plan.
    private IEnumerable<LabelObservation> Managed()
    {
        var own = CertificateIssuers.Of(manifest).Directories(manifest).Keys.ToList();
        return observed.Labels.Values.Where(l => own.Exists(d => LabelQuestions.IsAbove(d, l.Path)) || (l.Directory && observed.File(l.Path).Kind == FileKind.Absent));
    }

    private static bool IsWrong(LabelObservation label, string wanted) =>
        label.Current is { } now && (SecurityContext.TypeOf(now) != SecurityContext.TypeOf(wanted) || label.RefusedTo(now).Count > 0);

    // A file that is written anew has its label from then on; one that goes needs none.
    private static bool IsMade(LabelObservation label, IReadOnlyList<Change> files) =>
        files.Any(c => c.Name == label.Path && (c.Action == ChangeAction.Delete || c.Kind is "key" or "certificate" or "request"));

    private Change Relabel(LabelObservation label, string wanted) => new(
        "label",
        label.Path,
        ChangeAction.Update,
        label.RefusedTo(label.Current) is { Count: > 0 } refused
            ? $"{string.Join(" and ", refused)} may not {(label.Directory ? "look into" : "read")} it"
            : $"the {(_chosen is not null && LabelQuestions.IsAbove(_directory, label.Path) ? "manifest" : "policy")} gives its path another type",
        [new("label", SecurityContext.TypeOf(label.Current!), SecurityContext.TypeOf(wanted))],
        null,
        [])
    {
        Work = new SetLabel(label.Path, label.Current, wanted),
    };

    // Why the policy's own rule will not do.
    private string Why => _chosen is null ? "which a daemon may not read" : $"where the manifest says {_chosen}";

    // Why an apply could not set a rule, or null.
    private string? Lack()
    {
        var (program, flock) = (observed.File(SecurityContext.SeManage), observed.Resolve(SecurityContext.Flock));
        return program.Kind == FileKind.Absent ? NoSeManage
            : !MayRun(program) ? $"{SecurityContext.SeManage} is no file that root alone may change"
            : !MayRun(flock) ? $"{SecurityContext.Flock} is no file that root alone may change"
            : observed.Host.SeLinuxPolicy is null ? "/etc/selinux/config names no policy"
            : null;

        static bool MayRun(FileObservation file) => SecurityContext.MayRun(file.Kind, file.Owner, file.Mode);
    }

    private Change? Rule()
    {
        var directory = observed.Labels.GetValueOrDefault(_directory);
        if (directory?.Policy is not { } policy)
        {
            return null;
        }

        var (type, pattern) = (SecurityContext.TypeOf(directory.Fallback), Pattern(_directory));
        var lack = Lack();

        // A rule of our own pattern is changed; any other is an administrator's thought, and stays.
        var local = observed.Labels.Values.Where(l => LabelQuestions.IsAbove(_directory, l.Path) && l.IsLocalRule && l.Policy is not null && IsUnwanted(l)).ToList();
        if (local.Find(l => l.RulePattern != pattern || lack is not null) is { } other)
        {
            // The last pattern counts, but a rule for a single path beats it.
            var command = other.RulePattern == pattern || other.RulePattern == other.Path ? $"-m -t {type} '{other.RulePattern}'" : $"-a -t {type} '{pattern}'";
            _diagnostics.Add(SeLinuxDiagnostics.LocalRule(_at, other.Path, SecurityContext.TypeOf(other.Policy!), Why, other.Rule!, $"semanage fcontext {command}"));
            return null;
        }

        if (lack is not null)
        {
            var remedy = lack == NoSeManage ? "install semanage" : "mend that";
            _diagnostics.Add(SeLinuxDiagnostics.NotPersistent(_at, _directory, SecurityContext.TypeOf(policy), Why, type, lack, $"{remedy} and plan again, or run semanage fcontext -a -t {type} '{pattern}'"));
            return null;
        }

        var old = local.Count == 0 ? null : SecurityContext.TypeOf(local[0].Policy!);
        return new Change(
            "labelRule",
            pattern,
            old is null ? ChangeAction.Create : ChangeAction.Update,
            $"a relabel would give {old ?? SecurityContext.TypeOf(policy)}, {Why}",
            [new("type", old, type), new("by", null, $"{SecurityContext.SeManage} fcontext")],
            null,
            [])
        {
            Work = new SetLabelRule(pattern, old, type, $"/etc/selinux/{observed.Host.SeLinuxPolicy}/contexts/files/file_contexts.local"),
        };
    }

    private Diagnostic Foreign(LabelObservation label)
    {
        var wanted = label.Policy is { } policy && label.RefusedTo(policy).Count == 0 ? policy : label.Fallback;
        var remedy = wanted == label.Policy
            ? $"restorecon -v {label.Path}"
            : $"semanage fcontext -a -t {SecurityContext.TypeOf(wanted)} '{Pattern(label.Path)}' and restorecon -Rv {label.Path}";
        return SeLinuxDiagnostics.ForeignLabel(label.Path, SecurityContext.TypeOf(label.Current!), label.RefusedTo(label.Current), remedy);
    }

    private IEnumerable<Change> Shown(IReadOnlyList<Change> files, Dictionary<string, string> labels)
    {
        foreach (var change in files)
        {
            var shows = change.Kind is "directory" or "key" or "certificate" or "request" && change.Action is ChangeAction.Create or ChangeAction.Replace or ChangeAction.Update;
            var isLast = !files.SkipWhile(c => c != change).Skip(1).Any(c => c.Name == change.Name && c.Kind is "certificate" or "request");
            if (!shows || !isLast || !labels.TryGetValue(change.Name, out var wanted))
            {
                yield return change;
                continue;
            }

            var (before, after) = (observed.Labels[change.Name].Current is { } now ? SecurityContext.TypeOf(now) : null, SecurityContext.TypeOf(wanted));
            yield return before == after ? change : change with { Attributes = [.. change.Attributes, new("label", before, after)] };
        }
    }

    /// <summary>The pattern of a rule for a path and all below it.</summary>
    internal static string Pattern(string path) => string.Concat(path.Select(c => ".^$?*+|[](){}\\".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : c.ToString())) + "(/.*)?";
}
