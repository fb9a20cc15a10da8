namespace MailTlsState.Probing;

/// <summary>The few commands of one mail protocol that a probe needs.</summary>
internal interface IMailDialogue
{
    /// <summary>The command that asks for capabilities, for messages.</summary>
    string CapabilityCommand { get; }

    /// <summary>The command that starts TLS, for messages.</summary>
    string TlsCommand { get; }

    /// <summary>A harmless command that no server may carry out when it comes together with <see cref="TlsCommand"/>.</summary>
    string Injected { get; }

    /// <summary>The command that ends a session in which <see cref="Injected"/> was sent; each has an answer that cannot be taken for the other's.</summary>
    string Farewell { get; }

    /// <summary>True when the replies to <see cref="Farewell"/> hold one to <see cref="Injected"/>.</summary>
    bool ShowsInjected(IReadOnlyList<string> replies);

    /// <summary>Reads the greeting and returns its first line.</summary>
    /// <exception cref="MailProtocolException">It is not this protocol's, or the server does not serve us.</exception>
    Task<string> GreetAsync(LineChannel channel, CancellationToken cancellation);

    /// <summary>Asks for capabilities: upper case, in the server's order.</summary>
    /// <exception cref="MailProtocolException">The server refused to say or broke the protocol.</exception>
    Task<IReadOnlyList<string>> CapabilitiesAsync(LineChannel channel, CancellationToken cancellation);

    /// <summary>True when the capabilities hold STARTTLS or STLS.</summary>
    bool OffersTls(IReadOnlyList<string> capabilities);

    /// <summary>Asks to start TLS; null when the server agreed, else its answer.</summary>
    /// <param name="channel">The connection.</param>
    /// <param name="trailing">A line to send in the same packet, or null.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<string?> StartTlsAsync(LineChannel channel, string? trailing, CancellationToken cancellation);

    /// <summary>Ends the session and waits until the server said goodbye.</summary>
    Task QuitAsync(LineChannel channel, CancellationToken cancellation);
}
