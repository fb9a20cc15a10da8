using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Services.Systemd;

namespace MailTlsState.Execution;

/// <summary>Where systemd runs, a timer that recovers this apply should it hang or be killed. Disposing it stops the timer.</summary>
internal sealed class ApplyDeadline : IAsyncDisposable
{
    private readonly IHostWriter _writer;
    private readonly string? _run;

    private ApplyDeadline(IHostWriter writer, string? run) => (_writer, _run) = (writer, run);

    /// <summary>Sets the timer. Where that fails the apply goes on without it, and says so.</summary>
    public static async Task<ApplyDeadline> ArmAsync(IHostWriter writer, HostFacts facts, JournalEntry entry, ApplyLimits limits, List<Diagnostic> diagnostics)
    {
        // Why there is no program, the plan has said.
        if (!facts.Systemd || facts.Program is not { } program)
        {
            return new ApplyDeadline(writer, null);
        }

        var call = DeadlineTimer.Arm(program, entry.Id, limits.DeadlineFor(entry.Activations.Count, entry.Steps.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Patience)));
        var (armed, words) = await TryAsync(writer, call).ConfigureAwait(false);
        if (!armed)
        {
            diagnostics.Add(SystemdDiagnostics.NoDeadline(words));
        }

        return new ApplyDeadline(writer, armed ? entry.Id : null);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_run is not null)
        {
            // A timer that goes off after all finds that the run has ended.
            await TryAsync(_writer, DeadlineTimer.Disarm(_run)).ConfigureAwait(false);
        }
    }

    private static async Task<(bool Done, string Words)> TryAsync(IHostWriter writer, ProcessCall call)
    {
        try
        {
            var result = await writer.RunAsync(call, CancellationToken.None).ConfigureAwait(false);
            return (result.ExitCode == 0, $"{call.Program} returned {result.ExitCode}: {result.Error.Trim().ReplaceLineEndings(" / ")}");
        }
        catch (MailTlsException e)
        {
            return (false, e.Message);
        }
    }
}
