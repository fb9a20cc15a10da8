using System.Globalization;
using MailTlsState.Execution;

namespace MailTlsState.Cli;

/// <summary>Finds out who runs a command, for the history.</summary>
internal static class Invoker
{
    // (uid_t)-1: nobody logged in, as for a service or a boot script (audit_getloginuid(3)).
    private const uint NotSet = uint.MaxValue;

    /// <summary>
    /// The person behind the user id: the kernel keeps under which name a session was opened, through sudo and su; where it does
    /// not, sudo says who called it.
    /// </summary>
    public static async Task<Invocation> OfAsync(CommandContext context, CancellationToken cancellation)
    {
        var user = (await context.Host.ObserveHostAsync(cancellation).ConfigureAwait(false)).UserId;
        var text = (await context.Host.ObserveFileAsync("/proc/self/loginuid", cancellation).ConfigureAwait(false)).Text?.Trim();
        var login = uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != NotSet
            ? await NameAsync(context, number, cancellation).ConfigureAwait(false)
            : Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 and <= 64 } sudo && sudo.All(c => c is > ' ' and < '\x7f') ? sudo : null;
        return new Invocation(context.CommandLine, user, login);
    }

    private static async Task<string> NameAsync(CommandContext context, uint number, CancellationToken cancellation)
    {
        var id = number.ToString(CultureInfo.InvariantCulture);
        var users = (await context.Host.ObserveFileAsync("/etc/passwd", cancellation).ConfigureAwait(false)).Text ?? "";
        return users.Split('\n').Select(l => l.Split(':')).FirstOrDefault(f => f.Length > 2 && f[2] == id)?[0] ?? id;
    }
}
