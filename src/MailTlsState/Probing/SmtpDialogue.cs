using System.Net;

namespace MailTlsState.Probing;

/// <summary>SMTP (RFC 5321) with STARTTLS (RFC 3207).</summary>
/// <param name="clientAddress">
/// Our address, which EHLO gives as a literal (RFC 5321 section 4.1.3): the server has nothing to look up, and a probe
/// never claims a host's name.
/// </param>
internal sealed class SmtpDialogue(string? clientAddress) : IMailDialogue
{
    private readonly string _client = clientAddress is not null && IPAddress.TryParse(clientAddress, out var ip)
        ? ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[IPv6:{ip}]" : $"[{ip}]"
        : "[127.0.0.1]";

    public string CapabilityCommand => "EHLO";

    public string TlsCommand => "STARTTLS";

    public string Injected => "NOOP";

    public string Farewell => "QUIT";

    public bool ShowsInjected(IReadOnlyList<string> replies) => replies.Any(r => r.StartsWith("250", StringComparison.Ordinal));

    public async Task<string> GreetAsync(LineChannel channel, CancellationToken cancellation)
    {
        var reply = await ReadReplyAsync(channel, cancellation).ConfigureAwait(false);
        return Code(reply) == "220" ? reply[0] : throw new MailProtocolException($"the server greeted with {LineChannel.Show(reply[0])}");
    }

    public async Task<IReadOnlyList<string>> CapabilitiesAsync(LineChannel channel, CancellationToken cancellation)
    {
        await channel.WriteLineAsync($"EHLO {_client}", cancellation).ConfigureAwait(false);
        var reply = await ReadReplyAsync(channel, cancellation).ConfigureAwait(false);
        return Code(reply) == "250"
            ? [.. reply.Skip(1).Where(l => l.Length > 4).Select(l => l[4..].ToUpperInvariant())]
            : throw new MailProtocolException($"the server answered EHLO with {LineChannel.Show(reply[0])}");
    }

    public bool OffersTls(IReadOnlyList<string> capabilities) => capabilities.Any(c => c.Split(' ')[0] == "STARTTLS");

    public async Task<string?> StartTlsAsync(LineChannel channel, string? trailing, CancellationToken cancellation)
    {
        await channel.WriteLineAsync(LineChannel.Join("STARTTLS", trailing), cancellation).ConfigureAwait(false);
        var reply = await ReadReplyAsync(channel, cancellation).ConfigureAwait(false);
        return Code(reply) == "220" ? null : reply[0];
    }

    public async Task QuitAsync(LineChannel channel, CancellationToken cancellation)
    {
        await channel.WriteLineAsync("QUIT", cancellation).ConfigureAwait(false);
        await ReadReplyAsync(channel, cancellation).ConfigureAwait(false);
    }

    private static string Code(List<string> reply) => reply[0][..3];

    // RFC 5321 section 4.2.1: every line but the last has a hyphen after the code, and all have the same code.
    private static async Task<List<string>> ReadReplyAsync(LineChannel channel, CancellationToken cancellation)
    {
        var lines = new List<string>();
        while (lines.Count < LineChannel.MostLines)
        {
            var line = await channel.ReadLineAsync(cancellation).ConfigureAwait(false);
            var isReply = line.Length >= 3 && line.AsSpan(0, 3).IndexOfAnyExceptInRange('0', '9') < 0 && (line.Length == 3 || line[3] is ' ' or '-');
            if (!isReply || (lines.Count > 0 && !line.StartsWith(Code(lines), StringComparison.Ordinal)))
            {
                throw new MailProtocolException($"the server sent {LineChannel.Show(line)}, which is no SMTP reply");
            }

            lines.Add(line);
            if (line.Length == 3 || line[3] == ' ')
            {
                return lines;
            }
        }

        throw new MailProtocolException($"the server sent a reply of more than {LineChannel.MostLines} lines");
    }
}
