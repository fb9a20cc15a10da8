using MailTlsState.Policies;
using Org.BouncyCastle.Tls;

namespace MailTlsState.Probing;

/// <summary>A ClientHello that offers exactly this.</summary>
/// <param name="ServerName">SNI name; empty for none.</param>
/// <param name="Version">The version offered. TLS 1.3 stands alone; up to TLS 1.2 the server may choose an older one (RFC 5246 appendix E.1).</param>
/// <param name="Suites">Code points of the suites in this order; unknown ones are sent as well.</param>
/// <param name="Groups">Code points of the groups in this order ("TLS Supported Groups" registry).</param>
public sealed record HelloOffer(string ServerName, TlsVersion Version, IReadOnlyList<int> Suites, IReadOnlyList<int> Groups)
{
    /// <summary>X25519, P-256, P-384, P-521, X448, ffdhe2048, ffdhe3072, ffdhe4096.</summary>
    public static IReadOnlyList<int> CommonGroups { get; } = [0x1D, 0x17, 0x18, 0x19, 0x1E, 0x100, 0x101, 0x102];

    /// <summary>One version with every common suite and group, so that a refusal is due to the version.</summary>
    public static HelloOffer Everything(string serverName, TlsVersion version) => new(serverName, version, CipherSuites.All, CommonGroups);
}

/// <summary>What a server answered to a ClientHello; exactly one of version, alert and failure is set.</summary>
/// <param name="Version">The version that it chose, or null.</param>
/// <param name="Suite">The suite that it chose, or null.</param>
/// <param name="Group">The group that it chose (TLS 1.3 only: older versions tell it later), or null.</param>
/// <param name="Alert">The alert by which it refused ("TLS Alerts" registry), or null.</param>
/// <param name="Failure">What else came instead of an answer (closed, clear text, malformed), or null.</param>
/// <param name="Closed">True when it closed the connection instead of answering.</param>
public sealed record HelloAnswer(TlsVersion? Version, int? Suite, int? Group, int? Alert, string? Failure, bool Closed)
{
    /// <summary>The alert's registered name, or null.</summary>
    public string? AlertName => Alert is { } alert ? AlertDescription.GetName((short)alert) : null;
}

/// <summary>
/// Offers a ClientHello of our own and reads the ServerHello, without any cryptography: a connection each, and
/// the server's choice is seen even where no library would go on.
/// </summary>
public static class HelloProbe
{
    // RFC 8446 section 4: a handshake message's length has 24 bits. No ServerHello comes near this.
    private const int LongestHello = 16 * 1024;

    /// <summary>Offers once. The stream has to be at the point where TLS starts; it is of no further use.</summary>
    /// <exception cref="IOException">The connection broke before the offer was out.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<HelloAnswer> OfferAsync(Stream stream, HelloOffer offer, CancellationToken cancellation) =>
        OfferAsync(new ClearDuplex(stream), offer, cancellation);

    internal static async Task<HelloAnswer> OfferAsync(IDuplex duplex, HelloOffer offer, CancellationToken cancellation)
    {
        await duplex.WriteAsync(ClientHelloWriter.Write(offer), cancellation).ConfigureAwait(false);
        try
        {
            return await ReadAnswerAsync(duplex, cancellation).ConfigureAwait(false);
        }
        catch (EndOfStreamException)
        {
            return new HelloAnswer(null, null, null, null, "the server closed the connection", Closed: true);
        }
        catch (IOException e)
        {
            // A reset instead of an answer is how a server refuses that closes while our hello is still unread.
            return new HelloAnswer(null, null, null, null, e.Message, Closed: true);
        }
    }

    private static async Task<HelloAnswer> ReadAnswerAsync(IDuplex duplex, CancellationToken cancellation)
    {
        var handshake = new List<byte>();
        var header = new byte[5];
        while (true)
        {
            await ReadExactlyAsync(duplex, header.AsMemory(0, 1), cancellation).ConfigureAwait(false);
            if (!TlsRecords.IsTls(header[0]))
            {
                return Malformed("the server answered in the clear");
            }

            await ReadExactlyAsync(duplex, header.AsMemory(1), cancellation).ConfigureAwait(false);
            var fragment = new byte[(header[3] << 8) | header[4]];
            await ReadExactlyAsync(duplex, fragment, cancellation).ConfigureAwait(false);
            if (header[0] == TlsRecords.Alert && fragment.Length >= 2)
            {
                // RFC 6066 section 3: unrecognized_name may come as a warning, and the handshake goes on.
                if (fragment[0] == AlertLevel.fatal)
                {
                    return new HelloAnswer(null, null, null, fragment[1], null, Closed: false);
                }

                continue;
            }

            if (header[0] != TlsRecords.Handshake)
            {
                return Malformed($"the server answered with a record of type {header[0]}");
            }

            handshake.AddRange(fragment);
            if (handshake.Count >= 4)
            {
                var length = (handshake[1] << 16) | (handshake[2] << 8) | handshake[3];
                if (handshake[0] != HandshakeType.server_hello || length > LongestHello)
                {
                    return Malformed($"the server answered with a handshake message of type {handshake[0]}");
                }

                if (handshake.Count >= 4 + length)
                {
                    return ServerHelloReader.Read([.. handshake[4..(4 + length)]]) ?? Malformed("the server's hello cannot be read");
                }
            }
        }
    }

    private static HelloAnswer Malformed(string what) => new(null, null, null, null, what, Closed: false);

    private static async Task ReadExactlyAsync(IDuplex duplex, Memory<byte> buffer, CancellationToken cancellation)
    {
        while (buffer.Length > 0)
        {
            var got = await duplex.ReadAsync(buffer, cancellation).ConfigureAwait(false);
            if (got == 0)
            {
                throw new EndOfStreamException();
            }

            buffer = buffer[got..];
        }
    }
}
