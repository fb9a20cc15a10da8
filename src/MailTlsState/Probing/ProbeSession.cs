using MailTlsState.Policies;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Probing;

/// <summary>One connection of a probe, from connect to goodbye.</summary>
internal sealed class ProbeSession(ProbeRequest request, Func<CancellationToken, Task<Stream>> connect, ProbeLimits limits, CancellationToken cancellation, KeyFamily? family = null)
{
    private readonly IMailDialogue _dialogue = request.Protocol switch
    {
        MailProtocol.Smtp => new SmtpDialogue(request.SourceAddress),
        MailProtocol.Imap => new ImapDialogue(),
        MailProtocol.Pop3 => new Pop3Dialogue(),
        _ => throw new ArgumentOutOfRangeException(nameof(request), request.Protocol, null),
    };

    // What it means when the step in hand fails.
    private ProbeOutcome _stage = ProbeOutcome.NotConnected;
    private string _step = "";
    private string? _greeting;
    private string? _refusal;
    private IReadOnlyList<string> _before = [];
    private IReadOnlyList<string> _after = [];
    private ProbeTlsClient? _tls;

    /// <summary>True when the last step ended because nothing came in time.</summary>
    public bool TimedOut { get; private set; }

    /// <summary>The full handshake, with the dialogue before and after it.</summary>
    public async Task<ProbeResult> ShakeAsync()
    {
        string? failure = null;
        try
        {
            await using var stream = await StepAsync(ProbeOutcome.NotConnected, "connection", connect).ConfigureAwait(false);
            var clear = new ClearDuplex(stream);
            if (!request.Implicit)
            {
                await AskForTlsAsync(clear).ConfigureAwait(false);
            }

            await SpeakTlsAsync(clear).ConfigureAwait(false);
            _stage = ProbeOutcome.Completed;
        }
        catch (Exception e) when (MailProbe.IsNetworkFailure(e))
        {
            failure = e is MailProtocolException or TlsHandshakeException || _stage == ProbeOutcome.NotConnected ? e.Message : $"{_step}: {e.Message}";
        }

        return new ProbeResult(
            request,
            _stage,
            failure,
            _greeting,
            _before,
            _after,
            _tls?.Version,
            _tls?.Suite is { } suite ? CipherSuites.Name(suite) : null,
            [.. (_tls?.Chain ?? []).Select(Convert.ToBase64String)],
            new Dictionary<TlsVersion, OfferOutcome>());
    }

    /// <summary>Offers one hello; null when the server did not come to the point where TLS starts.</summary>
    public async Task<HelloAnswer?> OfferAsync(HelloOffer offer, bool readOn = false)
    {
        try
        {
            await using var stream = await StepAsync(ProbeOutcome.NotConnected, "connection", connect).ConfigureAwait(false);
            var clear = new ClearDuplex(stream);
            if (!request.Implicit)
            {
                await AskForTlsAsync(clear).ConfigureAwait(false);
            }

            return await StepAsync(ProbeOutcome.HandshakeFailed, "offer", t => HelloProbe.OfferAsync(clear, offer, readOn, t)).ConfigureAwait(false);
        }
        catch (Exception e) when (MailProbe.IsNetworkFailure(e))
        {
            // The full handshake beside this one tells why the server did not come so far.
            TimedOut = e is TimeoutException;
            return null;
        }
    }

    /// <summary>A handshake with a command sent together with STARTTLS, and a goodbye whose replies tell what became of it.</summary>
    public async Task<SessionFacts> InjectAsync()
    {
        var replies = new List<string>();
        TlsDuplex? tls = null;
        try
        {
            await using var stream = await StepAsync(ProbeOutcome.NotConnected, "connection", connect).ConfigureAwait(false);
            var clear = new ClearDuplex(stream);
            if (!request.Implicit)
            {
                await AskForTlsAsync(clear, _dialogue.Injected).ConfigureAwait(false);
            }

            tls = await HandshakeAsync(clear).ConfigureAwait(false);
            var lines = new LineChannel(tls);
            if (request.Implicit)
            {
                await StepAsync(ProbeOutcome.NoAnswerOverTls, "greeting over TLS", t => _dialogue.GreetAsync(lines, t)).ConfigureAwait(false);
            }

            await lines.WriteLineAsync(_dialogue.Farewell, cancellation).ConfigureAwait(false);
            while (replies.Count < LineChannel.MostLines)
            {
                replies.Add(await StepAsync(ProbeOutcome.NoAnswerOverTls, "goodbye", lines.ReadLineAsync).ConfigureAwait(false));
            }
        }
        catch (Exception e) when (MailProbe.IsNetworkFailure(e))
        {
            // The server's goodbye, or its way to refuse what came with STARTTLS. Silence is neither.
            TimedOut = e is TimeoutException && replies.Count == 0;
        }

        // To refuse STARTTLS for what comes with it is as good as dropping that; 421 is about something else (RFC 5321 section 3.8).
        var refused = _stage == ProbeOutcome.StartTlsRefused && _refusal is { } words && !words.StartsWith("421", StringComparison.Ordinal);
        var injection = refused ? InjectionOutcome.Dropped
            : request.Implicit || TimedOut || _stage < ProbeOutcome.HandshakeFailed ? InjectionOutcome.NotTested
            : _dialogue.ShowsInjected(replies) ? InjectionOutcome.Executed
            : InjectionOutcome.Dropped;
        return new SessionFacts(injection, tls?.EarlyData, _tls is { IsComplete: true, Version: TlsVersion.Tls13 });
    }

    private async Task AskForTlsAsync(ClearDuplex clear, string? trailing = null)
    {
        var lines = new LineChannel(clear);
        _greeting = await StepAsync(ProbeOutcome.NoGreeting, "greeting", t => _dialogue.GreetAsync(lines, t)).ConfigureAwait(false);
        _before = await StepAsync(ProbeOutcome.NoGreeting, _dialogue.CapabilityCommand, t => _dialogue.CapabilitiesAsync(lines, t)).ConfigureAwait(false);
        if (!_dialogue.OffersTls(_before))
        {
            _stage = ProbeOutcome.StartTlsNotOffered;
            await GoodbyeAsync(lines).ConfigureAwait(false);
            throw new MailProtocolException($"the server does not offer {_dialogue.TlsCommand}");
        }

        var refusal = await StepAsync(ProbeOutcome.StartTlsRefused, _dialogue.TlsCommand, t => _dialogue.StartTlsAsync(lines, trailing, t)).ConfigureAwait(false);
        if (refusal is not null)
        {
            _refusal = refusal;
            await GoodbyeAsync(lines).ConfigureAwait(false);
            throw new MailProtocolException($"the server answered {_dialogue.TlsCommand} with {LineChannel.Show(refusal)}");
        }

        if (lines.Pending > 0)
        {
            // Whoever sits in between could pass these off as the server's first words over TLS.
            _stage = ProbeOutcome.HandshakeFailed;
            throw new MailProtocolException($"{lines.Pending} bytes in the clear follow the server's answer to {_dialogue.TlsCommand}: nothing may come before TLS");
        }
    }

    private async Task<TlsDuplex> HandshakeAsync(ClearDuplex clear)
    {
        _tls = new ProbeTlsClient(request.ServerName, family);
        var tls = new TlsDuplex(clear, _tls);
        await StepAsync(ProbeOutcome.HandshakeFailed, "TLS handshake", async t =>
        {
            await tls.HandshakeAsync(t).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        return tls;
    }

    private async Task SpeakTlsAsync(ClearDuplex clear)
    {
        var tls = await HandshakeAsync(clear).ConfigureAwait(false);
        var lines = new LineChannel(tls);
        if (request.Implicit)
        {
            _greeting = await StepAsync(ProbeOutcome.NoAnswerOverTls, "greeting over TLS", t => _dialogue.GreetAsync(lines, t)).ConfigureAwait(false);
        }

        // RFC 3207 section 4.2, RFC 3501 section 6.2.1, RFC 2595 section 4: what was said before TLS is forgotten.
        _after = await StepAsync(ProbeOutcome.NoAnswerOverTls, $"{_dialogue.CapabilityCommand} over TLS", t => _dialogue.CapabilitiesAsync(lines, t)).ConfigureAwait(false);
        await GoodbyeAsync(lines, tls).ConfigureAwait(false);
    }

    private async Task GoodbyeAsync(LineChannel lines, TlsDuplex? tls = null)
    {
        try
        {
            await limits.RunAsync(
                async t =>
                {
                    await _dialogue.QuitAsync(lines, t).ConfigureAwait(false);
                    await (tls?.CloseAsync(t) ?? Task.CompletedTask).ConfigureAwait(false);
                    return true;
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (MailProbe.IsNetworkFailure(e))
        {
            // All that was asked is answered; how a server says goodbye changes nothing about it.
        }
    }

    private async Task<T> StepAsync<T>(ProbeOutcome onFailure, string step, Func<CancellationToken, Task<T>> run)
    {
        (_stage, _step) = (onFailure, step);
        return await limits.RunAsync(run, cancellation).ConfigureAwait(false);
    }
}
