namespace MailTlsState.Probing;

/// <summary>Bytes to and from a server, in the clear or over TLS.</summary>
internal interface IDuplex
{
    /// <summary>Reads at least one byte; 0 means that the server closed.</summary>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Sends all of it.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation);
}

/// <summary>A connection that can tell what became of what was sent.</summary>
internal interface IDeliveryReport
{
    /// <summary>True when the peer has closed and is known to have read all that was sent.</summary>
    bool IsReadAndClosed { get; }
}

/// <summary>A stream as it is.</summary>
internal sealed class ClearDuplex(Stream stream) : IDuplex, IDeliveryReport
{
    public bool IsReadAndClosed => stream is IDeliveryReport { IsReadAndClosed: true };

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation) => stream.ReadAsync(buffer, cancellation);

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
    }
}
