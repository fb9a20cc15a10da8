using Org.BouncyCastle.Tls;

namespace MailTlsState.Probing;

/// <summary>The TLS handshake failed, in words.</summary>
internal sealed class TlsHandshakeException(string message, Exception? cause = null) : IOException(message, cause);

/// <summary>TLS over a server's bytes: BouncyCastle's client without threads, fed and drained by asynchronous reads and writes.</summary>
internal sealed class TlsDuplex(IDuplex inner, ProbeTlsClient client) : IDuplex
{
    private readonly TicketProtocol _protocol = new();
    private readonly byte[] _input = new byte[16 * 1024];

    /// <summary>Bytes of 0-RTT data that the tickets of TLS 1.3 allow, the most of all; null when none came.</summary>
    public long? EarlyData => _protocol.EarlyData;

    /// <summary>Shakes hands.</summary>
    /// <exception cref="TlsHandshakeException">With what was seen.</exception>
    public async Task HandshakeAsync(CancellationToken cancellation)
    {
        _protocol.Connect(client);
        await FlushAsync(cancellation).ConfigureAwait(false);
        var (first, total) = (true, 0);
        while (!client.IsComplete)
        {
            int got;
            try
            {
                got = await inner.ReadAsync(_input, cancellation).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new TlsHandshakeException($"the connection broke in the TLS handshake: {e.Message}", e);
            }

            if (got == 0)
            {
                throw new TlsHandshakeException("the server closed the connection in the TLS handshake without an alert");
            }

            if (first && !TlsRecords.IsTls(_input[0]))
            {
                throw new TlsHandshakeException($"the server sent {TlsRecords.ShowClear(_input.AsSpan(0, got))} in the clear where its part of the TLS handshake belongs");
            }

            first = false;
            total += got;
            if (total > HandshakeReader.LongestFlight)
            {
                throw new TlsHandshakeException($"the server's part of the handshake is longer than {HandshakeReader.LongestFlight} bytes");
            }

            await OfferAsync(got, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (_protocol.GetAvailableInputBytes() == 0)
        {
            if (_protocol.IsClosed)
            {
                return 0;
            }

            var got = await inner.ReadAsync(_input, cancellation).ConfigureAwait(false);
            if (got == 0)
            {
                return 0;
            }

            await OfferAsync(got, cancellation).ConfigureAwait(false);
        }

        var plain = new byte[Math.Min(buffer.Length, _protocol.GetAvailableInputBytes())];
        var read = _protocol.ReadInput(plain, 0, plain.Length);
        plain.AsSpan(0, read).CopyTo(buffer.Span);
        return read;
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        _protocol.WriteApplicationData(bytes.Span);
        await FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends close_notify.</summary>
    public async Task CloseAsync(CancellationToken cancellation)
    {
        _protocol.Close();
        await FlushAsync(cancellation).ConfigureAwait(false);
    }

    private async Task OfferAsync(int count, CancellationToken cancellation)
    {
        try
        {
            _protocol.OfferInput(_input, 0, count);
        }
        catch (TlsFatalAlertReceived e)
        {
            throw new TlsHandshakeException($"the server refused with the TLS alert {AlertDescription.GetName(e.AlertDescription)}", e);
        }
        catch (TlsFatalAlert e)
        {
            await FlushAsync(cancellation).ConfigureAwait(false);
            throw new TlsHandshakeException($"the server's TLS answer cannot be accepted: {AlertDescription.GetName(e.AlertDescription)}{(e.InnerException is { } inside ? $" ({inside.Message})" : "")}", e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // BouncyCastle lets what its readers stumble over pass: whatever it is, the server's bytes caused it.
            throw new TlsHandshakeException($"the server's TLS answer cannot be read: {e.Message}", e);
        }

        await FlushAsync(cancellation).ConfigureAwait(false);
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        var count = _protocol.GetAvailableOutputBytes();
        if (count > 0)
        {
            var output = new byte[count];
            _protocol.ReadOutput(output, 0, count);
            await inner.WriteAsync(output, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>BouncyCastle's client, which does not resume sessions, with a look at the tickets that it passes over.</summary>
    private sealed class TicketProtocol : TlsClientProtocol
    {
        public long? EarlyData { get; private set; }

        protected override void Receive13NewSessionTicket(MemoryStream buf)
        {
            EarlyData = Math.Max(EarlyData ?? 0, SessionTicketReader.EarlyData(buf.ToArray().AsSpan((int)buf.Position)));
            base.Receive13NewSessionTicket(buf);
        }
    }
}
