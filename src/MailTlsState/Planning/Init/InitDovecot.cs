using MailTlsState.Manifests;
using MailTlsState.Services.Dovecot;

namespace MailTlsState.Planning.Init;

/// <summary>What Dovecot says of an endpoint: of a connection of its protocol to the host. Pure.</summary>
/// <param name="dovecot">Its answers.</param>
/// <param name="asked">The manifest by which it was asked.</param>
internal sealed class InitDovecot(ServiceObservation dovecot, Manifest asked)
{
    /// <summary>The endpoint as a listener; none where Dovecot did not answer.</summary>
    public IEnumerable<FoundListener> On(EndpointKind kind)
    {
        var protocol = DovecotAnswers.Protocol(kind);
        var question = DovecotAnswers.Filters(asked).First(f => f.Protocol == protocol).Question;
        var values = DovecotAnswers.Parse(dovecot.Answers.GetValueOrDefault(question, ""));
        if (values.Count > 0)
        {
            yield return new FoundListener(kind.Name(), []) { Tls13Only = values.GetValueOrDefault("ssl_min_protocol") == "TLSv1.3" };
        }
    }
}
