using System.Globalization;
using MailTlsState.Hosts;

namespace MailTlsState.Services.Systemd;

/// <summary>A transient timer that recovers an apply which does not end by itself. Gone with the next boot, where the unit takes over.</summary>
public static class DeadlineTimer
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Name of the timer and, but for the suffix, of the service that it starts.</summary>
    public static string Name(string run) => $"mailtls-deadline-{run}";

    /// <summary>The call that arms it.</summary>
    /// <param name="program">Our own binary.</param>
    /// <param name="run">The run's id.</param>
    /// <param name="after">When it fires.</param>
    public static ProcessCall Arm(string program, string run, TimeSpan after) => new(
        "/usr/bin/systemd-run",
        [
            "--quiet", "--no-ask-password", $"--unit={Name(run)}", $"--description=Recover the mailtls run {run} unless it ends in time",
            string.Create(CultureInfo.InvariantCulture, $"--on-active={after.TotalMilliseconds:0}ms"), "--timer-property=AccuracySec=100ms",
            program, "recover", "--deadline", run,
        ],
        Limit);

    /// <summary>The call that disarms it. A recovery that it has started already goes on, and finds nothing to do.</summary>
    public static ProcessCall Disarm(string run) => new("/usr/bin/systemctl", ["--no-ask-password", "stop", Name(run) + ".timer"], Limit);
}
