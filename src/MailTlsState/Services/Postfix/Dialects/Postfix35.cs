using MailTlsState.Policies;

namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>
/// Postfix 3.5 (Debian 11, RHEL 9). It knows protocol names and their exclusion alone: on <c>&gt;=TLSv1.2</c> it logs "Invalid TLS
/// protocol list" and switches TLS off (tls_misc.c of 3.5). Older ones, 3.4 too, were never tried.
/// </summary>
internal sealed class Postfix35 : PostfixDialect
{
    public override Version From { get; } = new(3, 5);

    public override Version Below { get; } = new(3, 6);

    public override IReadOnlyList<Version> Tested { get; } = [new(3, 5)];

    /// <summary><c>!SSLv2, !SSLv3, !TLSv1, !TLSv1.1</c>: the only spelling up to 3.5.</summary>
    public override string Protocols(TlsVersion minimum) =>
        string.Join(", ", new[] { "!SSLv2", "!SSLv3" }.Concat(Enum.GetValues<TlsVersion>().Where(v => v < Checked(minimum)).Select(v => "!" + v.Name())));
}
