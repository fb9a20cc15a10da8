using MailTlsState.Diagnostics;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// What master.cf sets for single clients in the place of the manifest's outbound section. The clients are those of the program smtp: the same program run as lmtp takes
/// parameters of its own, lmtp_tls_*, which the manifest does not speak of (lmtp(8)). Pure.
/// </summary>
internal sealed class PostfixOutbound(IReadOnlyList<PostfixSetting> mainSettings, PostfixAnswers answers, MasterEdits edits, List<Diagnostic> diagnostics)
{
    private const string Dns = "smtp_dns_support_level";

    // As weak as unencrypted mail may be (postconf(5), smtp_tls_security_level). dane falls back to may where a host has no TLSA records.
    private static readonly Dictionary<string, int> Strength = new(StringComparer.OrdinalIgnoreCase)
    {
        ["none"] = 0, ["may"] = 1, ["dane"] = 2, ["encrypt"] = 3, ["dane-only"] = 4, ["fingerprint"] = 4, ["verify"] = 4, ["secure"] = 4,
    };

    private static readonly string[] Versions = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

    /// <summary>Takes away what is weaker than the manifest, and tells of what is stricter or belongs to something else.</summary>
    public void Plan(MasterCf master)
    {
        var settings = mainSettings.Where(s => s.Value is not null && s.Name.StartsWith("smtp_", StringComparison.Ordinal)).ToList();
        foreach (var client in master.Services.Where(s => s.Command == "smtp" && master.Find(s.Name, s.Type) == s))
        {
            foreach (var setting in settings)
            {
                Judge(master, client, setting.Name, setting.Value!);
            }
        }
    }

    private void Judge(MasterCf master, MasterService client, string name, string wanted)
    {
        var found = answers.Override(client, name);
        if (found is null || found == wanted)
        {
            return;
        }

        bool? weaker = name switch
        {
            PostfixSettings.OutboundLevel => IsWeakerLevel(Level(client, found), wanted),
            Dns => NeedsDns(client) ? true : null,
            _ => AcceptsMore(found, wanted),
        };
        if (weaker is null)
        {
            return;
        }

        if (weaker == true && LeavesTheHouse(client) && !IsInternal(master, client))
        {
            edits.Override(client, name, null, wanted);
            return;
        }

        var option = client.Overrides.Last(o => o.Name == name);
        diagnostics.Add(ServiceDiagnostics.TransportLeft(new SourceLocation(PostfixService.MasterCf, option.Line, 1), $"{name} = {option.Value}", client.Name, weaker == true));
    }

    // Asked for with dane alone; a client that keeps another level needs no validated answers.
    private bool NeedsDns(MasterService client) => answers.Override(client, PostfixSettings.OutboundLevel) is not { } own
        || IsWeakerLevel(Level(client, own), "dane") != false || own.StartsWith("dane", StringComparison.OrdinalIgnoreCase);

    /// <summary>The level that counts: without one the old switches do.</summary>
    private string Level(MasterService client, string level) => level.Length > 0 ? level
        : answers.Override(client, "smtp_enforce_tls") == "yes" ? "encrypt"
        : answers.Override(client, "smtp_use_tls") == "yes" ? "may"
        : "none";

    /// <summary>True for a word that is a level.</summary>
    internal static bool IsKnownLevel(string word) => Strength.ContainsKey(word);

    /// <summary>True for a weaker level, or a word that is none: with it the client ends, and no mail leaves. Null for the same.</summary>
    internal static bool? IsWeakerLevel(string found, string wanted) =>
        string.Equals(found, wanted, StringComparison.OrdinalIgnoreCase) ? null : Strength.GetValueOrDefault(found, -1) < Strength[wanted];

    /// <summary>True where a list of protocols accepts a version that <paramref name="wanted"/> does not, or is none that this Postfix reads; null where both accept the same.</summary>
    internal static bool? AcceptsMore(string found, string wanted)
    {
        // A floor is read since 3.6; before it switches TLS off.
        var allowed = Accepted(wanted)!;
        return (found.Contains('=', StringComparison.Ordinal) && !wanted.Contains('=', StringComparison.Ordinal)) || Accepted(found) is not { } accepted ? true
            : accepted.SetEquals(allowed) ? null
            : !accepted.IsSubsetOf(allowed);
    }

    /// <summary>The versions that a list of protocols accepts, or null where a word of it is no version (tls_proto_mask_lims of Postfix).</summary>
    private static HashSet<string>? Accepted(string list)
    {
        var (included, excluded) = (new HashSet<string>(StringComparer.OrdinalIgnoreCase), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        var (oldest, newest) = (0, Versions.Length - 1);
        foreach (var word in list.Split([' ', '\t', ',', ':'], StringSplitOptions.RemoveEmptyEntries))
        {
            var version = word.TrimStart('!', '>', '<', '=');
            var at = Array.FindIndex(Versions, v => v.Equals(version, StringComparison.OrdinalIgnoreCase));
            switch (word[..^version.Length])
            {
                case ">=" when at >= 0:
                    oldest = at;
                    break;
                case "<=" when at >= 0:
                    newest = at;
                    break;
                case "!" when at >= 0:
                    excluded.Add(version);
                    break;
                case "" when at >= 0:
                    included.Add(version);
                    break;
                default:
                    return null;
            }
        }

        return Versions[oldest..Math.Max(oldest, newest + 1)].Where(v => (included.Count == 0 || included.Contains(v)) && !excluded.Contains(v)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>True for the clients that mail to other hosts goes through. What a transport with a name of its own is for, a table or a filter may say that nobody reads here.</summary>
    private bool LeavesTheHouse(MasterService client) => client.Name is "smtp" or "relay"
        || new[] { "default_transport", "relay_transport" }.Any(t => answers.Written(t)?.Split(':')[0] == client.Name);

    /// <summary>
    /// True for a transport with a name of its own whose mail stays in the house: a content filter has it, it speaks XFORWARD, which Postfix does to filters only
    /// (XFORWARD_README), or it looks no host up in the DNS.
    /// </summary>
    private bool IsInternal(MasterCf master, MasterService client)
    {
        if (client.Name is "smtp" or "relay")
        {
            return false;
        }

        var filters = master.Services.Select(s => answers.Override(s, "content_filter")).Append(answers.Written("content_filter"));
        return filters.Any(f => f?.Split(':')[0] == client.Name)
            || answers.Override(client, "smtp_send_xforward_command") == "yes"
            || answers.Override(client, "disable_dns_lookups") == "yes"
            || answers.Override(client, Dns) == "disabled";
    }
}
