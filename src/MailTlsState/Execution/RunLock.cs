using System.Globalization;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>One run at a time: the host's lock, waited for if wanted.</summary>
public static class RunLock
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Takes the lock; disposing the result frees it.</summary>
    /// <param name="host">Its clock.</param>
    /// <param name="writer">Whose lock.</param>
    /// <param name="command">Named to whoever is kept out.</param>
    /// <param name="wait">How long to wait for another run to end; zero leaves at once.</param>
    /// <param name="progress">Told once what is waited for.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="LockHeldException">Another run held it all that time.</exception>
    public static async Task<IDisposable> TakeAsync(IHost host, IHostWriter writer, string command, TimeSpan wait, IApplyProgress progress, CancellationToken cancellation)
    {
        var start = host.Clock.GetTimestamp();
        var told = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return writer.Lock(command);
            }
            catch (LockHeldException e) when (host.Clock.GetElapsedTime(start) < wait)
            {
                if (!told)
                {
                    progress.Begin(string.Create(CultureInfo.InvariantCulture, $"waiting up to {wait.TotalSeconds:0} s: {e.Message}"));
                    told = true;
                }
            }

            await Task.Delay(Pause, host.Clock, cancellation).ConfigureAwait(false);
        }
    }
}
