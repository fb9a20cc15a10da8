using System.Text;

namespace MailTlsState.Probing;

/// <summary>A server said something that its protocol does not allow, or more than we read.</summary>
internal sealed class MailProtocolException(string message) : IOException(message);

/// <summary>Lines to and from a server, with limits on what it may make us hold.</summary>
internal sealed class LineChannel(IDuplex duplex)
{
    /// <summary>
    /// RFC 5321 section 4.5.3.1.5 allows a reply line 512 octets, RFC 1939 section 3 the same; IMAP sets none, and
    /// RFC 7162 section 4 tells clients to expect 8192.
    /// </summary>
    public const int LongestLine = 8192;

    /// <summary>No greeting or capability list comes near it.</summary>
    public const int MostLines = 200;

    private readonly byte[] _buffer = new byte[LongestLine];
    private int _start;
    private int _end;

    /// <summary>Bytes that came but were not read as lines yet.</summary>
    public int Pending => _end - _start;

    /// <summary>Reads one line, without its line end, each byte one character.</summary>
    /// <exception cref="MailProtocolException">The line is too long.</exception>
    /// <exception cref="EndOfStreamException">The server closed the connection.</exception>
    public async Task<string> ReadLineAsync(CancellationToken cancellation)
    {
        var scanned = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + scanned, Pending - scanned).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsSpan(_start, scanned + at);
                _start += scanned + at + 1;
                return Encoding.Latin1.GetString(line.EndsWith("\r"u8) ? line[..^1] : line);
            }

            scanned = Pending;
            if (_start > 0)
            {
                _buffer.AsSpan(_start, Pending).CopyTo(_buffer);
                (_start, _end) = (0, scanned);
            }

            if (_end == _buffer.Length)
            {
                throw new MailProtocolException($"the server sent a line of more than {LongestLine} bytes");
            }

            var got = await duplex.ReadAsync(_buffer.AsMemory(_end), cancellation).ConfigureAwait(false);
            if (got == 0)
            {
                throw new EndOfStreamException("the server closed the connection");
            }

            _end += got;
        }
    }

    /// <summary>Sends one line.</summary>
    public async Task WriteLineAsync(string line, CancellationToken cancellation) =>
        await duplex.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancellation).ConfigureAwait(false);

    /// <summary>A line, and another that goes out with it.</summary>
    public static string Join(string line, string? trailing) => trailing is null ? line : line + "\r\n" + trailing;

    /// <summary>A server's line as it may be shown: printable, and not longer than fits a terminal.</summary>
    public static string Show(string line)
    {
        var text = string.Concat(line.Take(120).Select(c => c is >= ' ' and <= '~' ? c : '?'));
        return line.Length > 120 ? $"\"{text}…\"" : $"\"{text}\"";
    }
}
