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

    /// <summary>"fatal: bind 192.0.2.1 port 25: Address already in use" where 0.0.0.0 had the port: 3.5.25 at each reload, 3.7.11 and 3.10.5 at none.</summary>
    public override bool OpensBeforeItCloses => true;

    /// <summary><c>!SSLv2, !SSLv3, !TLSv1, !TLSv1.1</c>: the only spelling up to 3.5.</summary>
    public override string Protocols(TlsVersion minimum) =>
        string.Join(", ", new[] { "!SSLv2", "!SSLv3" }.Concat(Enum.GetValues<TlsVersion>().Where(v => v < Checked(minimum)).Select(v => "!" + v.Name())));
}
