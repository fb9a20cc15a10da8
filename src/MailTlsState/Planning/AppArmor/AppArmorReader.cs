using MailTlsState.Hosts;

namespace MailTlsState.Planning.AppArmor;

/// <summary>Reads the profiles of the mail daemons: which are enforced, and what their texts allow. Asked only where the kernel has AppArmor.</summary>
internal static class AppArmorReader
{
    private const string Loaded = "/sys/kernel/security/apparmor/profiles";
    private const string Folder = "/etc/apparmor.d";
    private const int MostIncludes = 64;

    /// <summary>The enforced profiles whose names or texts' names tell of one of <paramref name="daemons"/>.</summary>
    internal static async Task<IReadOnlyList<AppArmorProfile>> ReadAsync(IHost host, ObservedFiles files, IReadOnlyList<string> daemons, CancellationToken cancellation)
    {
        var enforced = Enforced((await files.LookAsync(Loaded, cancellation).ConfigureAwait(false)).Text ?? "");
        if (!enforced.Any(name => Names(name, daemons)))
        {
            return [];
        }

        var found = new List<AppArmorProfile>();
        foreach (var file in (await host.ListDirectoryAsync(Folder, cancellation).ConfigureAwait(false)).Where(n => Names(n, daemons)))
        {
            var path = $"{Folder}/{file}";
            var text = (await files.LookAsync(path, cancellation).ConfigureAwait(false)).Text ?? "";
            if (NameIn(text) is { } name && enforced.Contains(name))
            {
                var rules = new List<PathRule>();
                await CollectAsync(host, files, text, rules, [path], cancellation).ConfigureAwait(false);
                found.Add(new AppArmorProfile(name, path, rules));
            }
        }

        return found;
    }

    /// <summary>Names of the profiles that are enforced, from the kernel's list (<c>NAME (enforce)</c>).</summary>
    internal static IReadOnlySet<string> Enforced(string list) =>
        list.Split('\n').Where(l => l.EndsWith(" (enforce)", StringComparison.Ordinal)).Select(l => l[..^" (enforce)".Length]).ToHashSet(StringComparer.Ordinal);

    /// <summary>The profile's name: what follows <c>profile</c>, or the program's path where it has no name of its own.</summary>
    internal static string? NameIn(string text)
    {
        var header = text.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => !l.StartsWith('#') && l.EndsWith('{') && (l.StartsWith("profile ", StringComparison.Ordinal) || l.StartsWith('/')));
        return header?.Split(' ', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["profile", var name, ..] => name,
            [var path, ..] => path,
            _ => null,
        };
    }

    private static bool Names(string text, IReadOnlyList<string> daemons) => daemons.Any(d => text.Contains(d, StringComparison.OrdinalIgnoreCase));

    private static async Task CollectAsync(IHost host, ObservedFiles files, string text, List<PathRule> rules, HashSet<string> seen, CancellationToken cancellation)
    {
        foreach (var line in text.Split('\n').Select(l => l.Trim()))
        {
            var include = line.TrimStart('#');
            if (include.StartsWith("include ", StringComparison.Ordinal) && include.Split('<', '>') is [_, var name, ..] && !name.StartsWith("tunables/", StringComparison.Ordinal))
            {
                await IncludeAsync(host, files, $"{Folder}/{name}", rules, seen, cancellation).ConfigureAwait(false);
            }
            else if (!line.StartsWith('#') && PathRule.Parse(line) is { } rule)
            {
                rules.Add(rule);
            }
        }
    }

    private static async Task IncludeAsync(IHost host, ObservedFiles files, string path, List<PathRule> rules, HashSet<string> seen, CancellationToken cancellation)
    {
        if (seen.Count >= MostIncludes || !seen.Add(path))
        {
            return;
        }

        var file = await files.LookAsync(path, cancellation).ConfigureAwait(false);
        if (file.Kind == FileKind.Directory)
        {
            foreach (var name in await host.ListDirectoryAsync(path, cancellation).ConfigureAwait(false))
            {
                await IncludeAsync(host, files, $"{path}/{name}", rules, seen, cancellation).ConfigureAwait(false);
            }
        }

        await CollectAsync(host, files, file.Text ?? "", rules, seen, cancellation).ConfigureAwait(false);
    }
}
