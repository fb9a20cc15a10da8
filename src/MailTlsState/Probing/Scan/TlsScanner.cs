using MailTlsState.Policies;

namespace MailTlsState.Probing.Scan;

/// <summary>
/// Finds out everything that a listener accepts, in few connections: each offers all that is left, the server's choice is taken out,
/// and the rest is offered again until it is refused. Only hellos are exchanged, so nothing depends on what a library would accept.
/// </summary>
public static class TlsScanner
{
    /// <summary>The versions that a probe has to offer for <see cref="RunAsync"/>, beside those that it is asked about anyway.</summary>
    public static ProbeRequest Question(ProbeRequest request) => request with { Offers = [.. request.Offers.Concat([TlsVersion.Tls10, TlsVersion.Tls11]).Distinct()] };

    /// <summary>
    /// True when the server came to the point where TLS starts. What a failed handshake was about, the scan may tell. A server that dies after one (Postfix with
    /// SASL that does not work) would be held back by its master for each further one.
    /// </summary>
    public static bool Reaches(ProbeResult probe) => probe.Outcome is ProbeOutcome.Completed or ProbeOutcome.HandshakeFailed;

    /// <summary>Runs the scan. What a server does is never an exception but an outcome.</summary>
    /// <param name="request">The question.</param>
    /// <param name="probe">What a client of today gets, by <see cref="Question"/>.</param>
    /// <param name="connect">Makes one new connection to the listener, as for <see cref="MailProbe.RunAsync"/>.</param>
    /// <param name="deadline">When it is reached, the scan ends with what it has.</param>
    /// <param name="limits">How long to wait for each answer; null for <see cref="ProbeLimits.Default"/>.</param>
    public static async Task<TlsScan> RunAsync(
        ProbeRequest request,
        ProbeResult probe,
        Func<CancellationToken, Task<Stream>> connect,
        CancellationToken deadline,
        ProbeLimits? limits = null)
    {
        var channel = new ScanChannel(request, connect, limits ?? ProbeLimits.Default, deadline);
        var modern = ModernScan.RunAsync(channel);
        var classic = ClassicScan.RunAsync(channel, WireVersion.Tls12);
        var session = SessionScan.RunAsync(channel, probe);
        var old = OldAsync(channel, probe);
        await Task.WhenAll(modern, classic, session, old).ConfigureAwait(false);
        var (tls12, tls13) = (await classic.ConfigureAwait(false), await modern.ConfigureAwait(false));
        var olds = await old.ConfigureAwait(false);
        var protocol = await ApplicationProtocolAsync(channel, tls12).ConfigureAwait(false);
        if (tls12.Scan.Outcome != OfferOutcome.Accepted && tls13.Outcome == OfferOutcome.Accepted)
        {
            tls13 = await ModernScan.SignaturesAsync(channel, tls13, probe).ConfigureAwait(false);
        }

        var facts = await session.ConfigureAwait(false);
        IReadOnlyList<ClassicResult> classics = [tls12, .. olds];
        var newest = classics.FirstOrDefault(o => o.First is not null)?.First;
        return new TlsScan([tls13, .. classics.Select(o => o.Scan)], probe.Connections + channel.Connections)
        {
            Missing = channel.Missing,
            ExtendedMasterSecret = tls12.First is { } first ? first.Extensions.Contains(TlsExtensions.ExtendedMasterSecret) : null,
            SecureRenegotiation = newest?.Extensions.Contains(TlsExtensions.RenegotiationInfo),
            EncryptThenMac = tls12.FirstCbc?.Extensions.Contains(TlsExtensions.EncryptThenMac),
            Compression = newest is null ? null : newest.Compression != 0,
            SessionTickets = facts.EarlyData is not null || newest?.Extensions.Contains(TlsExtensions.SessionTicket) == true ? true : newest is not null || facts.ShookTls13 ? false : null,
            EarlyData = facts.EarlyData,
            Injection = facts.Injection,
            ApplicationProtocol = protocol,
            PrimeBits = classics.Min(o => o.PrimeBits),
        };
    }

    /// <summary>The versions before TLS 1.2. The probe's own offers have told which are accepted; of a refused one there is no more to ask.</summary>
    private static async Task<IReadOnlyList<ClassicResult>> OldAsync(ScanChannel channel, ProbeResult probe)
    {
        var results = new List<ClassicResult>();
        foreach (var version in new[] { TlsVersion.Tls11, TlsVersion.Tls10 })
        {
            var outcome = probe.Offers.GetValueOrDefault(version, OfferOutcome.NotTested);

            // What was not tested, as when no handshake came about at all, is asked for itself.
            results.Add(outcome == OfferOutcome.Refused
                ? new ClassicResult(new VersionScan(version.Wire(), outcome))
                : await ClassicScan.RunAsync(channel, version.Wire()).ConfigureAwait(false));
        }

        // A hello of TLS 1.1 allows SSL 3.0 (RFC 5246 appendix E.1), but one without extensions is what such a server knows.
        results.Add(await ClassicScan.RunAsync(channel, WireVersion.Ssl30).ConfigureAwait(false));
        return results;
    }

    private static async Task<string?> ApplicationProtocolAsync(ScanChannel channel, ClassicResult tls12)
    {
        if (tls12.Scan.Outcome != OfferOutcome.Accepted)
        {
            // TLS 1.3 answers under encryption.
            return null;
        }

        // Names that are registered ("TLS ALPN Protocol IDs"); SMTP has none, so that nothing can be refused for a good reason.
        var name = channel.Request.Protocol.ToString().ToLowerInvariant();
        var offer = new HelloOffer(channel.Request.ServerName, WireVersion.Tls12, CipherSuites.All, NamedGroups.All) { ApplicationProtocol = name };
        var answer = await channel.AskAsync(offer, "application protocols").ConfigureAwait(false);
        return answer is null ? null : answer.Version is null ? "refused" : answer.ApplicationProtocol ?? "ignored";
    }
}
