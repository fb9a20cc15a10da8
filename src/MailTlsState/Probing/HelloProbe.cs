using MailTlsState.Policies;
using Org.BouncyCastle.Tls;

namespace MailTlsState.Probing;

/// <summary>
/// Offers a ClientHello of our own and reads the ServerHello, without any cryptography: a connection each, and
/// the server's choice is seen even where no library would go on.
/// </summary>
public static class HelloProbe
{
    /// <summary>Offers once. The stream has to be at the point where TLS starts; it is of no further use.</summary>
    /// <exception cref="IOException">The connection broke before the offer was out.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<HelloAnswer> OfferAsync(Stream stream, HelloOffer offer, CancellationToken cancellation) =>
        OfferAsync(new ClearDuplex(stream), offer, readOn: false, cancellation);

    /// <summary>Offers once; <paramref name="readOn"/> reads a flight of TLS 1.2 or older to the key exchange as well.</summary>
    internal static async Task<HelloAnswer> OfferAsync(IDuplex duplex, HelloOffer offer, bool readOn, CancellationToken cancellation)
    {
        await duplex.WriteAsync(ClientHelloWriter.Write(offer), cancellation).ConfigureAwait(false);
        try
        {
            return await ReadAnswerAsync(new HandshakeReader(duplex), readOn, cancellation).ConfigureAwait(false);
        }
        catch (EndOfStreamException)
        {
            return new HelloAnswer(null, null, null, null, "the server closed the connection", Closed: true) { HasRead = duplex is IDeliveryReport { IsReadAndClosed: true } };
        }
        catch (IOException e)
        {
            // A reset instead of an answer is how a server refuses that closes while our hello is still unread.
            return new HelloAnswer(null, null, null, null, e.Message, Closed: true);
        }
    }

    private static async Task<HelloAnswer> ReadAnswerAsync(HandshakeReader reader, bool readOn, CancellationToken cancellation)
    {
        var first = await reader.NextAsync(cancellation).ConfigureAwait(false);
        if (first.End is { } refusal)
        {
            return refusal;
        }

        if (first.Type != HandshakeType.server_hello)
        {
            return Malformed($"the server answered with a handshake message of type {first.Type}");
        }

        var answer = ServerHelloReader.Read(first.Body) ?? Malformed("the server's hello cannot be read");
        return readOn && answer.Version is < WireVersion.Tls13 ? await ReadOnAsync(reader, answer, cancellation).ConfigureAwait(false) : answer;
    }

    private static async Task<HelloAnswer> ReadOnAsync(HandshakeReader reader, HelloAnswer answer, CancellationToken cancellation)
    {
        while (true)
        {
            var message = await reader.NextAsync(cancellation).ConfigureAwait(false);
            switch (message.Type)
            {
                case -1:
                    return message.End!;
                case HandshakeType.certificate:
                    answer = ServerFlightReader.Certificates(message.Body) is { } chain ? answer with { Chain = chain } : Malformed("the server's certificate message cannot be read");
                    break;
                case HandshakeType.server_key_exchange:
                    return ServerFlightReader.KeyExchange(message.Body, answer) ?? Malformed("the server's key exchange cannot be read");
                case HandshakeType.server_hello_done:
                    return answer;
                case HandshakeType.certificate_request or HandshakeType.certificate_status or HandshakeType.supplemental_data:
                    break;
                default:
                    return Malformed($"the server went on with a handshake message of type {message.Type}");
            }

            if (answer.Failure is not null)
            {
                return answer;
            }
        }
    }

    private static HelloAnswer Malformed(string what) => HandshakeReader.Malformed(what).End!;
}
