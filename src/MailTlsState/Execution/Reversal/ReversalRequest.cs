using MailTlsState.Execution.History;
using MailTlsState.Planning;

namespace MailTlsState.Execution.Reversal;

/// <summary>What a roll-back is planned from.</summary>
/// <param name="Apply">The apply that is to be taken back.</param>
/// <param name="Newer">What was applied after it, oldest first.</param>
/// <param name="Observed">The host.</param>
/// <param name="Directories">The names in each directory that the apply made.</param>
/// <param name="KeepCertificate">True when the present certificate stays.</param>
/// <param name="Now">The planner's clock.</param>
internal sealed record ReversalRequest(
    ArchivedApply Apply,
    IReadOnlyList<ArchivedApply> Newer,
    HostObservation Observed,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Directories,
    bool KeepCertificate,
    DateTimeOffset Now)
{
    public JournalEntry Entry => Apply.Entry;

    public string Id => Entry.Id;

    public ApplyRecord Record => Entry.Record!;

    /// <summary>Why a change says that it is made.</summary>
    public string Reason => $"takes back what {Id} did";

    /// <summary>The newer applies of which <paramref name="touches"/> is true, in the order in which they would be rolled back.</summary>
    public IReadOnlyList<string> NewerOf(Func<JournalEntry, bool> touches) => [.. Newer.Reverse().Where(n => touches(n.Entry)).Select(n => n.Entry.Id)];

    /// <summary>The leaf that is served where <paramref name="leaf"/> was at the time, after every renewal since.</summary>
    /// <param name="leaf">Digest of the leaf.</param>
    /// <param name="withThis">True when the pair that this apply made stays.</param>
    public string? Since(string? leaf, bool withThis)
    {
        foreach (var apply in withThis ? [Apply, .. Newer] : Newer)
        {
            leaf = apply.Entry.Record?.Pairs.FirstOrDefault(p => p.BeforeLeaf is not null && p.BeforeLeaf == leaf) is { } pair ? pair.AfterLeaf : leaf;
        }

        return leaf;
    }
}
