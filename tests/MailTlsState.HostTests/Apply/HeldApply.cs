using MailTlsState.HostTests.Lab;

namespace MailTlsState.HostTests.Apply;

/// <summary>
/// An apply that stops at a point of the test's choice and waits there: a program that it runs is replaced by a script that
/// sleeps until the test ends the sleep. No time plays a part.
/// </summary>
internal sealed class HeldApply(MailLab lab)
{
    private const string Status = "/run/held.status";

    /// <summary>Replaces a program: with arguments that match the shell pattern it first runs <paramref name="first"/>.</summary>
    public Task ReplaceAsync(string program, string pattern, string first) =>
        lab.ReplaceAsync(program, $"case \"$*\" in {pattern}) {first} ;; esac\nexec {program}.real \"$@\"");

    /// <summary>Starts it and returns when it waits where Dovecot is reloaded: after the commit, before verification.</summary>
    public async Task StartToReloadAsync(string command)
    {
        await ReplaceAsync("/usr/bin/doveadm", "*reload", "sleep 100000");
        await StartAsync(command);
    }

    /// <summary>Starts it and returns when it waits in the rehearsal: after the observation, before the commit.</summary>
    public async Task StartToRehearsalAsync(string command)
    {
        await ReplaceAsync("/usr/sbin/postconf", "*'queue_directory daemon_directory maillog_file'", "sleep 100000");
        await StartAsync(command);
    }

    /// <summary>Starts it with a program that was replaced by the test, and returns when that one waits.</summary>
    public Task StartToSleepAsync(string command) => StartAsync(command);

    /// <summary>Sends a signal to mailtls.</summary>
    public Task SignalAsync(string name) => lab.RunAsync($"pkill -{name} -x mailtls");

    /// <summary>Lets it go on, from here on without a stop.</summary>
    public Task ReleaseAsync() => lab.RunAsync(
        """
        for f in /usr/bin/doveadm /usr/sbin/postconf; do
            if [ -e $f.real ]; then ln $f.real $f.again; mv -f $f.again $f; fi
        done
        pkill -f '^sleep 100000'
        """);

    /// <summary>Waits for its end.</summary>
    public async Task<CommandResult> EndAsync()
    {
        var status = (await lab.RunAsync($"while [ ! -s {Status} ]; do sleep 0.02; done; cat {Status}")).Output.Trim();
        return new CommandResult("held", int.Parse(status, System.Globalization.CultureInfo.InvariantCulture), await lab.Host.ReadFileAsync("/run/held.out"), await lab.Host.ReadFileAsync("/run/held.err"));
    }

    // What a shell starts in the background ignores SIGINT, unless somebody gives it back.
    private Task StartAsync(string command) => lab.RunAsync(
        $"""
        rm -f {Status}
        (env --default-signal sh -c {ThrowawayHost.Quote(command)} >/run/held.out 2>/run/held.err; echo $? >{Status}.new; mv {Status}.new {Status}) </dev/null >/dev/null 2>&1 &
        while ! pgrep -f '^sleep 100000' >/dev/null && [ ! -s {Status} ]; do sleep 0.1; done
        if [ -s {Status} ]; then cat /run/held.err; exit 9; fi
        """);
}
