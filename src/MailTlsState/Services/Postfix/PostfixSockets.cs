using System.Net;
using MailTlsState.Manifests;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>What master.cf says of the ports that mail comes in on. Pure.</summary>
internal static class PostfixSockets
{
    // The parameters with a certificate or a policy of a listener's own; the plan leaves them and says so (MTS0306, MTS0319).
    private static readonly string[] Own = [.. PostfixSettings.Managed, "tls_server_sni_maps"];

    /// <summary>The listeners of smtpd and postscreen.</summary>
    public static IEnumerable<ConfiguredListener> Of(PostfixAnswers answers)
    {
        foreach (var service in PostconfOutput.ParseServices(answers.Raw.GetValueOrDefault(PostfixAnswers.MasterServices, "")).Where(s => s.Port is not null))
        {
            string Value(string name) => answers.Override(service, name) ?? answers.Parameter(name);
            switch (service.Command)
            {
                case "smtpd":
                    var wrapped = Value(PostfixListeners.Wrapper) == "yes";
                    yield return new ConfiguredListener(service.Port!.Value, service.Address, wrapped ? EndpointKind.Submissions : EndpointKind.Smtp)
                    {
                        BehindProxy = Value("smtpd_upstream_proxy_protocol").Length > 0,
                        FollowsService = (wrapped || OffersStartTls(Value(PostfixListeners.Level), answers.OldSwitchesOf(service)))
                            && Value("smtpd_tls_req_ccert") != "yes" && !IsLoopback(service) && !service.Overrides.Any(o => Own.Contains(o.Name) && Value(o.Name) != answers.Parameter(o.Name)),
                    };
                    break;

                // Its tests of a client take their time, so it is asked on port 25 alone, where it belongs.
                case "postscreen":
                    yield return new ConfiguredListener(service.Port!.Value, service.Address, EndpointKind.Smtp) { BehindProxy = Value("postscreen_upstream_proxy_protocol").Length > 0 };
                    break;
            }
        }
    }

    /// <summary>True for a content filter's way back in, for example: no client of the network reaches it, and the policy is not set there.</summary>
    public static bool IsLoopback(MasterService service) =>
        service.Address == "localhost" || (IPAddress.TryParse(service.Address, out var address) && IPAddress.IsLoopback(address));

    private static bool OffersStartTls(string level, string? oldSwitches) => level.Length > 0 ? level != "none" : oldSwitches is not null;
}
