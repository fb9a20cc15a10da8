using Polly;
using Polly.Retry;

namespace MailTlsState.Probing.Scan;

/// <summary>Puts one offer after the other to a listener, a connection each, and comes again where a server is too busy to talk.</summary>
/// <param name="request">The listener.</param>
/// <param name="connect">Makes a connection.</param>
/// <param name="limits">How long to wait for each answer.</param>
/// <param name="deadline">When it is reached, nothing more is asked.</param>
internal sealed class ScanChannel(ProbeRequest request, Func<CancellationToken, Task<Stream>> connect, ProbeLimits limits, CancellationToken deadline)
{
    // A limit on connections (Postfix's 421, Dovecot's login processes) is over as soon as others have gone.
    private const int Retries = 3;

    // One endpoint alone never brings a server to its limits.
    private const int MostAtOnce = 4;

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    private readonly SemaphoreSlim _slots = new(MostAtOnce);
    private readonly List<string> _missing = [];
    private readonly ResiliencePipeline<HelloAnswer?> _pipeline = new ResiliencePipelineBuilder<HelloAnswer?> { TimeProvider = limits.Clock }
        .AddRetry(new RetryStrategyOptions<HelloAnswer?>
        {
            MaxRetryAttempts = Retries,
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome is { Exception: null, Result: null } || (attempt.AttemptNumber == 0 && MailProbe.MayBeLimit(request, attempt.Outcome.Result))),
            DelayGenerator = attempt => ValueTask.FromResult<TimeSpan?>(attempt.Outcome.Result is null ? null : Soon),
            Delay = TimeSpan.FromMilliseconds(300),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    private int _connections;
    private volatile bool _answered;
    private volatile bool _silent;

    public ProbeRequest Request => request;

    public ProbeLimits Limits => limits;

    public CancellationToken Deadline => deadline;

    public int Connections => _connections;

    /// <summary>What could not be asked, in words.</summary>
    public IReadOnlyList<string> Missing
    {
        get
        {
            lock (_missing)
            {
                return [.. _missing];
            }
        }
    }

    /// <summary>Makes a counted connection.</summary>
    public Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _connections);
        return connect(cancellation);
    }

    /// <summary>Offers once; null when it could not be asked, which is then among <see cref="Missing"/> under <paramref name="what"/>.</summary>
    public async Task<HelloAnswer?> AskAsync(HelloOffer offer, string what)
    {
        HelloAnswer? answer = null;
        try
        {
            await _slots.WaitAsync(deadline).ConfigureAwait(false);
            try
            {
                answer = _silent ? null : await _pipeline.ExecuteAsync(
                    async token =>
                    {
                        var session = new ProbeSession(request, ConnectAsync, limits, token);
                        return await session.OfferAsync(offer, readOn: true).ConfigureAwait(false) ?? (session.TimedOut ? throw new TimeoutException() : null);
                    },
                    deadline).ConfigureAwait(false);
                _answered |= answer is not null;
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (TimeoutException)
        {
            // It had all the time of a question. Where none was ever answered, the next would not be.
            _silent |= !_answered;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // Whoever set the deadline learns from Missing what it cost.
        }

        // An answer that is none (clear text, a malformed hello) says no more about what is accepted than silence.
        var said = answer is { Failure: null } or { Closed: true };
        if (!said)
        {
            Miss(answer?.Failure is { } failure ? $"{what}: {failure}" : what);
        }

        return said ? answer : null;
    }

    /// <summary>Remembers what could not be asked.</summary>
    public void Miss(string what)
    {
        lock (_missing)
        {
            if (!_missing.Contains(what))
            {
                _missing.Add(what);
            }
        }
    }
}
