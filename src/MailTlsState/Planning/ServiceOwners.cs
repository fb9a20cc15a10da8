using MailTlsState.Hosts;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>Tells which mail server holds a listening socket.</summary>
public static class ServiceOwners
{
    /// <summary>
    /// A listener on <paramref name="port"/> that is not the service's own, or null. A user who is not root does not see who holds
    /// a socket, so for him an unknown holder is none.
    /// </summary>
    public static Listener? Foreign(HostObservation observed, ServiceKind service, int port) => observed.Listeners.FirstOrDefault(
        l => l.Port == port && OwnerOf(l) != service && (observed.Host.UserId == 0 || l.Executable is not null));

    /// <summary>
    /// The mail server that holds <paramref name="listener"/>, or null for another program. Children inherit the
    /// master's sockets, so it goes by the folder of the executable: Debian and Red Hat keep a server's programs in one.
    /// </summary>
    public static ServiceKind? OwnerOf(Listener listener)
    {
        var exe = listener.Executable ?? "";
        if (exe.Contains("/postfix/", StringComparison.Ordinal))
        {
            return ServiceKind.Postfix;
        }

        return exe.Contains("/dovecot/", StringComparison.Ordinal) || exe.EndsWith("/sbin/dovecot", StringComparison.Ordinal)
            ? ServiceKind.Dovecot
            : null;
    }
}
