namespace MailTlsState.Probing;

/// <summary>IMAP4rev1 (RFC 3501).</summary>
internal sealed class ImapDialogue : IMailDialogue
{
    private int _tag;

    public string CapabilityCommand => "CAPABILITY";

    public string TlsCommand => "STARTTLS";

    public string Injected => "x1 NOOP";

    public string Farewell => "x2 LOGOUT";

    public bool ShowsInjected(IReadOnlyList<string> replies) => replies.Any(r => r.StartsWith("x1 ", StringComparison.OrdinalIgnoreCase));

    public async Task<string> GreetAsync(LineChannel channel, CancellationToken cancellation)
    {
        var line = await channel.ReadLineAsync(cancellation).ConfigureAwait(false);
        // RFC 3501 section 7.1.4: PREAUTH is a greeting, but STARTTLS is not allowed after it: then none is offered.
        return Says(line, "* OK") || Says(line, "* PREAUTH")
            ? line
            : throw new MailProtocolException($"the server greeted with {LineChannel.Show(line)}");
    }

    public async Task<IReadOnlyList<string>> CapabilitiesAsync(LineChannel channel, CancellationToken cancellation)
    {
        var (status, untagged) = await CommandAsync(channel, "CAPABILITY", cancellation).ConfigureAwait(false);
        var list = untagged.LastOrDefault(l => Says(l, "* CAPABILITY"));
        return Says(status, "OK") && list is not null
            ? [.. list.ToUpperInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(2)]
            : throw new MailProtocolException($"the server answered CAPABILITY with {LineChannel.Show(status)}{(list is null ? " and no list" : "")}");
    }

    public bool OffersTls(IReadOnlyList<string> capabilities) => capabilities.Contains("STARTTLS");

    public async Task<string?> StartTlsAsync(LineChannel channel, string? trailing, CancellationToken cancellation)
    {
        var (status, _) = await CommandAsync(channel, "STARTTLS", cancellation, trailing).ConfigureAwait(false);
        return Says(status, "OK") ? null : status;
    }

    public async Task QuitAsync(LineChannel channel, CancellationToken cancellation) =>
        await CommandAsync(channel, "LOGOUT", cancellation).ConfigureAwait(false);

    private static bool Says(string line, string words) =>
        line.StartsWith(words, StringComparison.OrdinalIgnoreCase) && (line.Length == words.Length || line[words.Length] == ' ');

    private async Task<(string Status, List<string> Untagged)> CommandAsync(LineChannel channel, string command, CancellationToken cancellation, string? trailing = null)
    {
        var tag = $"a{++_tag}";
        await channel.WriteLineAsync(LineChannel.Join($"{tag} {command}", trailing), cancellation).ConfigureAwait(false);
        var untagged = new List<string>();
        while (untagged.Count < LineChannel.MostLines)
        {
            var line = await channel.ReadLineAsync(cancellation).ConfigureAwait(false);
            if (line.StartsWith(tag + " ", StringComparison.OrdinalIgnoreCase))
            {
                return (line[(tag.Length + 1)..], untagged);
            }

            if (!line.StartsWith("* ", StringComparison.Ordinal))
            {
                throw new MailProtocolException($"the server sent {LineChannel.Show(line)}, which is no IMAP response");
            }

            // A server that goes away says so (RFC 3501 section 7.1.5); LOGOUT's own BYE comes before its status.
            if (command != "LOGOUT" && Says(line, "* BYE"))
            {
                throw new MailProtocolException($"the server ended the session with {LineChannel.Show(line)}");
            }

            untagged.Add(line);
        }

        throw new MailProtocolException($"the server sent more than {LineChannel.MostLines} lines for {command}");
    }
}
