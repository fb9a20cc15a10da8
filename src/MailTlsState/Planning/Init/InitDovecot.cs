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
            yield return new FoundListener(kind.Name(), [])
            {
                Tls13Only = values.GetValueOrDefault("ssl_min_protocol") == "TLSv1.3",
                BehindProxy = _tree.EffectiveIn(ManagedFile.Listener(kind), "haproxy")?.Value == "yes" || DovecotSockets.Of(dovecot.Answers).Any(l => l.Port == kind.DefaultPort() && l.BehindProxy),
            };
        }
    }
}
