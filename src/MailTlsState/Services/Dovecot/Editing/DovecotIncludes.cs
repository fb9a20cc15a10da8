namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>Finds the files that a configuration consists of.</summary>
public static class DovecotIncludes
{
    /// <summary>Collects the root file and all that it includes, each once, in the order in which they are found.</summary>
    /// <param name="root">Absolute path of dovecot.conf.</param>
    /// <param name="read">Text of a file, its symbolic links followed; null when there is none.</param>
    /// <param name="list">Names in a directory, empty when there is none.</param>
    /// <returns>What <see cref="DovecotTree.Build"/> takes.</returns>
    public static async Task<IReadOnlyList<(string Path, string Text)>> CollectAsync(
        string root, Func<string, Task<string?>> read, Func<string, Task<IReadOnlyList<string>>> list)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(read);
        var found = new List<(string, string)>();
        var asked = new HashSet<string>(StringComparer.Ordinal) { root };
        var waiting = new Queue<string>([root]);
        while (waiting.TryDequeue(out var path))
        {
            if (await read(path).ConfigureAwait(false) is not { } text)
            {
                continue;
            }

            found.Add((path, text));
            foreach (var include in DovecotConfig.Parse(path, text).Includes)
            {
                foreach (var match in await DovecotGlob.ExpandAsync(include.Pattern, list).ConfigureAwait(false))
                {
                    if (asked.Add(match))
                    {
                        waiting.Enqueue(match);
                    }
                }
            }
        }

        return found;
    }
}
