using MailTlsState.Policies;

namespace MailTlsState.Services.Postfix;

/// <summary>How a range of Postfix versions spells a policy.</summary>
/// <param name="From">First minor version, for example 3.6.</param>
/// <param name="Below">First minor version that is not in the range.</param>
/// <param name="Tested">Minor versions that our tests run.</param>
/// <param name="Obsolete">Parameters that these versions ignore or warn about and that the managed ones replace.</param>
public sealed record PostfixDialect(Version From, Version Below, IReadOnlyList<Version> Tested, IReadOnlyList<string> Obsolete) : IDialect
{
    /// <summary>
    /// 3.6 brought <c>&gt;=TLSv1.2</c> and ignores smtpd_tls_eecdh_grade; smtpd_use_tls and smtpd_enforce_tls are replaced by
    /// smtpd_tls_security_level since 2.3 (postconf(5), RELEASE_NOTES-3.6).
    /// </summary>
    public static PostfixDialect Postfix36 { get; } = new(
        new Version(3, 6), new Version(3, 9), [new Version(3, 7)], ["smtpd_use_tls", "smtpd_enforce_tls", "smtpd_tls_eecdh_grade"]);

    /// <summary>Every dialect, oldest first.</summary>
    public static IReadOnlyList<PostfixDialect> All { get; } = [Postfix36];

    /// <summary>The value of a protocol parameter that makes <paramref name="minimum"/> the floor.</summary>
    public static string Protocols(TlsVersion minimum) => minimum switch
    {
        TlsVersion.Tls12 => ">=TLSv1.2",
        TlsVersion.Tls13 => ">=TLSv1.3",
        _ => throw new ArgumentOutOfRangeException(nameof(minimum), minimum, "no policy has a floor below TLS 1.2"),
    };
}
