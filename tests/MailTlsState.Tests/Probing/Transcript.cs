using System.Text;
using MailTlsState.Probing;
using Xunit;

namespace MailTlsState.Tests.Probing;

/// <summary>
/// A recorded session: lines that begin with <c>S: </c> come from the server, those with <c>C: </c> must be sent by the
/// client at this point. The server's bytes arrive in chunks of a given size.
/// </summary>
internal sealed class Transcript(string text, int chunk) : IDuplex
{
    private readonly Queue<string> _lines = new(text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries));
    private byte[] _waiting = [];

    public static TheoryData<int> Chunks => [1, 7, int.MaxValue];

    public bool IsOver => _lines.Count == 0 && _waiting.Length == 0;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        if (_waiting.Length == 0)
        {
            var said = new StringBuilder();
            while (_lines.TryPeek(out var line) && line.StartsWith("S: ", StringComparison.Ordinal))
            {
                said.Append(_lines.Dequeue()[3..]).Append("\r\n");
            }

            _waiting = Encoding.Latin1.GetBytes(said.ToString());
        }

        var count = Math.Min(Math.Min(chunk, buffer.Length), _waiting.Length);
        _waiting.AsSpan(0, count).CopyTo(buffer.Span);
        _waiting = _waiting[count..];
        return ValueTask.FromResult(count);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        Assert.Empty(_waiting);
        Assert.True(_lines.TryDequeue(out var expected), "the client spoke after the end of the transcript");
        Assert.Equal(expected, "C: " + Encoding.Latin1.GetString(bytes.Span).TrimEnd('\r', '\n'));
        return ValueTask.CompletedTask;
    }
}
