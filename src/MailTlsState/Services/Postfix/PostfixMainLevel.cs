using MailTlsState.Manifests;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>main.cf's smtpd_tls_security_level, which reaches every smtpd that has no level of its own. Pure.</summary>
internal static class PostfixMainLevel
{
    /// <summary>True when main.cf may get the level of port 25: every other listener keeps what it has, or gets what the manifest says.</summary>
    /// <param name="level">The level.</param>
    /// <param name="master">master.cf.</param>
    /// <param name="smtp">The listener on port 25.</param>
    /// <param name="desired">What the manifest names.</param>
    /// <param name="answers">What Postfix says.</param>
    public static bool CanBe(string level, MasterCf master, MasterService smtp, ServiceManifest desired, PostfixAnswers answers)
    {
        return !master.Services.Any(s => s.Command == "smtpd" && s != smtp && s.Type is "inet" or "pass" && s.Override(PostfixListeners.Level) is null && IsMoved(s));

        bool IsMoved(MasterService service)
        {
            var now = answers.Parameter(PostfixListeners.Level);
            var varies = answers.Varies(PostfixListeners.Level, service);
            if (desired.Endpoints.FirstOrDefault(e => e.Port == service.Port) is not { } named)
            {
                return (now != level || varies) && answers.MovedLevel(service) is null;
            }

            // It gets a level of its own unless main.cf's is the right one already.
            var wanted = named.Security switch { EndpointSecurity.Opportunistic => "may", EndpointSecurity.Required => "encrypt", _ => null };
            return wanted is not null && wanted != level && wanted == now && !varies;
        }
    }
}
