using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;
using Polly;
using Polly.Retry;

namespace MailTlsState.Verification;

/// <summary>Shakes hands with every endpoint and compares what it serves with what it should.</summary>
public static class Verifier
{
    // Enough for every endpoint of a host at once; it bounds what a host with many addresses is asked at a time.
    private const int MostAtOnce = 32;

    // A scan has several connections at a time: more of them, and a Dovecot of one machine lets a handshake wait for longer than a client does.
    private const int MostScansAtOnce = 4;

    private static readonly TimeSpan SecondChance = TimeSpan.FromSeconds(1);

    /// <summary>Compares one probe with the expectation.</summary>
    /// <returns>What differs, activation findings first.</returns>
    public static IReadOnlyList<Finding> Evaluate(EndpointExpectation expectation, ProbeResult result, DateTimeOffset now) =>
        [.. new EndpointCheck(expectation, result, now).Run().OrderBy(f => f.Class).ThenBy(f => f.Severity)];

    /// <summary>Puts each expectation's question to its listener, all side by side.</summary>
    /// <returns>One result per expectation in their order; null for what is not probed.</returns>
    public static Task<IReadOnlyList<ProbeResult?>> ProbeAsync(
        IHost host,
        IReadOnlyList<EndpointExpectation> expectations,
        CancellationToken cancellation,
        bool withOffers = true) =>
        AskAllAsync(expectations, MostAtOnce, e => host.ProbeAsync(e.Question(withOffers), cancellation), cancellation);

    // All side by side, so many at once; null for what is not probed.
    private static async Task<IReadOnlyList<T?>> AskAllAsync<T>(
        IReadOnlyList<EndpointExpectation> expectations, int most, Func<EndpointExpectation, Task<T>> ask, CancellationToken cancellation)
        where T : class
    {
        using var slots = new SemaphoreSlim(most);
        return await Task.WhenAll(expectations.Select(OneAsync)).ConfigureAwait(false);

        async Task<T?> OneAsync(EndpointExpectation expectation)
        {
            if (expectation.ProxyProtocol)
            {
                return null;
            }

            await slots.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await ask(expectation).ConfigureAwait(false);
            }
            finally
            {
                slots.Release();
            }
        }
    }

    /// <summary>Probes and compares every endpoint once, by <see cref="Evaluate"/> or another judge.</summary>
    public static async Task<VerificationReport> VerifyAsync(
        IHost host,
        IReadOnlyList<EndpointExpectation> expectations,
        CancellationToken cancellation,
        bool withOffers = true,
        Func<EndpointExpectation, ProbeResult, DateTimeOffset, IReadOnlyList<Finding>>? judge = null)
    {
        var results = await ProbeAsync(host, expectations, cancellation, withOffers).ConfigureAwait(false);
        return Report(expectations, results, host.Clock.GetUtcNow(), judge);
    }

    /// <summary>
    /// Probes and compares every endpoint once and scans it beside that, so that everything it accepts is measured by its policy.
    /// Ends at the deadline with what is known then; an endpoint that was still silent is reported so.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="expectations">What its endpoints should serve.</param>
    /// <param name="everything">False to leave the scan out.</param>
    /// <param name="deadline">When it is reached, the report is made of what is known.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<VerificationReport> ScanAsync(
        IHost host, IReadOnlyList<EndpointExpectation> expectations, bool everything, CancellationToken deadline, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline, cancellation);
        using var slots = new SemaphoreSlim(MostScansAtOnce);
        var reports = await AskAllAsync(expectations, MostAtOnce, AskAsync, cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        return new([.. expectations.Zip(reports, (e, r) => r ?? new EndpointReport(e, null, [NotProbed(e)]))]);

        async Task<EndpointReport> AskAsync(EndpointExpectation expectation)
        {
            // What is accepted does not depend on the name, and nothing should be accepted where nothing should listen.
            var whole = everything && !expectation.FurtherName && expectation.Security != Manifests.EndpointSecurity.Disabled;
            var question = expectation.Question(withOffers: !expectation.FurtherName);
            if (await ProbeAsync(whole ? TlsScanner.Question(question) : question).ConfigureAwait(false) is not { } probe)
            {
                return new EndpointReport(expectation, null, [NotAnswered(expectation)]);
            }

            var scan = whole && TlsScanner.Reaches(probe) ? await ScanAsync(question, probe).ConfigureAwait(false) : null;
            probe = probe with { Request = question };
            return new EndpointReport(
                expectation,
                probe,
                [.. Evaluate(expectation, probe, host.Clock.GetUtcNow()), .. scan is null ? [] : new ScanCheck(expectation, probe, scan).Run()])
            {
                Scan = scan,
            };
        }

        // Null when the time is over.
        async Task<ProbeResult?> ProbeAsync(ProbeRequest question)
        {
            ProbeResult? probe = null;
            try
            {
                probe = await host.ProbeAsync(question, either.Token).ConfigureAwait(false);
                if (probe.Outcome is ProbeOutcome.NoGreeting or ProbeOutcome.HandshakeFailed)
                {
                    // A server that is busy, with our own questions to its other ports as well, gets a second chance.
                    await Task.Delay(SecondChance, host.Clock, either.Token).ConfigureAwait(false);
                    probe = await host.ProbeAsync(question, either.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return probe;
            }

            return probe;
        }

        async Task<TlsScan?> ScanAsync(ProbeRequest question, ProbeResult probe)
        {
            var turn = false;
            try
            {
                await slots.WaitAsync(either.Token).ConfigureAwait(false);
                turn = true;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The scan says itself what it had no time for.
                turn = false;
            }

            try
            {
                return await host.ScanAsync(question, probe, either.Token).ConfigureAwait(false);
            }
            finally
            {
                if (turn)
                {
                    slots.Release();
                }
            }
        }
    }

    /// <summary>The report on results that are at hand, for example recorded ones.</summary>
    public static VerificationReport Report(
        IReadOnlyList<EndpointExpectation> expectations,
        IReadOnlyList<ProbeResult?> results,
        DateTimeOffset now,
        Func<EndpointExpectation, ProbeResult, DateTimeOffset, IReadOnlyList<Finding>>? judge = null) =>
        new([.. expectations.Zip(results, (e, r) => new EndpointReport(e, r, r is null ? [NotProbed(e)] : (judge ?? Evaluate)(e, r, now)))]);

    /// <summary>
    /// Verifies again and again after an activation, until so many rounds in a row are good: daemons replace their processes one
    /// by one, so a single good handshake proves little, unless it is known that none of before is left. The last round also
    /// offers the versions below the floor.
    /// </summary>
    /// <param name="host">The host.</param>
    /// <param name="expectations">What its endpoints should serve; asked before each round, since a reload may add listeners.</param>
    /// <param name="rule">When it ends.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The last round.</returns>
    public static async Task<VerificationReport> ConvergeAsync(
        IHost host,
        Func<CancellationToken, Task<IReadOnlyList<EndpointExpectation>>> expectations,
        Convergence rule,
        CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rule.Consecutive, 1);
        var start = host.Clock.GetTimestamp();
        var good = 0;
        var pipeline = new ResiliencePipelineBuilder<VerificationReport> { TimeProvider = host.Clock }
            .AddRetry(new RetryStrategyOptions<VerificationReport>
            {
                MaxRetryAttempts = int.MaxValue,
                ShouldHandle = async round => good < rule.Consecutive && round.Outcome.Exception is null
                    && (good > 0 || (host.Clock.GetElapsedTime(start) < rule.Limit && !await rule.IsHopeless(round.Outcome.Result!).ConfigureAwait(false))),
                DelayGenerator = _ => ValueTask.FromResult<TimeSpan?>(good > 0 ? TimeSpan.Zero : rule.Pause),
            })
            .Build();
        return await pipeline.ExecuteAsync(
            async token =>
            {
                var report = await VerifyAsync(host, await expectations(token).ConfigureAwait(false), token, withOffers: rule.IsProven is not null || good >= rule.Consecutive - 1, rule.Judge).ConfigureAwait(false);
                good = !rule.IsGood(report) ? 0 : rule.IsProven?.Invoke(report) == true ? rule.Consecutive : good + 1;
                return report;
            },
            cancellation).ConfigureAwait(false);
    }

    private static Finding NotAnswered(EndpointExpectation expectation) => new(
        VerificationDiagnostics.NoAnswer,
        FindingClass.Report,
        FindingSeverity.Failure,
        expectation.Endpoint,
        "an answer in the time of the whole run",
        "none",
        "manifest",
        "give it more time with --timeout, and see whether the service runs and what hangs");

    private static Finding NotProbed(EndpointExpectation expectation) => new(
        VerificationDiagnostics.NotProbed,
        FindingClass.Report,
        FindingSeverity.Information,
        expectation.Endpoint,
        "a handshake as clients make it",
        "a proxy header comes first on this port",
        "manifest proxyProtocol",
        "verify through the proxy's address with --connect");
}
