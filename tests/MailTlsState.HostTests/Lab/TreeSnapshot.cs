namespace MailTlsState.HostTests.Lab;

/// <summary>All paths below a folder with type, mode, owner and digest or link target.</summary>
/// <param name="Entries">Path to its description.</param>
internal sealed record TreeSnapshot(IReadOnlyDictionary<string, string> Entries)
{
    /// <summary>Takes one from a running host. Times are no part of it.</summary>
    public static async Task<TreeSnapshot> TakeAsync(ThrowawayHost host, string folder)
    {
        var command = $"cd {ThrowawayHost.Quote(folder)} && find \"$PWD\" -printf '%p\\t%y %m %U:%G %l\\n' && echo '\t' && find \"$PWD\" -type f -exec sha256sum {{}} +";
        var output = (await host.RunAsync(command)).Expect(0).Output;
        var halves = output.Split("\n\t\n", 2);
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in halves[0].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split('\t', 2);
            entries[parts[0]] = parts[1].TrimEnd();
        }

        foreach (var line in halves[1].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var path = line[66..];
            entries[path] = $"{entries[path]} {line[..64]}";
        }

        return new TreeSnapshot(entries);
    }

    /// <summary>Lines <c>+ path</c>, <c>- path</c> and <c>~ path: before → after</c>; empty when nothing differs.</summary>
    public IReadOnlyList<string> ChangesTo(TreeSnapshot later)
    {
        var changes = new List<string>();
        foreach (var path in Entries.Keys.Union(later.Entries.Keys).Order(StringComparer.Ordinal))
        {
            var before = Entries.GetValueOrDefault(path);
            var after = later.Entries.GetValueOrDefault(path);
            if (before is null)
            {
                changes.Add($"+ {path}: {after}");
            }
            else if (after is null)
            {
                changes.Add($"- {path}");
            }
            else if (before != after)
            {
                changes.Add($"~ {path}: {before} → {after}");
            }
        }

        return changes;
    }

    /// <summary>The paths that differ, ordinal order.</summary>
    public IReadOnlyList<string> ChangedPaths(TreeSnapshot later) =>
        [.. ChangesTo(later).Select(change => change[2..].Split(": ", 2)[0])];
}
