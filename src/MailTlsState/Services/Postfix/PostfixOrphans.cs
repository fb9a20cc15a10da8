using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// Parameters with names of the administrator's own in main.cf that nothing but what the plan takes away refers to: left there, Postfix would warn of each as an unused one. Pure.
/// </summary>
internal static class PostfixOrphans
{
    /// <summary>What parameters about TLS refer to, as far as main.cf sets it.</summary>
    public static IReadOnlySet<string> Candidates(PostfixAnswers answers)
    {
        var values = answers.WrittenNames.Where(IsTls).Select(n => answers.Written(n)!)
            .Concat(PostconfOutput.ParseServices(answers.Raw.GetValueOrDefault(PostfixAnswers.MasterServices, "")).SelectMany(s => s.Overrides).Where(o => IsTls(o.Name)).Select(o => o.Value));
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(values);
        while (open.TryPop(out var value))
        {
            foreach (var name in PostconfOutput.References(value).Where(n => answers.Written(n) is not null && found.Add(n)))
            {
                open.Push(answers.Written(name)!);
            }
        }

        return found;
    }

    /// <summary>Those that go. A comment that mentions one keeps it, for it may be an entry that waits to be switched on again.</summary>
    /// <param name="answers">What Postfix says.</param>
    /// <param name="main">main.cf with the plan's other edits.</param>
    /// <param name="master">The text of master.cf with the plan's edits.</param>
    public static IReadOnlyList<PostfixSetting> Of(PostfixAnswers answers, MainCf main, string master)
    {
        var own = Candidates(answers).Intersect(PostconfOutput.ParseSettings(answers.Raw.GetValueOrDefault(PostfixAnswers.UserParameters, "")).Keys).Except(PostconfOutput.References(master)).ToList();
        var gone = new List<PostfixSetting>();
        while (own.Except(PostconfOutput.References(main.ToString())).Where(n => main.Find(n) is not null).ToList() is { Count: > 0 } unused)
        {
            gone.AddRange(unused.Select(n => new PostfixSetting(n, null) { ShowsPlace = true }));
            main = unused.Aggregate(main, (m, n) => m.Remove(n));
        }

        return gone;
    }

    private static bool IsTls(string name) => name.Contains("tls", StringComparison.Ordinal);
}
