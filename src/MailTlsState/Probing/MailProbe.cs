using System.Net.Sockets;
using MailTlsState.Policies;

namespace MailTlsState.Probing;

/// <summary>
/// Asks a mail server what it serves: its dialogue up to TLS, one full handshake, its dialogue over TLS, and beside
/// that one offer of each old version. It knows streams only; whoever calls it makes the connections.
/// </summary>
public static class MailProbe
{
    /// <summary>Runs the probe. What a server does is never an exception but an outcome.</summary>
    /// <param name="request">The question.</param>
    /// <param name="connect">
    /// Makes one new connection to the listener; called once for the handshake and once or twice for each offer, all at the same time, and
    /// after that for the kinds of key that the handshake did not show.
    /// A SocketException, TimeoutException or IOException from it becomes <see cref="ProbeOutcome.NotConnected"/>. A socket
    /// should set TCP_NODELAY, and TCP_QUICKACK before each read: a TLS 1.3 server writes its tickets and then its reply, and
    /// Nagle's algorithm holds the reply until the tickets are acknowledged, 40 ms by default (tcp(7)).
    /// </param>
    /// <param name="cancellation">Ends the probe with <see cref="OperationCanceledException"/>.</param>
    /// <param name="limits">How long to wait for each answer; null for <see cref="ProbeLimits.Default"/>.</param>
    public static async Task<ProbeResult> RunAsync(
        ProbeRequest request,
        Func<CancellationToken, Task<Stream>> connect,
        CancellationToken cancellation,
        ProbeLimits? limits = null)
    {
        var waits = limits ?? ProbeLimits.Default;
        var connections = 0;
        var main = ShakeAsync(request, CountedAsync, waits, cancellation);
        var offers = OfferAllAsync(request, CountedAsync, waits, cancellation);
        await Task.WhenAll(main, offers).ConfigureAwait(false);
        var result = await main.ConfigureAwait(false);
        var outcomes = await offers.ConfigureAwait(false);
        if (result.Outcome == ProbeOutcome.HandshakeFailed)
        {
            // A server that shakes hands with nobody tells nothing by refusing an old version.
            foreach (var version in outcomes.Keys.Where(v => outcomes[v] == OfferOutcome.Refused).ToList())
            {
                outcomes[version] = OfferOutcome.NotTested;
            }
        }

        return result with { Offers = outcomes, Connections = connections };

        Task<Stream> CountedAsync(CancellationToken token)
        {
            Interlocked.Increment(ref connections);
            return connect(token);
        }
    }

    // Up to TLS 1.2 a ClientHello's version is the highest that the client takes (RFC 5246 appendix E.1): a server that
    // refuses TLS 1.1 so has refused TLS 1.0 as well, and the usual case costs it one connection instead of two.
    private static async Task<SortedDictionary<TlsVersion, OfferOutcome>> OfferAllAsync(
        ProbeRequest request,
        Func<CancellationToken, Task<Stream>> connect,
        ProbeLimits limits,
        CancellationToken cancellation)
    {
        var outcomes = new SortedDictionary<TlsVersion, OfferOutcome>();
        var rest = request.Offers.Distinct().OrderDescending().ToList();
        while (rest.Count > 0)
        {
            var highest = rest[0];
            var offer = HelloOffer.Everything(request.ServerName, highest);
            var answer = await OfferAsync(offer).ConfigureAwait(false);
            if (MayBeLimit(request, answer))
            {
                answer = await OfferAsync(offer).ConfigureAwait(false);
            }

            var refused = answer is { Version: not null } or { Alert: not null } or { Closed: true };
            var answered = rest.TakeWhile(v => v == highest || (highest != TlsVersion.Tls13 && v >= (answer?.Version?.Policy() ?? TlsVersion.Tls10))).ToList();
            foreach (var version in answered)
            {
                outcomes[version] = answer?.Version == version.Wire() ? OfferOutcome.Accepted : refused ? OfferOutcome.Refused : OfferOutcome.NotTested;
            }

            rest.RemoveRange(0, answered.Count);
        }

        return outcomes;

        Task<HelloAnswer?> OfferAsync(HelloOffer offer) => new ProbeSession(request, connect, limits, cancellation).OfferAsync(offer);
    }

    /// <summary>
    /// True for what a server at its limit answers as well as one that refuses, though not twice: with TLS from the first byte both close. After STARTTLS, and where it
    /// is known to have read the offer, it had taken the connection.
    /// </summary>
    internal static bool MayBeLimit(ProbeRequest request, HelloAnswer? answer) => request.Implicit && answer is { Closed: true } && !(request.ServedHere && answer.HasRead);

    private static async Task<ProbeResult> ShakeAsync(ProbeRequest request, Func<CancellationToken, Task<Stream>> connect, ProbeLimits limits, CancellationToken cancellation)
    {
        var result = await new ProbeSession(request, connect, limits, cancellation).ShakeAsync().ConfigureAwait(false);
        if (result.Outcome is not (ProbeOutcome.Completed or ProbeOutcome.NoAnswerOverTls))
        {
            return result;
        }

        var preferred = result.Chain.Count == 0 ? null : LeafKey.Family(Convert.FromBase64String(result.Chain[0]));
        var answers = await Task.WhenAll(request.Families.Select(AskAsync)).ConfigureAwait(false);
        return result with { ByFamily = request.Families.Zip(answers).ToDictionary(a => a.First, a => a.Second) };

        async Task<FamilyAnswer> AskAsync(KeyFamily family)
        {
            if (family == preferred)
            {
                return new FamilyAnswer(result.Chain, null);
            }

            var other = await new ProbeSession(request, connect, limits, cancellation, family).ShakeAsync().ConfigureAwait(false);
            return other.Outcome is ProbeOutcome.Completed or ProbeOutcome.NoAnswerOverTls ? new FamilyAnswer(other.Chain, null) : new FamilyAnswer([], other.Failure);
        }
    }

    internal static bool IsNetworkFailure(Exception e) => e is IOException or TimeoutException or SocketException;
}
