namespace MailTlsState.Manifests;

/// <summary>What is fixed about one kind of endpoint.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Word">Its name in the manifest, which is the registered service name (RFC 6335 registry).</param>
/// <param name="Service">The mail server that serves it here.</param>
/// <param name="Port">The registered TCP port.</param>
/// <param name="ImplicitTls">True when TLS starts with the first byte (RFC 8314), false for STARTTLS.</param>
/// <param name="Meaning">One line for completion and help.</param>
public sealed record EndpointDefinition(EndpointKind Kind, string Word, ServiceKind Service, int Port, bool ImplicitTls, string Meaning)
{
    /// <summary>The securities that such an endpoint can have.</summary>
    public IReadOnlyList<EndpointSecurity> Securities => ImplicitTls
        ? [EndpointSecurity.Implicit, EndpointSecurity.Disabled]
        : [EndpointSecurity.Opportunistic, EndpointSecurity.Required, EndpointSecurity.Disabled];
}

/// <summary>All kinds of endpoint in the order of <see cref="EndpointKind"/>.</summary>
public static class EndpointCatalogue
{
    /// <summary>The explicit list; the schema is made from it.</summary>
    public static IReadOnlyList<EndpointDefinition> All { get; } =
    [
        new(EndpointKind.Smtp, "smtp", ServiceKind.Postfix, 25, false, "SMTP relay with STARTTLS, port 25"),
        new(EndpointKind.Submission, "submission", ServiceKind.Postfix, 587, false, "message submission with STARTTLS, port 587"),
        new(EndpointKind.Submissions, "submissions", ServiceKind.Postfix, 465, true, "message submission over implicit TLS, port 465"),
        new(EndpointKind.Imap, "imap", ServiceKind.Dovecot, 143, false, "IMAP with STARTTLS, port 143"),
        new(EndpointKind.Imaps, "imaps", ServiceKind.Dovecot, 993, true, "IMAP over implicit TLS, port 993"),
        new(EndpointKind.Pop3, "pop3", ServiceKind.Dovecot, 110, false, "POP3 with STLS, port 110"),
        new(EndpointKind.Pop3s, "pop3s", ServiceKind.Dovecot, 995, true, "POP3 over implicit TLS, port 995"),
    ];

    /// <summary>The definition of <paramref name="kind"/>.</summary>
    public static EndpointDefinition Of(EndpointKind kind) => All.First(definition => definition.Kind == kind);

    /// <summary>The endpoints of <paramref name="service"/> in order.</summary>
    public static IEnumerable<EndpointDefinition> Of(ServiceKind service) => All.Where(definition => definition.Service == service);
}
