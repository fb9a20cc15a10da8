namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics about Postfix (MTS031x).</summary>
public static class PostfixDiagnostics
{
    /// <summary>A submission listener without a way to log in.</summary>
    public static readonly DiagnosticCode NobodyCanLogInCode = new(
        "MTS0311",
        "nobody can log in on the submission listener",
        "The listener is switched on with TLS as the manifest says, but this host has no SASL mechanism for Postfix, so AUTH is not offered and every message is refused. With smtpd_sasl_auth_enable=yes and no mechanism smtpd dies right after STARTTLS, so it stays off. "
        + "Set up SASL (with Dovecot: smtpd_sasl_type = dovecot, smtpd_sasl_path = private/auth, and a listener for it in Dovecot), then plan again.");

    /// <summary>Several Postfix instances.</summary>
    public static readonly DiagnosticCode MultiInstanceCode = new(
        "MTS0312",
        "only the primary Postfix instance is managed",
        "This host runs several Postfix instances (multi_instance_directories). MailTlsState configures the primary one in /etc/postfix; the others keep what they have.");

    /// <summary>An endpoint's port is not a service in master.cf and cannot be one.</summary>
    public static readonly DiagnosticCode NotSmtpdCode = new(
        "MTS0313",
        "service on the port is not an SMTP server",
        "master.cf has an entry on the endpoint's port whose program is neither smtpd nor postscreen, so MailTlsState does not know its TLS settings. Change the entry, or leave the endpoint out of the manifest.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } = [NobodyCanLogInCode, MultiInstanceCode, NotSmtpdCode];

    /// <summary><see cref="NobodyCanLogInCode"/>.</summary>
    public static Diagnostic NobodyCanLogIn(SourceLocation at, string endpoint) =>
        new(NobodyCanLogInCode, Severity.Warning, $"no SASL mechanism is configured, so nobody can log in on {endpoint}", "set up SASL for Postfix, for example through Dovecot, and plan again", at);

    /// <summary><see cref="MultiInstanceCode"/>.</summary>
    public static Diagnostic MultiInstance(SourceLocation at, string directories) =>
        new(MultiInstanceCode, Severity.Warning, $"this host has further Postfix instances in {directories}, which are left alone", "configure them by hand", at);

    /// <summary><see cref="NotSmtpdCode"/>.</summary>
    public static Diagnostic NotSmtpd(SourceLocation at, string command, string endpoint) =>
        new(NotSmtpdCode, Severity.Error, $"the entry for {endpoint} runs {command}, which is no SMTP server", "change the entry in master.cf, or leave the endpoint out of the manifest", at);
}
