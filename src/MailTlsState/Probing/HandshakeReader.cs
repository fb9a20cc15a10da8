using Org.BouncyCastle.Tls;

namespace MailTlsState.Probing;

/// <summary>One step of a server's flight: a handshake message, or why there is none.</summary>
/// <param name="Type">Type of the message (RFC 8446 section 4), or -1.</param>
/// <param name="Body">Its body.</param>
/// <param name="End">The alert or failure that ended the flight, or null.</param>
internal readonly record struct ServerMessage(int Type, byte[] Body, HelloAnswer? End);

/// <summary>Reads a server's handshake messages in the clear, with limits on what it may make us hold.</summary>
internal sealed class HandshakeReader(IDuplex duplex)
{
    // A chain of ten certificates with RSA-4096 keys has some 20 KB; BouncyCastle's own limit for a chain is 32 KiB.
    public const int LongestFlight = 128 * 1024;

    // RFC 8446 section 5.1 and RFC 5246 section 6.2.3: 2^14 bytes and what protection adds.
    private const int LongestRecord = 16384 + 2048;

    // RFC 6066 section 3 knows one warning; no server has a reason for more.
    private const int MostWarnings = 8;

    private readonly byte[] _header = new byte[5];
    private readonly List<byte> _pending = [];
    private int _total;
    private int _warnings;

    /// <summary>The next message.</summary>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public async Task<ServerMessage> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_pending.Count >= 4)
            {
                var length = (_pending[1] << 16) | (_pending[2] << 8) | _pending[3];
                if (length > LongestFlight)
                {
                    return Malformed($"the server announced a handshake message of {length} bytes");
                }

                if (_pending.Count >= 4 + length)
                {
                    var message = new ServerMessage(_pending[0], [.. _pending[4..(4 + length)]], null);
                    _pending.RemoveRange(0, 4 + length);
                    return message;
                }
            }

            if (await ReadRecordAsync(cancellation).ConfigureAwait(false) is { } end)
            {
                return end;
            }
        }
    }

    private async Task<ServerMessage?> ReadRecordAsync(CancellationToken cancellation)
    {
        await ReadExactlyAsync(_header.AsMemory(0, 1), cancellation).ConfigureAwait(false);
        if (!TlsRecords.IsTls(_header[0]))
        {
            return Malformed("the server answered in the clear");
        }

        await ReadExactlyAsync(_header.AsMemory(1), cancellation).ConfigureAwait(false);
        var length = (_header[3] << 8) | _header[4];
        if (length > LongestRecord)
        {
            return Malformed($"the server sent a record of {length} bytes");
        }

        var fragment = new byte[length];
        await ReadExactlyAsync(fragment, cancellation).ConfigureAwait(false);
        if (_header[0] == TlsRecords.Alert && length >= 2)
        {
            // RFC 6066 section 3: unrecognized_name may come as a warning, and the handshake goes on.
            return fragment[0] == AlertLevel.fatal ? new ServerMessage(-1, [], new HelloAnswer(null, null, null, fragment[1], null, Closed: false))
                : ++_warnings > MostWarnings ? Malformed("the server sent one warning after the other") : null;
        }

        if (_header[0] != TlsRecords.Handshake)
        {
            return Malformed($"the server answered with a record of type {_header[0]}");
        }

        _total += length + _header.Length;
        if (_total > LongestFlight)
        {
            return Malformed($"the server's part of the handshake is longer than {LongestFlight} bytes");
        }

        _pending.AddRange(fragment);
        return null;
    }

    public static ServerMessage Malformed(string what) => new(-1, [], new HelloAnswer(null, null, null, null, what, Closed: false));

    private async Task ReadExactlyAsync(Memory<byte> buffer, CancellationToken cancellation)
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
