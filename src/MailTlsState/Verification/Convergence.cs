namespace MailTlsState.Verification;

/// <summary>When verifying again and again ends.</summary>
/// <param name="Consecutive">Good rounds in a row that count as proof, at least 1.</param>
/// <param name="Limit">Time after which the last round stands, whatever it found.</param>
/// <param name="Pause">Before the next round after a bad one.</param>
public sealed record Convergence(int Consecutive, TimeSpan Limit, TimeSpan Pause)
{
    /// <summary>Which round is good; by default one without an activation finding. An apply leaves out those that were there before.</summary>
    public Func<VerificationReport, bool> IsGood { get; init; } = report => !report.HasActivationFindings;

    /// <summary>Compares one probe with its expectation; null for <see cref="Verifier.Evaluate"/>.</summary>
    public Func<EndpointExpectation, Probing.ProbeResult, DateTimeOffset, IReadOnlyList<Finding>>? Judge { get; init; }

    /// <summary>
    /// Asked after a good round: true when nothing of the former state can answer any more, so that this round is proof by itself.
    /// Null when that cannot be known.
    /// </summary>
    public Func<VerificationReport, bool>? IsProven { get; init; }

    /// <summary>Asked after a bad round; true when waiting is in vain (the daemon is gone, somebody wants an end).</summary>
    public Func<VerificationReport, Task<bool>> IsHopeless { get; init; } = _ => Task.FromResult(false);
}
