using MailTlsState.Manifests;

namespace MailTlsState.Services;

/// <summary>Every mail server that MailTlsState configures.</summary>
public static class MailServices
{
    /// <summary>In the order in which they are planned and activated.</summary>
    public static IReadOnlyList<IMailService> All { get; } = [new Postfix.PostfixService(), new Dovecot.DovecotService()];

    /// <summary>The server of <paramref name="kind"/>.</summary>
    public static IMailService Of(ServiceKind kind) => All.Single(s => s.Kind == kind);
}
