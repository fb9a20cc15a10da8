using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// postscreen and the TLS proxy behind it have parameters of their own, whose defaults are smtpd's (<c>$smtpd_tls_…</c>; postscreen(8), tlsproxy(8)). One that is set takes the
/// place of what the manifest says for their clients. Pure.
/// </summary>
internal static class PostfixScreen
{
    private const string Server = "smtpd_tls_";

    /// <summary>Takes a program's own parameters out of its entry in master.cf.</summary>
    /// <param name="service">postscreen's or tlsproxy's entry.</param>
    /// <param name="level">The level of the endpoint.</param>
    /// <param name="mainSettings">What main.cf is to have.</param>
    /// <param name="answers">What Postfix says.</param>
    /// <param name="edits">Where it goes.</param>
    /// <returns>The same for main.cf.</returns>
    public static IEnumerable<PostfixSetting> Align(MasterService service, string level, IReadOnlyList<PostfixSetting> mainSettings, PostfixAnswers answers, MasterEdits edits)
    {
        foreach (var (name, server, value) in Own(service.Command, level, mainSettings))
        {
            if (service.Override(name) is { } option && !Follows(option, server))
            {
                edits.Override(service, name, null, value);
            }

            if (answers.Written(name) is { } written && !Follows(written, server) && answers.Parameter(name) != value)
            {
                yield return new PostfixSetting(name, null) { ShowsPlace = true };
            }
        }
    }

    private static IEnumerable<(string Name, string Server, string Value)> Own(string program, string level, IReadOnlyList<PostfixSetting> mainSettings)
    {
        yield return ($"{program}_tls_security_level", PostfixListeners.Level, level);
        if (program == "tlsproxy")
        {
            foreach (var setting in mainSettings.Where(s => s.Name.StartsWith(Server, StringComparison.Ordinal)))
            {
                yield return ($"tlsproxy_tls_{setting.Name[Server.Length..]}", setting.Name, setting.Value ?? "");
            }
        }
    }

    /// <summary>True for a value that is a reference to <paramref name="server"/> and nothing else, as a default that is written out.</summary>
    internal static bool Follows(string value, string server) => value == $"${server}" || value == $"${{{server}}}" || value == $"$({server})";
}
