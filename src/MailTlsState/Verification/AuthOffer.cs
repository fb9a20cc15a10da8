using MailTlsState.Probing;

namespace MailTlsState.Verification;

/// <summary>Whether capabilities let a client log in.</summary>
public static class AuthOffer
{
    /// <summary>What in <paramref name="capabilities"/> (upper case, as a probe has them) lets a client log in, or null.</summary>
    public static string? In(MailProtocol protocol, IReadOnlyList<string> capabilities) => protocol switch
    {
        // RFC 4954 section 4; "AUTH=" is how servers announced it before the RFC, and some still do beside it.
        MailProtocol.Smtp => capabilities.FirstOrDefault(c => c == "AUTH" || c.StartsWith("AUTH ", StringComparison.Ordinal) || c.StartsWith("AUTH=", StringComparison.Ordinal)),

        // RFC 3501 section 6.2.3: where LOGINDISABLED is missing, the LOGIN command may be used, whatever AUTH= says.
        MailProtocol.Imap => capabilities.FirstOrDefault(c => c.StartsWith("AUTH=", StringComparison.Ordinal))
            ?? (capabilities.Contains("LOGINDISABLED") ? null : "no LOGINDISABLED"),

        // RFC 2449 section 6.3 and RFC 5034 section 3; Dovecot writes SASL without a mechanism where none is allowed.
        MailProtocol.Pop3 => capabilities.FirstOrDefault(c => c == "USER" || (c.StartsWith("SASL ", StringComparison.Ordinal) && c.Length > 5)),
        _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, null),
    };
}
