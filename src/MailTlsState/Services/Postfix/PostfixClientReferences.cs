using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// Parameters of the sending side that refer to the server's, as <c>smtp_tls_ciphers = $smtpd_tls_ciphers</c>. Where the plan changes what they refer to, what they were is written
/// out, so that mail goes out as before. The parameters of postscreen and of tlsproxy's server side are the server's and go along. Pure.
/// </summary>
internal sealed class PostfixClientReferences(ServicePlanRequest request, IReadOnlyList<PostfixSetting> settings, PostfixAnswers answers, MasterEdits edits)
{
    private static readonly string[] Clients = ["smtp_", "lmtp_", "tlsproxy_client_"];

    private readonly HashSet<string> _managed = [.. settings.Select(s => s.Name)];
    private readonly HashSet<string> _changed = [.. settings.Where(s => IsChanged(s, answers)).Select(s => s.Name)];

    /// <summary>Those of main.cf, whose values postconf has to work out.</summary>
    public static IEnumerable<string> Names(PostfixAnswers answers) =>
        answers.WrittenNames.Where(n => IsClient(n) && Leads(answers, answers.Written(n)!, r => r.StartsWith("smtpd_", StringComparison.Ordinal) || PostfixSettings.Managed.Contains(r) || IsOfOther(n, r), IsClient));

    /// <summary>What main.cf is to have; for master.cf the edits are made.</summary>
    public IReadOnlyList<PostfixSetting> Plan(MasterCf master)
    {
        var clients = master.Services.Where(s => s.Command is "smtp" or "lmtp" or "tlsproxy").ToList();
        foreach (var (client, option) in clients.SelectMany(c => c.Overrides.Where(o => Moves(o.Name, o.Value, c)).DistinctBy(o => o.Name).Select(o => (c, o))))
        {
            edits.WriteOut(client, option.Name);
        }

        var kept = new List<PostfixSetting>();
        foreach (var name in answers.WrittenNames.Where(n => Moves(n, answers.Written(n)!, null)))
        {
            if (Kept(name) is not { } value)
            {
                continue;
            }

            kept.Add(new PostfixSetting(name, value) { ShowsPlace = true });
            foreach (var client in clients.Where(c => c.Override(name) is null && answers.Varies(name, c)))
            {
                edits.Override(client, name, answers.Written(name), null);
            }
        }

        return kept;
    }

    /// <summary>True for a client's parameter that would get another value, though the manifest does not speak of it.</summary>
    private bool Moves(string name, string value, MasterService? client) => IsClient(name) && !_managed.Contains(name)
        && Leads(answers, value, r => client?.Override(r) is null && _changed.Contains(r) && (!IsClient(r) || IsOfOther(name, r)), r => client?.Override(r) is not null || _managed.Contains(r) || IsClient(r));

    /// <summary>The value as it was, or null where the reference leads to where a file of our own lies afterwards.</summary>
    private string? Kept(string name)
    {
        var former = answers.Expanded(name)!;
        var value = PostfixSettings.Moved(request, name, former);
        return value != former && settings.Any(s => s.Value == value && PostfixScreen.Follows(answers.Written(name)!, s.Name)) ? null : value;
    }

    // A key's file is its certificate's unless it is set (postconf(5)).
    private static bool IsChanged(PostfixSetting setting, PostfixAnswers answers) => setting.Value is { } value
        ? answers.Parameter(setting.Name) != value
        : answers.Written(setting.Name) is not null || (setting.Name.EndsWith("key_file", StringComparison.Ordinal) && answers.Parameter(setting.Name).Length > 0);

    private static bool IsClient(string name) => Clients.Any(c => name.StartsWith(c, StringComparison.Ordinal));

    // What the manifest says of mail to other hosts does not hold for LMTP.
    private static bool IsOfOther(string name, string reference) => name.StartsWith("lmtp_", StringComparison.Ordinal) && reference.StartsWith("smtp_", StringComparison.Ordinal);

    /// <summary>True where a value refers to such a parameter, be it through others of main.cf.</summary>
    private static bool Leads(PostfixAnswers answers, string value, Func<string, bool> isSuch, Func<string, bool> isEnd)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([value]);
        while (open.TryPop(out var next))
        {
            foreach (var reference in PostconfOutput.References(next).Where(seen.Add))
            {
                if (isSuch(reference))
                {
                    return true;
                }

                if (!isEnd(reference) && answers.Written(reference) is { } written)
                {
                    open.Push(written);
                }
            }
        }

        return false;
    }
}
