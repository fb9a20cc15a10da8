namespace MailTlsState.Probing;

/// <summary>How long a probe waits.</summary>
/// <param name="Step">Longest wait for one answer: the connection, the greeting, a reply, the TLS handshake.</param>
/// <param name="Clock">Measures the waits.</param>
public sealed record ProbeLimits(TimeSpan Step, TimeProvider Clock)
{
    /// <summary>
    /// Ten seconds a step: Postfix waits two seconds for a fresh main.cf, and postscreen(8) keeps back the rest of its
    /// greeting for six (postscreen_greet_wait).
    /// </summary>
    public static ProbeLimits Default { get; } = new(TimeSpan.FromSeconds(10), TimeProvider.System);

    /// <summary>Runs one step.</summary>
    /// <exception cref="TimeoutException">The step took longer than <see cref="Step"/>.</exception>
    internal async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(Step, Clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            return await step(linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"nothing within {Step.TotalSeconds:0.###} s"));
        }
    }
}
