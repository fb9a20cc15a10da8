namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>
/// Postfix 3.9. At every start it warns about the old switches and the parameters of finite-field Diffie-Hellman, "do not specify
/// (leave at default)" (DEPRECATION_README).
/// </summary>
internal class Postfix39 : Postfix38
{
    public override Version From => new(3, 9);

    public override Version Below => new(3, 10);

    public override IReadOnlyList<Version> Tested { get; } = [];

    public override IReadOnlyList<string> Obsolete { get; } =
        ["smtpd_use_tls", "smtpd_enforce_tls", "smtpd_tls_eecdh_grade", "smtpd_tls_dh512_param_file", "smtpd_tls_dh1024_param_file"];
}
