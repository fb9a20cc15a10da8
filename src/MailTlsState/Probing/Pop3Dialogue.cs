namespace MailTlsState.Probing;

/// <summary>POP3 (RFC 1939) with CAPA (RFC 2449) and STLS (RFC 2595 section 4).</summary>
internal sealed class Pop3Dialogue : IMailDialogue
{
    public string CapabilityCommand => "CAPA";

    public string TlsCommand => "STLS";

    public string Injected => "NOOP";

    public string Farewell => "QUIT";

    public bool ShowsInjected(IReadOnlyList<string> replies) => replies.Count > 1;

    public async Task<string> GreetAsync(LineChannel channel, CancellationToken cancellation)
    {
        var line = await channel.ReadLineAsync(cancellation).ConfigureAwait(false);
        return IsOk(line) ? line : throw new MailProtocolException($"the server greeted with {LineChannel.Show(line)}");
    }

    public async Task<IReadOnlyList<string>> CapabilitiesAsync(LineChannel channel, CancellationToken cancellation)
    {
        await channel.WriteLineAsync("CAPA", cancellation).ConfigureAwait(false);
        var line = await ReadStatusAsync(channel, cancellation).ConfigureAwait(false);
        var capabilities = new List<string>();
        if (!IsOk(line))
        {
            // CAPA is optional (RFC 2449 section 5): a server without it announces nothing.
            return capabilities;
        }

        while (capabilities.Count < LineChannel.MostLines)
        {
            line = await channel.ReadLineAsync(cancellation).ConfigureAwait(false);
            if (line == ".")
            {
                return capabilities;
            }

            capabilities.Add((line.StartsWith('.') ? line[1..] : line).ToUpperInvariant());
        }

        throw new MailProtocolException($"the server listed more than {LineChannel.MostLines} capabilities");
    }

    public bool OffersTls(IReadOnlyList<string> capabilities) => capabilities.Contains("STLS");

    public async Task<string?> StartTlsAsync(LineChannel channel, string? trailing, CancellationToken cancellation)
    {
        await channel.WriteLineAsync(LineChannel.Join("STLS", trailing), cancellation).ConfigureAwait(false);
        var line = await ReadStatusAsync(channel, cancellation).ConfigureAwait(false);
        return IsOk(line) ? null : line;
    }

    public async Task QuitAsync(LineChannel channel, CancellationToken cancellation)
    {
        await channel.WriteLineAsync("QUIT", cancellation).ConfigureAwait(false);
        await ReadStatusAsync(channel, cancellation).ConfigureAwait(false);
    }

    private static bool IsOk(string line) => line == "+OK" || line.StartsWith("+OK ", StringComparison.Ordinal);

    private static async Task<string> ReadStatusAsync(LineChannel channel, CancellationToken cancellation)
    {
        var line = await channel.ReadLineAsync(cancellation).ConfigureAwait(false);
        return IsOk(line) || line.StartsWith("-ERR", StringComparison.Ordinal)
            ? line
            : throw new MailProtocolException($"the server sent {LineChannel.Show(line)}, which is no POP3 reply");
    }
}
