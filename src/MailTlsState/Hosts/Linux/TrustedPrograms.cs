using System.Collections.Concurrent;
using MailTlsState.Diagnostics;

namespace MailTlsState.Hosts.Linux;

/// <summary>Refuses to run, as root, what somebody else could have put there.</summary>
internal static class TrustedPrograms
{
    private static readonly ConcurrentDictionary<string, bool> Known = new(StringComparer.Ordinal);

    /// <summary>True when the program is there; it and all its directories belong to root and are writable by nobody else.</summary>
    /// <exception cref="MailTlsException">They are not.</exception>
    internal static bool Exists(string program) => Known.ContainsKey(program) || (Check(program) && Known.TryAdd(program, true) | true);

    private static bool Check(string program)
    {
        try
        {
            return LinuxPath.FindUntrusted(program, "run") is { } untrusted
                ? throw new MailTlsException(HostDiagnostics.ProgramNotTrusted(program, untrusted))
                : true;
        }
        catch (HostWriteException failure) when (failure.Error is Errno.NoEntry or Errno.NotDirectory)
        {
            return false;
        }
        catch (HostWriteException failure)
        {
            throw new MailTlsException(HostDiagnostics.ProgramNotStarted(program, Errno.Describe(failure.Error)));
        }
    }
}
