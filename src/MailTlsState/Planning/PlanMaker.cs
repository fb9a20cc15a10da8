using MailTlsState.Certificates.Import;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Policies;

namespace MailTlsState.Planning;

/// <summary>The one path from manifest and host to a plan: plan, apply and the check of a saved plan all take it.</summary>
public static class PlanMaker
{
    /// <summary>An observation and what was planned from it.</summary>
    /// <param name="Observed">The host.</param>
    /// <param name="Policy">The manifest's policy, resolved.</param>
    /// <param name="Planning">The plan, or why there is none.</param>
    public sealed record Made(HostObservation Observed, TlsPolicy Policy, PlanningResult Planning);

    /// <summary>Observes and plans.</summary>
    /// <param name="host">The host; it is only read.</param>
    /// <param name="manifest">The desired state.</param>
    /// <param name="now">The planner's clock; null takes the observation's time. A saved plan is made again with its own.</param>
    /// <param name="cancellation">Ends the observation.</param>
    /// <param name="scope">How much of the manifest is brought about.</param>
    /// <param name="imported">Files that a CA sent, where they are to be put into place.</param>
    /// <param name="acceptNewRoot">True when clients may have to trust another root.</param>
    public static async Task<Made> MakeAsync(
        IHost host,
        Manifest manifest,
        DateTimeOffset? now,
        CancellationToken cancellation,
        PlanScope scope = PlanScope.Everything,
        IReadOnlyList<VendorFile>? imported = null,
        bool acceptNewRoot = false)
    {
        var policy = PolicyCatalogue.Resolve(manifest.Policy);
        var observed = await HostObserver.ObserveAsync(host, manifest, policy, cancellation).ConfigureAwait(false);
        observed = await TlsaCheck.LookAsync(host, manifest, observed, now ?? observed.At, cancellation).ConfigureAwait(false);
        return new Made(observed, policy, Planner.Plan(manifest, policy, observed, now ?? observed.At, scope, imported, acceptNewRoot));
    }

    /// <summary>What moved between an approved plan and the one that the host and manifest give now; empty when nothing did.</summary>
    public static IReadOnlyList<string> Moved(Plan approved, Plan now)
    {
        var moved = new List<string>();
        if (approved.ManifestDigest != now.ManifestDigest)
        {
            moved.Add($"the manifest changed: {approved.ManifestDigest} → {now.ManifestDigest}");
        }

        // What a running smtpd serves moves by itself: a new process reads the files anew, an old one lives on for a while. It decides
        // about reloads alone, so it may only make some of them needless.
        moved.AddRange(Fingerprint.Compare(WithoutServed(approved), WithoutServed(now)));
        if (moved.Count == 0 && (Edits(approved) != Edits(now) || Activations(now).Except(Activations(approved)).Any()))
        {
            moved.Add("the changes are not those that the plan lists, though manifest and host are the same: the file was edited, made by another version, or a daemon began to serve something else");
        }

        return moved;
    }

    private static Dictionary<string, string> WithoutServed(Plan plan) =>
        plan.Observations.Where(o => !o.Key.StartsWith(Fingerprint.ServedPrefix, StringComparison.Ordinal)).ToDictionary(o => o.Key, o => o.Value);

    private static string Edits(Plan plan) => PlanFile.WriteChanges([.. plan.Changes.Where(c => c.Action != ChangeAction.Activate)]);

    private static IEnumerable<string> Activations(Plan plan) =>
        plan.Changes.Where(c => c.Action == ChangeAction.Activate).Select(c => $"{c.Name} {c.Attributes.FirstOrDefault(a => a.Name == "activation")?.After}");
}
