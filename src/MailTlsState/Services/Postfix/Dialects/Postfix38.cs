namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>Postfix 3.8 (RHEL 10, Ubuntu 24.04). It brought <c>tls_ffdhe_auto_groups</c> and switched renegotiation off (RELEASE_NOTES-3.8).</summary>
internal class Postfix38 : PostfixDialect
{
    public override Version From => new(3, 8);

    public override Version Below => new(3, 9);

    public override IReadOnlyList<Version> Tested { get; } = [];

    public override bool OffersFiniteFieldGroups => true;

    public override bool RefusesRenegotiation => true;
}
