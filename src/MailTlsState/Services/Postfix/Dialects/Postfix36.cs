namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>Postfix 3.6 to 3.8 (Debian 12, RHEL 10).</summary>
internal sealed class Postfix36 : PostfixDialect
{
    public override Version From { get; } = new(3, 6);

    public override Version Below { get; } = new(3, 9);

    public override IReadOnlyList<Version> Tested { get; } = [new(3, 7)];
}
