namespace MailTlsState.Services.Postfix.Dialects;

/// <summary>Postfix 3.10 and 3.11 (Debian 13 and testing). A name in a list of groups may be a KEM (RELEASE_NOTES-3.10).</summary>
internal sealed class Postfix310 : Postfix39
{
    public override Version From => new(3, 10);

    public override Version Below => new(3, 12);

    public override IReadOnlyList<Version> Tested { get; } = [new(3, 10), new(3, 11)];

    public override bool TakesHybridGroups => true;
}
