namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>
/// Postfix 3.9 to 3.11 (Debian 13 and testing). At every start it warns about the old switches and the parameters of finite-field
/// Diffie-Hellman, "do not specify (leave at default)" (DEPRECATION_README).
/// </summary>
internal sealed class Postfix39 : PostfixDialect
{
    public override Version From { get; } = new(3, 9);

    public override Version Below { get; } = new(3, 12);

    public override IReadOnlyList<Version> Tested { get; } = [new(3, 10), new(3, 11)];

    public override IReadOnlyList<string> Obsolete { get; } =
        ["smtpd_use_tls", "smtpd_enforce_tls", "smtpd_tls_eecdh_grade", "smtpd_tls_dh512_param_file", "smtpd_tls_dh1024_param_file"];
}
