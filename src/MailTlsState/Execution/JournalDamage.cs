using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>What can still be said of a run whose journal is damaged: its temporary names tell what it was about to change.</summary>
internal static class JournalDamage
{
    // Where files that are changed lie in nearly every case; other folders come out of the journal's text.
    private static readonly string[] Usual = ["/etc/postfix", "/etc/dovecot", "/etc/dovecot/conf.d", "/etc/pki", "/etc/pki/mailtls"];

    public static Diagnostic Describe(IHostWriter host, string path, int line, string text)
    {
        // The text is JSON or what is left of it, so a path stands between quotation marks.
        var named = text.Split('"').Where(w => w.StartsWith('/') && w.Contains(TemporaryNames.Mark, StringComparison.Ordinal)).Select(Step.Parent);
        var found = named.Concat(Usual).Distinct().SelectMany(d => In(host, d)).Order(StringComparer.Ordinal).ToList();
        return ExecutionDiagnostics.JournalDamaged(path, line, found.Count == 0 ? "no temporary file of an apply was found in the usual places" : $"beside their targets lie {string.Join(", ", found)}");
    }

    private static IReadOnlyList<string> In(IHostWriter host, string directory)
    {
        try
        {
            return host.Stat(directory)?.Kind != FileKind.Directory ? [] : [.. host.List(directory).Select(n => Say(directory, n)).OfType<string>()];
        }
        catch (Exception e) when (e is HostWriteException or ArgumentException)
        {
            // A folder that cannot be read, or a name that is none, has nothing to add to what is damaged already.
            return [];
        }
    }

    private static string? Say(string directory, string name) =>
        TemporaryNames.Read(name) is (var file, var former) ? $"{directory}/{name} (the {(former ? "former" : "new")} content of {file})" : null;
}
