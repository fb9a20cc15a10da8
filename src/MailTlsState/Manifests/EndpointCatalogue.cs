namespace MailTlsState.Manifests;

/// <summary>One kind of endpoint as manifest and schema see it.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Service">The mail server that serves it here.</param>
/// <param name="Meaning">One line for completion and help.</param>
public sealed record EndpointDefinition(EndpointKind Kind, ServiceKind Service, string Meaning)
{
    /// <summary>Its name in the manifest.</summary>
    public string Word => Kind.Name();

    /// <summary>The securities that such an endpoint can have.</summary>
    public IReadOnlyList<EndpointSecurity> Securities => Kind.IsImplicit()
        ? [EndpointSecurity.Implicit, EndpointSecurity.Disabled]
        : [EndpointSecurity.Opportunistic, EndpointSecurity.Required, EndpointSecurity.Disabled];
}

/// <summary>All kinds of endpoint, by service. Message submission is whose the manifest says: Postfix can serve it, and Dovecot.</summary>
public static class EndpointCatalogue
{
    /// <summary>The explicit list; the schema is made from it.</summary>
    public static IReadOnlyList<EndpointDefinition> All { get; } =
    [
        new(EndpointKind.Smtp, ServiceKind.Postfix, "SMTP relay with STARTTLS, port 25"),
        new(EndpointKind.Submission, ServiceKind.Postfix, "message submission with STARTTLS, port 587"),
        new(EndpointKind.Submissions, ServiceKind.Postfix, "message submission over implicit TLS, port 465"),
        new(EndpointKind.Imap, ServiceKind.Dovecot, "IMAP with STARTTLS, port 143"),
        new(EndpointKind.Imaps, ServiceKind.Dovecot, "IMAP over implicit TLS, port 993"),
        new(EndpointKind.Pop3, ServiceKind.Dovecot, "POP3 with STLS, port 110"),
        new(EndpointKind.Pop3s, ServiceKind.Dovecot, "POP3 over implicit TLS, port 995"),
        new(EndpointKind.Submission, ServiceKind.Dovecot, "message submission with STARTTLS, port 587 (package dovecot-submissiond)"),
        new(EndpointKind.Submissions, ServiceKind.Dovecot, "message submission over implicit TLS, port 465 (package dovecot-submissiond)"),
    ];

    /// <summary>The definition of <paramref name="kind"/>, for the service that usually has it.</summary>
    public static EndpointDefinition Of(EndpointKind kind) => All.First(definition => definition.Kind == kind);

    /// <summary>The endpoints of <paramref name="service"/> in order.</summary>
    public static IEnumerable<EndpointDefinition> Of(ServiceKind service) => All.Where(definition => definition.Service == service);
}
