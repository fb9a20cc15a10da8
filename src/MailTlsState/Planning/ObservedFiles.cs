using System.Collections.Concurrent;
using MailTlsState.Hosts;

namespace MailTlsState.Planning;

/// <summary>Collects the paths that an observation looks at, each once.</summary>
public sealed class ObservedFiles(IHost host)
{
    private readonly ConcurrentDictionary<string, Task<FileObservation>> _files = new(StringComparer.Ordinal);

    /// <summary>Observes <paramref name="path"/>, or returns what was seen before.</summary>
    public Task<FileObservation> LookAsync(string path, CancellationToken cancellation) =>
        _files.GetOrAdd(path, p => host.ObserveFileAsync(p, cancellation));

    /// <summary>Everything that was looked at.</summary>
    public async Task<IReadOnlyDictionary<string, FileObservation>> AllAsync()
    {
        var all = new SortedDictionary<string, FileObservation>(StringComparer.Ordinal);
        foreach (var (path, task) in _files)
        {
            all[path] = await task.ConfigureAwait(false);
        }

        return all;
    }
}
