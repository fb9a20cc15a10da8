using MailTlsState.Diagnostics;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>How an apply ended.</summary>
public enum ApplyOutcome
{
    /// <summary>The host matched already.</summary>
    NoChanges,

    /// <summary>The new state is served.</summary>
    Applied,

    /// <summary>It ended before the commit: the host is untouched.</summary>
    Untouched,

    /// <summary>The new state was not served; the former one is back, seen by handshake.</summary>
    RolledBack,

    /// <summary>The former state could not be restored or proven in full.</summary>
    Incomplete,
}

/// <summary>How an apply ended, and what was seen.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Diagnostics">What the administrator should know.</param>
/// <param name="Report">The last verification, or null when there was none.</param>
public sealed record ApplyResult(ApplyOutcome Outcome, IReadOnlyList<Diagnostic> Diagnostics, VerificationReport? Report)
{
    /// <summary>What the daemons logged from the activation on, when the new state was not served; as they wrote it.</summary>
    public IReadOnlyList<string> Log { get; init; } = [];
}

/// <summary>Told what an apply is doing.</summary>
public interface IApplyProgress
{
    /// <summary>A step begins.</summary>
    void Begin(string step);
}
