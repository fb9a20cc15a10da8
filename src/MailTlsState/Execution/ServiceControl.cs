using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services;

namespace MailTlsState.Execution;

/// <summary>Tells services to use what is on disk. Exit statuses are passed on, but prove nothing.</summary>
internal sealed class ServiceControl(IHost host, IHostWriter writer, bool systemd)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StartPause = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>A call that failed, with its words.</summary>
    public sealed record Failure(ProcessCall Call, ProcessResult Result)
    {
        /// <summary>In words.</summary>
        public string Words => Result.Error.Trim().ReplaceLineEndings(" / ");
    }

    /// <summary>True while the service's master lives.</summary>
    public Task<bool> IsRunningAsync(ServiceKind kind) => MailServices.Of(kind).IsRunningAsync(host, CancellationToken.None);

    /// <summary>Reloads, restarts, starts or stops.</summary>
    /// <returns>What failed, or null.</returns>
    public async Task<Failure?> ActivateAsync(ServiceKind kind, Activation activation)
    {
        if (activation == Activation.Stop)
        {
            return await StopAsync(kind).ConfigureAwait(false);
        }

        if (activation != Activation.Restart || systemd)
        {
            return await RunAsync(MailServices.Of(kind).Activate(activation, systemd)).ConfigureAwait(false);
        }

        // Without systemd there is no one command for it.
        var stopped = await StopAsync(kind).ConfigureAwait(false);
        return await StartAgainAsync(kind).ConfigureAwait(false) ?? stopped;
    }

    /// <summary>
    /// Starts what ran until a moment ago. A process that outlives its master for a moment still holds the ports ("Address already
    /// in use"), so a start that fails is tried again for a while.
    /// </summary>
    /// <returns>What failed at the last try, or null.</returns>
    public async Task<Failure?> StartAgainAsync(ServiceKind kind)
    {
        var start = host.Clock.GetTimestamp();
        var pause = StartPause;
        while (true)
        {
            var failure = await RunAsync(MailServices.Of(kind).Activate(Activation.Start, systemd)).ConfigureAwait(false);
            if (failure is null || host.Clock.GetElapsedTime(start) + pause > StartLimit)
            {
                return failure;
            }

            await Task.Delay(pause, host.Clock).ConfigureAwait(false);

            // Doubled each time: systemd gives a unit up that is started more than five times in ten seconds.
            pause *= 2;
        }
    }

    /// <summary>Stops, and waits until it is down.</summary>
    /// <returns>What failed, or null.</returns>
    public async Task<Failure?> StopAsync(ServiceKind kind)
    {
        if (!await IsRunningAsync(kind).ConfigureAwait(false))
        {
            return null;
        }

        var failure = await RunAsync(MailServices.Of(kind).Stop(systemd)).ConfigureAwait(false);
        var start = host.Clock.GetTimestamp();
        while (await IsRunningAsync(kind).ConfigureAwait(false) && host.Clock.GetElapsedTime(start) < StopLimit)
        {
            await Task.Delay(Pause, host.Clock).ConfigureAwait(false);
        }

        return failure;
    }

    private async Task<Failure?> RunAsync(ProcessCall call)
    {
        try
        {
            return await writer.RunAsync(call, CancellationToken.None).ConfigureAwait(false) is { ExitCode: not 0 } result ? new Failure(call, result) : null;
        }
        catch (MailTlsException e)
        {
            // It was not started at all (a program that others may write, no more processes). Half way through a change that is one more failure.
            return new Failure(call, new ProcessResult(126, "", string.Join("; ", e.Diagnostics.Select(d => d.Fact))));
        }
    }
}
