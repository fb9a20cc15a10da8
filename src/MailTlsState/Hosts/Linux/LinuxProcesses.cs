using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using MailTlsState.Diagnostics;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// Runs programs as root should: absolute path that root alone can change, empty environment but LC_ALL and PATH, nothing on standard input,
/// umask 077, a process group of its own, a time limit and an output cap. It does not wait for daemons that keep the
/// pipes open after the program itself has ended.
/// </summary>
internal static class LinuxProcesses
{
    /// <summary>Cap of each of the two outputs, in bytes.</summary>
    internal const int MaximumOutput = 4 * 1024 * 1024;

    private const int TimeUp = 124;
    private const int NotFound = 127;

    /// <summary>What two pipes hold at most (pipe(7)).</summary>
    private const int InPipes = 2 * 65536;
    private static readonly string[] Environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

    /// <summary>How long the pipes are read on after the program has ended, when somebody else holds them.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(20);

    internal static Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation) =>
        RunAsync(call, call.Program, call.Arguments, cancellation);

    /// <summary>Runs <paramref name="program"/> for <paramref name="call"/>: another one when the call is wrapped (nsenter).</summary>
    internal static Task<ProcessResult> RunAsync(ProcessCall call, string program, IReadOnlyList<string> arguments, CancellationToken cancellation) =>
        Task.Factory.StartNew(
            () => Run(call, program, arguments, cancellation),
            cancellation,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    private static ProcessResult Run(ProcessCall call, string program, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        if (!TrustedPrograms.Exists(program))
        {
            return new ProcessResult(NotFound, "", "");
        }

        using var child = ChildProcess.Start(program, arguments, Environment, withInput: false);
        var output = new Capture(child.Output);
        var error = new Capture(child.Error);
        var limit = call.TimeLimit ?? ProcessCall.DefaultTimeLimit;
        var started = Stopwatch.GetTimestamp();
        int? status = null;
        while (status is null)
        {
            var left = limit - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || cancellation.IsCancellationRequested)
            {
                child.KillGroup();
                child.Wait();
                cancellation.ThrowIfCancellationRequested();
                return new ProcessResult(TimeUp, output.Text, error.Text);
            }

            Wait(child, output, error, left, cancellation.CanBeCanceled);
            if (output.Length > MaximumOutput || error.Length > MaximumOutput)
            {
                child.KillGroup();
                child.Wait();
                throw new MailTlsException(HostDiagnostics.ProgramOutputTooLarge(call.ToString(), MaximumOutput));
            }

            status = child.TryWait();
        }

        // What it wrote is in the pipes by now and is read however long that takes on a busy host; only what it left running is not waited for.
        var ended = Stopwatch.GetTimestamp();
        var whole = output.Length + error.Length + InPipes;
        while ((output.IsOpen || error.IsOpen) && output.Length <= MaximumOutput && error.Length <= MaximumOutput)
        {
            var left = Grace - Stopwatch.GetElapsedTime(ended);
            var before = output.Length + error.Length;
            Wait(null, output, error, left, false);
            if (left <= TimeSpan.Zero && (output.Length + error.Length == before || before >= whole))
            {
                break;
            }
        }

        return new ProcessResult(status.Value, output.Text, error.Text);
    }

    // Until there is output, the child has ended, or it is time to look at the clock and the cancellation again.
    private static void Wait(ChildProcess? child, Capture output, Capture error, TimeSpan left, bool cancellable)
    {
        var withoutDescriptor = child is { ExitDescriptor: < 0 };
        var slice = withoutDescriptor ? 5 : cancellable ? 50 : 1000;
        Span<Libc.PollEntry> entries =
        [
            new() { Descriptor = output.Descriptor, Events = Libc.PollIn },
            new() { Descriptor = error.Descriptor, Events = Libc.PollIn },
            new() { Descriptor = child?.ExitDescriptor ?? -1, Events = Libc.PollIn },
        ];
        var ready = Libc.Poll(entries, 3, (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 1, slice));
        if (ready <= 0)
        {
            return;
        }

        if (entries[0].Returned != 0)
        {
            output.Read();
        }

        if (entries[1].Returned != 0)
        {
            error.Read();
        }
    }

    private sealed class Capture(Descriptor pipe)
    {
        private readonly MemoryStream _content = new();

        internal bool IsOpen { get; private set; } = true;

        internal int Descriptor => IsOpen ? pipe.Number : -1;

        internal long Length => _content.Length;

        internal string Text => Redaction.Redact(Encoding.Latin1.GetString(_content.GetBuffer(), 0, (int)_content.Length));

        internal void Read()
        {
            Span<byte> buffer = stackalloc byte[16384];
            var count = Libc.Read(pipe.Number, buffer, buffer.Length);
            if (count > 0)
            {
                _content.Write(buffer[..(int)count]);
            }
            else if (count == 0 || Errno.Last is not (Errno.Interrupted or Errno.Again))
            {
                IsOpen = false;
            }
        }
    }
}
