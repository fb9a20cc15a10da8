using MailTlsState.Diagnostics;
using MailTlsState.Services.Postfix;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Planning.Init;

/// <summary>What Postfix says of the listeners of an endpoint: each one's own values count, not those of main.cf. Pure.</summary>
internal sealed class InitPostfix(HostObservation observed, ServiceObservation postfix)
{
    private readonly PostfixAnswers _answers = new(postfix.Answers);
    private readonly IReadOnlyList<MasterService> _services = MasterCf.Parse(observed.File(PostfixService.MasterCf).Text ?? "").Services;

    /// <summary>The listeners on a port. What postscreen has tested goes on to the smtpd of type pass, whose values count then (postscreen(8)).</summary>
    public IEnumerable<FoundListener> On(int port) =>
        from entry in _services.Where(s => s.Type == "inet" && s.Port == port)
        from smtpd in entry.Command == "postscreen" ? _services.Where(s => s.Type == "pass" && s.Command == "smtpd") : entry.Command == "smtpd" ? [entry] : []
        select Listener(entry, smtpd);

    private FoundListener Listener(MasterService entry, MasterService smtpd)
    {
        var level = Level(smtpd);
        var must = level == "encrypt" || Value(smtpd, PostfixListeners.Wrapper) == "yes";
        return new FoundListener(entry.Name, must ? [] : [$"{PostfixListeners.Level} = {level}"])
        {
            Tls13Only = IsTls13Only(Value(smtpd, must ? "smtpd_tls_mandatory_protocols" : "smtpd_tls_protocols")),
            At = new SourceLocation(PostfixService.MasterCf, smtpd.Overrides.LastOrDefault(o => o.Name == PostfixListeners.Level)?.Line ?? smtpd.Line, 1),
            BehindProxy = Value(entry, $"{entry.Command}_upstream_proxy_protocol").Length > 0,
        };
    }

    // The old switches count where there is no level (postconf(5)).
    private string Level(MasterService smtpd) =>
        Value(smtpd, PostfixListeners.Level) is { Length: > 0 } level ? level
        : Value(smtpd, "smtpd_enforce_tls") == "yes" ? "encrypt"
        : Value(smtpd, "smtpd_use_tls") == "yes" ? "may"
        : "none";

    // By floor (3.6), by what is left out, or by what is named (postconf(5)).
    private static bool IsTls13Only(string protocols)
    {
        var words = protocols.Split([' ', ',', ':'], StringSplitOptions.RemoveEmptyEntries);
        var named = words.Where(w => w[0] is not ('!' or '<' or '>')).ToList();
        return words.Contains(">=TLSv1.3") || (named.Count > 0 ? named.TrueForAll(w => w == "TLSv1.3") : new[] { "!TLSv1", "!TLSv1.1", "!TLSv1.2" }.All(words.Contains));
    }

    private string Value(MasterService service, string name) => _answers.Override(service, name) ?? _answers.Parameter(name);
}
