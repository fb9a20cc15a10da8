using MailTlsState.Diagnostics;
using MailTlsState.Manifests;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>
/// The tables that give single destinations a level or protocols of their own in the place of the manifest's outbound section: smtp_tls_policy_maps, and the older
/// smtp_tls_per_site where there is none (postconf(5)). They stay, since that is where exceptions belong. Pure.
/// </summary>
internal sealed class PostfixDestinations(IReadOnlyList<PostfixSetting> mainSettings, PostfixAnswers answers, List<Diagnostic> diagnostics)
{
    private const string Policies = "smtp_tls_policy_maps";
    private const string Sites = "smtp_tls_per_site";

    // The names of levels in smtp_tls_per_site, and those that took their place.
    private static readonly Dictionary<string, string> SiteLevels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["NONE"] = "none", ["MAY"] = "may", ["MUST_NOPEERMATCH"] = "encrypt", ["MUST"] = "verify",
    };

    // Tables in files or in the setting itself, all of whose entries postmap can print.
    private static readonly string[] Printed = ["hash", "btree", "lmdb", "cdb", "texthash", "inline"];

    /// <summary>The parameters that name such tables.</summary>
    public static IReadOnlyList<string> Names { get; } = [Policies, Sites];

    /// <summary>The tables whose entries postmap can print, as <c>hash:/etc/postfix/tls_policy</c>.</summary>
    public static IEnumerable<string> Readable(PostfixAnswers answers) =>
        Places(answers, null, null).SelectMany(p => Tables(p.Value)).Where(t => Printed.Contains(t.Split(':', 2)[0])).Distinct();

    /// <summary>Tells of every table that is set, by its place.</summary>
    public void Plan(MainCf main, MasterCf master)
    {
        var settings = mainSettings.Where(s => s.Value is not null && s.Name.StartsWith("smtp_", StringComparison.Ordinal)).ToList();
        if (settings.Count == 0)
        {
            return;
        }

        foreach (var (name, value, client, at) in Places(answers, main, master))
        {
            var tables = Tables(value).Select(t => (Name: t, Entries: Entries(t))).ToList();
            diagnostics.Add(PostfixDiagnostics.Destinations(
                at,
                $"{name} = {value}",
                client,
                [.. tables.SelectMany(t => t.Entries ?? []).SelectMany(e => Weaker(name, e.Destination, e.Policy, settings))],
                [.. tables.Where(t => t.Entries is null).Select(t => t.Name)]));
        }
    }

    /// <summary>Where the tables are set: in main.cf for every client without its own, and in master.cf.</summary>
    private static IEnumerable<(string Name, string Value, string? Client, SourceLocation At)> Places(PostfixAnswers answers, MainCf? main, MasterCf? master)
    {
        var clients = (master?.Services ?? PostconfOutput.ParseServices(answers.Raw.GetValueOrDefault(PostfixAnswers.MasterServices, ""))).Where(s => s.Command == "smtp").ToList();
        foreach (var name in Names)
        {
            if (answers.Expanded(name) is { Length: > 0 } everywhere && clients.Any(c => c.Override(name) is null && !Shadowed(name, c)))
            {
                yield return (name, everywhere, null, new SourceLocation(PostfixService.MainCf, main?.Find(name)?.Line ?? 1, 1));
            }

            foreach (var client in clients.Where(c => answers.Override(c, name) is { Length: > 0 } && !Shadowed(name, c)))
            {
                yield return (name, answers.Override(client, name)!, client.Name, new SourceLocation(PostfixService.MasterCf, client.Overrides.Last(o => o.Name == name).Line, 1));
            }
        }

        // With smtp_tls_policy_maps the older table is not looked at.
        bool Shadowed(string name, MasterService client) => name == Sites && (answers.Override(client, Policies) ?? answers.Written(Policies) ?? "").Length > 0;
    }

    /// <summary>The tables of a list, apart at commas and white space outside of braces; proxymap(8) reads the same table.</summary>
    internal static IReadOnlyList<string> Tables(string value)
    {
        var (tables, depth, start) = (new List<string>(), 0, 0);
        for (var at = 0; at <= value.Length; at++)
        {
            if (at == value.Length || (depth == 0 && (value[at] == ',' || char.IsWhiteSpace(value[at]))))
            {
                tables.Add(value[start..at]);
                start = at + 1;
            }
            else
            {
                depth += value[at] == '{' ? 1 : value[at] == '}' ? -1 : 0;
            }
        }

        return [.. tables.Where(t => t.Length > 0).Select(t => t.StartsWith("proxy:", StringComparison.Ordinal) ? t[6..] : t)];
    }

    /// <summary>What a table has for each destination; null where nobody can tell.</summary>
    private IEnumerable<(string Destination, string Policy)>? Entries(string table) =>
        table.StartsWith("static:", StringComparison.Ordinal) ? [("every destination", table[7..].Trim('{', '}', ' '))]
        : answers.Table(table)?.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('\t', 2)).Where(f => f.Length == 2).Select(f => (f[0], f[1].Trim()));

    /// <summary>The destination with what of its policy is weaker than the manifest: its level, or the protocols that it accepts.</summary>
    private static IEnumerable<string> Weaker(string name, string destination, string policy, List<PostfixSetting> settings)
    {
        const string accepted = "protocols=";
        string? Wanted(string setting) => settings.Find(s => s.Name == setting)?.Value;
        var words = policy.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
        var level = words.FirstOrDefault() is { } first && name == Sites ? SiteLevels.GetValueOrDefault(first) : words.FirstOrDefault();
        var weak = new List<string>();
        if (level is not null && PostfixOutbound.IsKnownLevel(level) && Wanted(PostfixSettings.OutboundLevel) is { } wanted && PostfixOutbound.IsWeakerLevel(level, wanted) == true)
        {
            weak.Add(level);
        }

        if (Array.Find(words, w => w.StartsWith(accepted, StringComparison.Ordinal)) is { } protocols && Wanted("smtp_tls_mandatory_protocols") is { } allowed
            && PostfixOutbound.AcceptsMore(protocols[accepted.Length..], allowed) == true)
        {
            weak.Add(protocols);
        }

        if (weak.Count > 0)
        {
            yield return $"{destination} ({string.Join(", ", weak)})";
        }
    }
}
