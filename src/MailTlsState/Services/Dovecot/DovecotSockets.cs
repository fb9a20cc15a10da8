using System.Globalization;
using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>What <c>doveconf -n</c> says of the ports that clients log in on. Listeners that are as Dovecot has them by itself are not printed, and their ports say what they are. Pure.</summary>
internal static class DovecotSockets
{
    /// <summary>The listeners of the login services.</summary>
    public static IEnumerable<ConfiguredListener> Of(IReadOnlyDictionary<string, string> answers)
    {
        var told = DoveconfOutput.Parse(answers.GetValueOrDefault(DovecotAnswers.Explicit, ""));
        foreach (var (service, listener) in
            from service in Blocks(told.Nodes, "service")
            from listener in Blocks(service.Children, "inet_listener")
            select (service.Header.Argument, listener))
        {
            if (Pair(service) is not { } kinds || !int.TryParse(Value(listener, "port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
            {
                continue;
            }

            // imaps and its like have ssl = yes without saying so.
            var wrapped = Value(listener, "ssl") is { } ssl ? ssl == "yes" : listener.Header.Argument == kinds.Implicit.Name();
            var seen = new ConfiguredListener(port, null, wrapped ? kinds.Implicit : kinds.StartTls)
            {
                BehindProxy = Value(listener, "haproxy") == "yes",
                FollowsService = wrapped || SpeaksTls(told, DovecotAnswers.Protocol(kinds.StartTls)),
            };

            // address is listen in 2.4.
            var addresses = (Value(listener, "address") ?? Value(listener, "listen") ?? "").Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            foreach (var address in addresses.Select(a => a is "*" or "::" ? null : a.Trim('[', ']')).DefaultIfEmpty())
            {
                yield return seen with { Address = address };
            }
        }
    }

    private static (EndpointKind StartTls, EndpointKind Implicit)? Pair(string service) => service switch
    {
        "imap-login" => (EndpointKind.Imap, EndpointKind.Imaps),
        "pop3-login" => (EndpointKind.Pop3, EndpointKind.Pop3s),
        "submission-login" => (EndpointKind.Submission, EndpointKind.Submissions),
        _ => null,
    };

    private static bool SpeaksTls(DoveconfOutput told, string protocol) =>
        (Blocks(told.Nodes, "protocol").Where(b => b.Header.Argument == protocol).Select(b => Value(b, "ssl")).LastOrDefault(v => v is not null) ?? told.Find("ssl")?.Value) != "no";

    private static IEnumerable<DovecotBlock> Blocks(IReadOnlyList<DovecotNode> nodes, string kind) => nodes.OfType<DovecotBlock>().Where(b => b.Header.Kind == kind);

    private static string? Value(DovecotBlock block, string name) => block.Children.OfType<DovecotSetting>().LastOrDefault(s => s.Name == name)?.Value;
}
