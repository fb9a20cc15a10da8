using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Services;

namespace MailTlsState.Execution;

/// <summary>
/// Takes an apply back by its journal alone: this process may have begun it, or one that died. Every part may be repeated.
/// </summary>
internal sealed class Rollback(IHost host, IHostWriter writer, ApplyLimits limits)
{
    /// <summary>Puts every file back, newest change first, and the services to what they were. Returns what could not be done.</summary>
    public async Task<IReadOnlyList<string>> UndoAsync(FileTransaction files)
    {
        var failed = files.Undo();
        return [.. failed, .. await ProveAsync(files, complete: failed.Count == 0).ConfigureAwait(false)];
    }

    /// <summary>With the files back: puts the services to what they were and sees that they answer as before. Returns what does not.</summary>
    /// <param name="files">The run; its journal is ended when nothing is left.</param>
    /// <param name="complete">False when a file could not be put back, so that the journal has to stay.</param>
    public async Task<IReadOnlyList<string>> ProveAsync(FileTransaction files, bool complete = true)
    {
        List<string> failed =
        [
            .. await ReactivateAsync(files.Entry).ConfigureAwait(false),
            .. await UnlikeBeforeAsync(files.Entry).ConfigureAwait(false),
        ];
        if (failed.Count == 0 && complete)
        {
            try
            {
                files.FinishUndone();
            }
            catch (HostWriteException e)
            {
                failed.Add(e.Message);
            }
        }

        return failed;
    }

    private async Task<IReadOnlyList<string>> ReactivateAsync(JournalEntry entry)
    {
        var failed = new List<string>();
        var facts = await host.ObserveHostAsync(CancellationToken.None).ConfigureAwait(false);
        foreach (var activation in entry.Activations.Reverse())
        {
            var service = MailServices.Of(activation.Service);
            var running = await service.IsRunningAsync(host, CancellationToken.None).ConfigureAwait(false);
            ProcessCall? call = (activation.Activation, running) switch
            {
                (Activation.Start, true) => service.Stop(facts.Systemd),
                (Activation.Start, false) => null,
                (_, true) => service.Activate(Activation.Reload, facts.Systemd),

                // A reload can end a master, for example on a port that is taken. It ran before, so it runs again.
                (_, false) => service.Activate(Activation.Start, facts.Systemd),
            };
            if (call is not null && await writer.RunAsync(call, CancellationToken.None).ConfigureAwait(false) is { ExitCode: not 0 } result)
            {
                failed.Add($"{call} returned {result.ExitCode}: {result.Error.Trim()}");
            }
        }

        return failed;
    }

    /// <summary>Waits until every endpoint serves what it served before, and says which ones do not.</summary>
    private async Task<IReadOnlyList<string>> UnlikeBeforeAsync(JournalEntry entry)
    {
        var start = host.Clock.GetTimestamp();
        while (true)
        {
            var differing = (await Task.WhenAll(entry.Before.Select(b => DifferenceAsync(entry, b))).ConfigureAwait(false)).OfType<string>().ToList();
            if (differing.Count == 0 || host.Clock.GetElapsedTime(start) > limits.Activation)
            {
                return differing;
            }

            await Task.Delay(limits.Pause, host.Clock).ConfigureAwait(false);
        }
    }

    private async Task<string?> DifferenceAsync(JournalEntry entry, JournalEndpoint before)
    {
        var target = new EndpointTarget(before.Service, before.Endpoint, before.Address, before.Port, null, true);
        var now = JournalEndpoint.Of(new ServedEndpoint(before.Service, before.Endpoint, await host.ProbeAsync(target.Question(entry.Host, []), CancellationToken.None).ConfigureAwait(false)));
        return now.Outcome == before.Outcome && now.Leaf == before.Leaf
            ? null
            : $"{before.Address} port {before.Port} served {before.Describe()} before and now {now.Describe()}";
    }
}

/// <summary>Time limits of an apply.</summary>
/// <param name="Rehearsal">For every endpoint to answer in the rehearsal.</param>
/// <param name="Activation">For every endpoint to serve the new (or again the old) state.</param>
/// <param name="Pause">Between two looks.</param>
/// <param name="Consecutive">Rounds without a fault that count as proof.</param>
public sealed record ApplyLimits(TimeSpan Rehearsal, TimeSpan Activation, TimeSpan Pause, int Consecutive)
{
    /// <summary>5 s and 15 s; three rounds in a row, since one smtpd that lingers serves the old leaf now and then.</summary>
    public static ApplyLimits Default { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(100), 3);
}
