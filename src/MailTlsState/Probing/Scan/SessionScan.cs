namespace MailTlsState.Probing.Scan;

/// <summary>What only a whole session shows.</summary>
/// <param name="Injection">What became of a command sent together with STARTTLS.</param>
/// <param name="EarlyData">Bytes of 0-RTT data that a ticket of TLS 1.3 allows, or null when none came.</param>
/// <param name="ShookTls13">True when the session was of TLS 1.3.</param>
internal sealed record SessionFacts(InjectionOutcome Injection, long? EarlyData, bool ShookTls13);

/// <summary>One session more, with a command sent together with STARTTLS where there is STARTTLS.</summary>
internal static class SessionScan
{
    private const string Subject = "tickets and what is sent with STARTTLS";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    public static async Task<SessionFacts> RunAsync(ScanChannel channel, ProbeResult probe)
    {
        if (probe.Outcome == ProbeOutcome.HandshakeFailed)
        {
            return new SessionFacts(InjectionOutcome.NotTested, null, false);
        }

        try
        {
            var facts = await RunOnceAsync(channel).ConfigureAwait(false);
            if (facts.Injection == InjectionOutcome.NotTested && !channel.Request.Implicit)
            {
                await Task.Delay(Pause, channel.Limits.Clock, channel.Deadline).ConfigureAwait(false);
                facts = await RunOnceAsync(channel).ConfigureAwait(false);
                if (facts.Injection == InjectionOutcome.NotTested)
                {
                    channel.Miss(Subject);
                }
            }

            return facts;
        }
        catch (OperationCanceledException) when (channel.Deadline.IsCancellationRequested)
        {
            channel.Miss(Subject);
            return new SessionFacts(InjectionOutcome.NotTested, null, false);
        }
    }

    private static Task<SessionFacts> RunOnceAsync(ScanChannel channel) => new ProbeSession(channel.Request, channel.ConnectAsync, channel.Limits, channel.Deadline).InjectAsync();
}
