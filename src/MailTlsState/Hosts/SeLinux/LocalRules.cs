namespace MailTlsState.Hosts.SeLinux;

/// <summary>An administrator's own rules of which path gets which label, as text: those of <c>file_contexts.local</c>, and as semanage(8) lists them.</summary>
internal static class LocalRules
{
    /// <summary>The type that a rule for files of every kind gives, or null where there is no such rule.</summary>
    /// <param name="text">Text of <c>file_contexts.local</c>.</param>
    /// <param name="pattern">The rule's pattern.</param>
    internal static string? TypeOf(string text, string pattern) => Find(text, pattern, fields => fields.Length == 2);

    /// <summary>The same from the output of <c>semanage fcontext --list</c>, which has words for the kind of file.</summary>
    internal static string? TypeInList(string output, string pattern) => Find(output, pattern, fields => fields is [_, "all", "files", _]);

    // Where there are more, the last one counts.
    private static string? Find(string text, string pattern, Func<string[], bool> fits) => text.Split('\n')
        .Select(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length > 0 && f[0] == pattern && fits(f))
        .Select(f => SecurityContext.TypeOf(f[^1])).LastOrDefault();
}
