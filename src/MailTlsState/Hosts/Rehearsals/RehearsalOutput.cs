using System.Text;
using MailTlsState.Hosts.Linux;

namespace MailTlsState.Hosts.Rehearsals;

/// <summary>What the script and the daemons write: lines on standard output, words on standard error. Read by a thread, so that nobody blocks.</summary>
internal sealed class RehearsalOutput
{
    private const int MaximumErrors = 1024 * 1024;
    private readonly System.Collections.Concurrent.BlockingCollection<string> _lines = [];
    private readonly StringBuilder _errors = new();
    private readonly Thread _reader;

    internal RehearsalOutput(ChildProcess script)
    {
        _reader = new Thread(() => Read(script.Output, script.Error, script.ExitDescriptor, script.TryWait)) { IsBackground = true, Name = "rehearsal output" };
        _reader.Start();
    }

    /// <summary>Standard error so far.</summary>
    internal string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>The next line, or null when there are no more.</summary>
    internal string? ReadLine(CancellationToken cancellation) =>
        _lines.TryTake(out var line, Timeout.Infinite, cancellation) ? line : null;

    /// <summary>True when the script and everybody who held its outputs ended in time.</summary>
    internal bool WaitForEnd(TimeSpan limit) => _reader.Join(limit);

    private void Read(Descriptor output, Descriptor error, int exit, Func<int?> ended)
    {
        var buffer = new byte[8192];
        var line = new StringBuilder();
        var (outputOpen, errorOpen) = (true, true);
        while (outputOpen || errorOpen)
        {
            Span<Libc.PollEntry> entries =
            [
                new() { Descriptor = outputOpen ? output.Number : -1, Events = Libc.PollIn },
                new() { Descriptor = errorOpen ? error.Number : -1, Events = Libc.PollIn },
                new() { Descriptor = exit, Events = Libc.PollIn },
            ];
            if (Libc.Poll(entries, 3, exit < 0 ? 50 : 1000) < 0 && Errno.Last != Errno.Interrupted)
            {
                break;
            }

            if (entries[0].Returned != 0)
            {
                outputOpen = Take(output, buffer, text => AddLines(line, text));
            }

            if (entries[1].Returned != 0)
            {
                errorOpen = Take(error, buffer, AddError);
            }

            // The script's end ends all processes of its namespace: what is not there by now will not come.
            if (entries[0].Returned == 0 && entries[1].Returned == 0 && ended() is not null)
            {
                break;
            }
        }

        _lines.CompleteAdding();
    }

    private void AddLines(StringBuilder line, string text)
    {
        foreach (var character in text)
        {
            if (character == '\n')
            {
                _lines.Add(line.ToString());
                line.Clear();
            }
            else
            {
                line.Append(character);
            }
        }
    }

    private void AddError(string text)
    {
        lock (_errors)
        {
            if (_errors.Length < MaximumErrors)
            {
                _errors.Append(text);
            }
        }
    }

    private static bool Take(Descriptor pipe, byte[] buffer, Action<string> add)
    {
        var count = Libc.Read(pipe.Number, buffer, buffer.Length);
        if (count > 0)
        {
            add(Encoding.Latin1.GetString(buffer, 0, (int)count));
        }

        return count > 0 || (count < 0 && Errno.Last is Errno.Interrupted or Errno.Again);
    }
}
