using MailTlsState.Hosts.Linux;

namespace MailTlsState.Hosts;

/// <summary>
/// Standard output or error. A write never fails: when whoever reads it is gone (a broken pipe, a terminal that was closed) that
/// is told once, and the rest is dropped. The framework's console stream drops it without a word, and throws on a lost terminal.
/// </summary>
/// <param name="number">1 or 2.</param>
/// <param name="lost">Called once, when nothing can be written any more.</param>
public sealed class StandardStream(int number, Action lost) : Stream
{
    private const short PollOut = 4;
    private int _lost;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0 && Volatile.Read(ref _lost) == 0)
        {
            var count = Libc.Write(number, buffer, buffer.Length);
            if (count >= 0)
            {
                buffer = buffer[(int)count..];
            }
            else if (Errno.Last == Errno.Again)
            {
                // Somebody who shares the terminal made it non-blocking.
                _ = Libc.Poll([new Libc.PollEntry { Descriptor = number, Events = PollOut }], 1, -1);
            }
            else if (Errno.Last != Errno.Interrupted && Interlocked.Exchange(ref _lost, 1) == 0)
            {
                lost();
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // write(2) is all there is.
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
