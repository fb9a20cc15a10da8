using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>The ordered changes that bring one host to its manifest's state. A value, free of secrets.</summary>
/// <param name="ManifestFile">Path as the user gave it.</param>
/// <param name="ManifestText">The manifest's text.</param>
/// <param name="ManifestDigest">Digest of that text.</param>
/// <param name="HostName">The manifest's host.</param>
/// <param name="MadeAt">The planner's clock; a saved plan is made again with the same one.</param>
/// <param name="Observations">What the plan rests on: each observed thing and its digest (<see cref="Fingerprint"/>).</param>
/// <param name="Changes">What apply does, in this order.</param>
/// <param name="Diagnostics">Warnings and notes; a plan with errors is never made.</param>
/// <param name="Affected">Listeners that serve the new state without being named, one line each.</param>
public sealed record Plan(
    string ManifestFile,
    string ManifestText,
    string ManifestDigest,
    string HostName,
    DateTimeOffset MadeAt,
    IReadOnlyDictionary<string, string> Observations,
    IReadOnlyList<Change> Changes,
    IReadOnlyList<Diagnostic> Diagnostics,
    IReadOnlyList<string> Affected)
{
    /// <summary>The apply that it takes back, or null for a plan from a manifest.</summary>
    public string? RollsBack { get; init; }

    /// <summary>The policy file that the manifest names, or null; <see cref="ManifestDigest"/> covers it.</summary>
    public ManifestAttachment? PolicyFile { get; init; }

    /// <summary>SELinux context of each path that an apply makes or keeps; none where labels are not managed. Never written to a plan file.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>How much of the manifest it brings about.</summary>
    public PlanScope Scope { get; init; }

    /// <summary>True when it was made knowing that clients may have to trust another root.</summary>
    public bool AcceptsNewRoot { get; init; }

    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty => Changes.Count == 0;

    /// <summary>True when what is served has expired and only an import ends that: the host is not as the manifest says, changes or none.</summary>
    private bool ServesExpired => Diagnostics.Any(d => d.Code == CertificateDiagnostics.RenewalMissed);

    /// <summary>True when the host is not as the manifest says.</summary>
    public bool IsDrift => !IsEmpty || ServesExpired;

    /// <summary>The last line of a plan, for people and for those who search it; its form does not change.</summary>
    public string Summary
    {
        get
        {
            if (IsEmpty)
            {
                return ServesExpired ? "No changes. The certificate in use has expired, and the next one is not imported yet."
                    : RollsBack is null && Scope == PlanScope.Certificate ? "No changes. Certificate and key match the manifest."
                    : RollsBack is null ? "No changes. This host matches the manifest." : $"No changes. Nothing of {RollsBack} is left to take back.";
            }

            int Count(ChangeAction action) => Changes.Count(c => c.Action == action);
            var replaced = Count(ChangeAction.Replace);
            var text = $"Plan: {Count(ChangeAction.Create) + replaced} to add, {Count(ChangeAction.Update)} to change, {Count(ChangeAction.Delete) + replaced} to destroy";
            string Services(int count, string verb) => $"{count} {(count == 1 ? "service" : "services")} to {verb}";
            // Read from what the plan shows, not from the work: a saved plan has none, and sums up the same.
            var activations = Changes.Where(c => c.Action == ChangeAction.Activate)
                .SelectMany(c => c.Attributes.Where(a => a is { Name: "activation", After: not null }))
                .GroupBy(a => a.After!).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Services(g.Count(), g.Key));
            var tail = string.Join(", ", activations);
            return tail.Length == 0 ? text + "." : $"{text}; {tail}.";
        }
    }
}
