using MailTlsState.Policies;
using MailTlsState.Services.Postfix.Dialects;

namespace MailTlsState.Services.Postfix;

/// <summary>How a range of Postfix versions spells a policy. A new one is a file in Dialects and a word in <see cref="All"/>.</summary>
public abstract class PostfixDialect : IDialect
{
    /// <summary>Every dialect, oldest first; the ranges follow each other without a gap.</summary>
    public static IReadOnlyList<PostfixDialect> All { get; } = [new Postfix35(), new Postfix36(), new Postfix38(), new Postfix39(), new Postfix310()];

    /// <inheritdoc/>
    public abstract Version From { get; }

    /// <inheritdoc/>
    public abstract Version Below { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<Version> Tested { get; }

    /// <summary>
    /// Parameters that these versions ignore or warn about and that the managed ones replace. smtpd_use_tls and smtpd_enforce_tls are
    /// replaced by smtpd_tls_security_level since 2.3; smtpd_tls_eecdh_grade pins P-256 up to 3.5 and means nothing later (postconf(5)).
    /// </summary>
    public virtual IReadOnlyList<string> Obsolete { get; } = ["smtpd_use_tls", "smtpd_enforce_tls", "smtpd_tls_eecdh_grade"];

    /// <summary>
    /// The value of a protocol parameter that makes <paramref name="minimum"/> (TLS 1.2 or 1.3) the floor: <c>&gt;=TLSv1.2</c>, which 3.6 brought
    /// (RELEASE_NOTES-3.6).
    /// </summary>
    public virtual string Protocols(TlsVersion minimum) => ">=" + Checked(minimum).Name();

    /// <summary>True where finite-field groups are offered beside the curves unless <c>tls_ffdhe_auto_groups</c> says otherwise.</summary>
    public virtual bool OffersFiniteFieldGroups => false;

    /// <summary>True where a client that wants to renegotiate is refused without a setting.</summary>
    public virtual bool RefusesRenegotiation => false;

    /// <summary>True where a list of groups may name a hybrid of a curve and ML-KEM; one that OpenSSL does not know is skipped.</summary>
    public virtual bool TakesHybridGroups => false;

    /// <summary>True where master(8) opens new listeners before it closes those that went, so that a reload ends it where the two overlap.</summary>
    public virtual bool OpensBeforeItCloses => false;

    /// <summary>The floor itself, if a policy can have it.</summary>
    protected static TlsVersion Checked(TlsVersion minimum) => minimum is TlsVersion.Tls12 or TlsVersion.Tls13
        ? minimum
        : throw new ArgumentOutOfRangeException(nameof(minimum), minimum, "no policy has a floor below TLS 1.2");
}
