namespace MailTlsState.Hosts.SeLinux;

/// <summary>What is asked about the label of one path.</summary>
/// <param name="Path">Absolute path; nothing has to be there yet.</param>
/// <param name="Directory">True for a directory: then reading means to look names up in it.</param>
/// <param name="Domains">Types of the processes that have to read it.</param>
/// <param name="Fallback">The type that it would get instead of the one that the policy's own rule gives.</param>
public sealed record LabelQuestion(string Path, bool Directory, IReadOnlyList<string> Domains, string Fallback);

/// <summary>The label of one path, now and by the policy's rules (file_contexts(5)).</summary>
/// <param name="Path">The path.</param>
/// <param name="Directory">As it was asked.</param>
public sealed record LabelObservation(string Path, bool Directory)
{
    /// <summary>The context that the path has, or null where nothing is there or the file system keeps none.</summary>
    public string? Current { get; init; }

    /// <summary>The context that the rules give, or null where none fits or the one that does says <c>&lt;&lt;none&gt;&gt;</c>.</summary>
    public string? Policy { get; init; }

    /// <summary>The rule that decides, as <c>FILE:LINE</c>, or null.</summary>
    public string? Rule { get; init; }

    /// <summary>True when that rule is an administrator's own (semanage-fcontext(8)).</summary>
    public bool IsLocalRule { get; init; }

    /// <summary>The pattern of that rule, where it is for files of every kind; else null.</summary>
    public string? RulePattern { get; init; }

    /// <summary><see cref="Policy"/> with the type that was asked for as a fallback, or where there is none a context of the system's with it.</summary>
    public string Fallback { get; init; } = "";

    /// <summary>True where the loaded policy has no such type.</summary>
    public bool FallbackUnknown { get; init; }

    /// <summary>For each of the three contexts: the domains that the loaded policy keeps from reading it. A domain that the policy does not know is not among them.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Refused { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Lines of the rule files that cannot be understood, as <c>FILE:LINE: WHY</c>.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>The domains that may not read <paramref name="context"/>.</summary>
    public IReadOnlyList<string> RefusedTo(string? context) => context is null ? [] : Refused.GetValueOrDefault(context, []);
}
