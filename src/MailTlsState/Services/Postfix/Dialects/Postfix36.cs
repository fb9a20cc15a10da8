namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>Postfix 3.6 and 3.7 (Debian 12).</summary>
internal sealed class Postfix36 : PostfixDialect
{
    public override Version From { get; } = new(3, 6);

    public override Version Below { get; } = new(3, 8);

    public override IReadOnlyList<Version> Tested { get; } = [new(3, 7)];
}
