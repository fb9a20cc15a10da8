using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Services;
using MailTlsState.Services.Dovecot;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Planning.Init;

/// <summary>What Dovecot says of an endpoint: of a connection of its protocol to the host. Pure.</summary>
/// <param name="observed">Its files.</param>
/// <param name="dovecot">Its answers.</param>
/// <param name="asked">The manifest by which it was asked.</param>
internal sealed class InitDovecot(HostObservation observed, ServiceObservation dovecot, Manifest asked)
{
    private readonly DovecotTree _tree = DovecotTree.Build(DovecotService.MainFile, DovecotFiles.Texts(observed), ServiceVersions.Nearest(DovecotDialect.All, dovecot.Version).Grammar);

    /// <summary>The endpoint as a listener; none where Dovecot did not answer.</summary>
    public IEnumerable<FoundListener> On(EndpointKind kind)
    {
        var protocol = DovecotAnswers.Protocol(kind);
        var question = DovecotAnswers.Filters(asked).First(f => f.Protocol == protocol).Question;
        var values = DovecotAnswers.Parse(dovecot.Answers.GetValueOrDefault(question, ""));
        if (values.Count > 0)
        {
            var open = ClearText(values);
            yield return new FoundListener(kind.Name(), open is null ? [] : [$"{open} = {values[open]}"])
            {
                At = open is not null && _tree.Effective(open, new DovecotConnection(LocalName: asked.Host, Protocol: protocol)) is { } line ? new SourceLocation(line.File, line.Line, 1) : null,
                Tls13Only = values.GetValueOrDefault("ssl_min_protocol") == "TLSv1.3",
                BehindProxy = _tree.EffectiveIn(ManagedFile.Listener(kind), "haproxy")?.Value == "yes" || DovecotSockets.Of(dovecot.Answers).Any(l => l.Port == kind.DefaultPort() && l.BehindProxy),
            };
        }
    }

    // With ssl = required nobody logs in without TLS, whatever the other setting says (2.3, doc.dovecot.org: SSL configuration).
    private static string? ClearText(IReadOnlyDictionary<string, string> values) =>
        values.GetValueOrDefault("ssl") switch
        {
            "no" => "ssl",
            "required" => null,
            _ when values.GetValueOrDefault("disable_plaintext_auth") == "no" => "disable_plaintext_auth",
            _ when values.GetValueOrDefault("auth_allow_cleartext") == "yes" => "auth_allow_cleartext",
            _ => null,
        };
}
