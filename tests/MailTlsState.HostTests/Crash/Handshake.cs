using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;

namespace MailTlsState.HostTests.Crash;

/// <summary>One port of a mail host.</summary>
/// <param name="Port">TCP port.</param>
/// <param name="Protocol">smtp, imap or pop3.</param>
/// <param name="Implicit">True when TLS comes first.</param>
internal sealed record MailPort(int Port, string Protocol, bool Implicit)
{
    /// <summary>The seven endpoints of the examples.</summary>
    public static IReadOnlyList<MailPort> All { get; } =
    [
        new(25, "smtp", false), new(587, "smtp", false), new(465, "smtp", true), new(143, "imap", false), new(993, "imap", true), new(110, "pop3", false), new(995, "pop3", true),
    ];

    /// <summary>Those that a stock host has, too.</summary>
    public static IReadOnlyList<MailPort> Stock { get; } = [.. All.Where(p => p.Port is not (587 or 465))];
}

/// <summary>What one handshake saw.</summary>
/// <param name="Leaf">SHA-256 (hex) of the leaf, or null.</param>
/// <param name="Failure">Where it ended and why, or null when TLS was spoken and the server answered over it.</param>
internal sealed record Seen(string? Leaf, string? Failure)
{
    /// <summary>True when nothing took the connection.</summary>
    public bool Refused => Failure == NotListening;

    internal const string NotListening = "connection refused";
}

/// <summary>A mail client that is not MailTlsState's own: sockets and SslStream.</summary>
internal static class Handshake
{
    /// <summary>Suites with CBC, which policy article accepts and intermediate refuses, for either kind of key.</summary>
    public static readonly TlsCipherSuite[] Old =
        [TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA];

    /// <summary>Speaks to a port up to an answer over TLS, and says goodbye.</summary>
    /// <param name="network">From where.</param>
    /// <param name="port">To which port.</param>
    /// <param name="suites">TLS 1.2 with these suites alone; null for what the client likes.</param>
    public static async Task<Seen> TryAsync(HostNetwork network, MailPort port, TlsCipherSuite[]? suites = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string? leaf = null;
        var step = "connecting";
        try
        {
            using var socket = await network.ConnectAsync(port.Port, limit.Token);
            await using var clear = new NetworkStream(socket);
            if (!port.Implicit)
            {
                step = "greeting";
                await ExpectAsync(clear, port.Protocol switch { "smtp" => "220 ", "imap" => "* OK", _ => "+OK" }, limit.Token);
                if (port.Protocol == "smtp")
                {
                    step = "EHLO";
                    await SayAsync(clear, "EHLO client.mydomain.com", "250 ", limit.Token);
                }

                step = "STARTTLS";
                await SayAsync(clear, Command(port.Protocol), port.Protocol switch { "smtp" => "220 ", "imap" => "a OK", _ => "+OK" }, limit.Token);
            }

            step = "handshake";
            await using var tls = new SslStream(clear, leaveInnerStreamOpen: true, (_, certificate, _, _) =>
            {
                leaf = Convert.ToHexStringLower(SHA256.HashData(certificate!.GetRawCertData()));
                return true;
            });
            var options = new SslClientAuthenticationOptions { TargetHost = "mail.mydomain.com", AllowTlsResume = false };
            if (suites is not null)
            {
                options.EnabledSslProtocols = SslProtocols.Tls12;
#pragma warning disable CA1416 // Linux only, like all of these tests.
                options.CipherSuitesPolicy = new CipherSuitesPolicy(suites);
#pragma warning restore CA1416
            }

            await tls.AuthenticateAsClientAsync(options, limit.Token);
            step = "answer over TLS";
            if (port.Implicit)
            {
                await ExpectAsync(tls, port.Protocol switch { "smtp" => "220 ", "imap" => "* OK", _ => "+OK" }, limit.Token);
            }

            await SayAsync(tls, port.Protocol == "imap" ? "b LOGOUT" : "QUIT", port.Protocol switch { "smtp" => "221 ", "imap" => "b OK", _ => "+OK" }, limit.Token);
            return new Seen(leaf, null);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return new Seen(null, Seen.NotListening);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            return new Seen(leaf, $"{step}: {e.InnerException?.Message ?? e.Message}");
        }
    }

    /// <summary>All of the ports at once: the leaf of each, whether it still takes old suites, or how it fails.</summary>
    /// <param name="network">From where.</param>
    /// <param name="names">Names for the leaves that are known, by their SHA-256.</param>
    public static async Task<IReadOnlyDictionary<int, string>> AllAsync(HostNetwork network, IReadOnlyDictionary<string, string> names)
    {
        var seen = await Task.WhenAll(MailPort.All.Select(async port =>
        {
            var now = await TryAsync(network, port);
            if (now.Failure is not null)
            {
                return (port.Port, Text: now.Failure);
            }

            var old = await TryAsync(network, port, Old);
            return (port.Port, Text: $"{names.GetValueOrDefault(now.Leaf!, now.Leaf!)}, CBC {(old.Failure is null ? "accepted" : "refused")}");
        }));
        return new SortedDictionary<int, string>(seen.ToDictionary(s => s.Port, s => s.Text));
    }

    private static string Command(string protocol) => protocol switch { "smtp" => "STARTTLS", "imap" => "a STARTTLS", _ => "STLS" };

    private static async Task SayAsync(Stream stream, string line, string expected, CancellationToken cancellation)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancellation);
        await ExpectAsync(stream, expected, cancellation);
    }

    // Reads lines until the one that ends the answer; everything else but a line that goes on is a failure.
    private static async Task ExpectAsync(Stream stream, string expected, CancellationToken cancellation)
    {
        var buffer = new byte[1];
        var line = new StringBuilder();
        while (true)
        {
            if (await stream.ReadAsync(buffer, cancellation) == 0)
            {
                throw new IOException($"closed after \"{line}\"");
            }

            if (buffer[0] != '\n')
            {
                line.Append((char)buffer[0]);
                continue;
            }

            var text = line.ToString().TrimEnd('\r');
            line.Clear();
            if (text.StartsWith(expected, StringComparison.Ordinal))
            {
                return;
            }

            var goesOn = text.StartsWith("* ", StringComparison.Ordinal) || (text.Length > 3 && text[3] == '-');
            if (!goesOn)
            {
                throw new IOException($"answered \"{text}\"");
            }
        }
    }
}
