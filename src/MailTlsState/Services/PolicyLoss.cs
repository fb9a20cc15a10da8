namespace MailTlsState.Services;

/// <summary>What a version cannot express of a policy.</summary>
/// <param name="AcceptsMore">True when more is accepted than the policy allows; false when less is offered than it wants, or the same is had by other means.</param>
/// <param name="Text">In words.</param>
public sealed record PolicyLoss(bool AcceptsMore, string Text)
{
    /// <summary>What is lost of a policy's groups.</summary>
    /// <param name="groups">Those of the policy.</param>
    /// <param name="written">Those that are written; none leaves the choice to OpenSSL.</param>
    internal static IEnumerable<PolicyLoss> OfGroups(IReadOnlyList<string> groups, IReadOnlyList<string> written)
    {
        var left = groups.Except(written).ToList();
        var them = left.Count == 1 ? "it" : "them";
        if (groups.Count > 0 && written.Count == 0)
        {
            yield return new(true, $"the groups are left to OpenSSL, which accepts others beside {string.Join(", ", groups)}: a list would be refused by one that does not know {them}, and which one is behind this version is not known");
        }
        else if (left.Count > 0)
        {
            yield return new(false, $"{string.Join(", ", left)} {(left.Count == 1 ? "is" : "are")} not offered, since not every OpenSSL behind this version knows {them}");
        }
    }
}
