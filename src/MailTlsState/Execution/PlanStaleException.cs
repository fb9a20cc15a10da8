namespace MailTlsState.Execution;

/// <summary>The host or the manifest is not what the plan was made from any more. Nothing was changed.</summary>
/// <param name="moved">What moved, one sentence each.</param>
public sealed class PlanStaleException(IReadOnlyList<string> moved) : Exception(string.Join("; ", moved))
{
    /// <summary>What moved, one sentence each.</summary>
    public IReadOnlyList<string> Moved { get; } = moved;
}
