using System.Collections.Concurrent;
using MailTlsState.Hosts;

namespace MailTlsState.Planning;

/// <summary>Collects the paths that an observation looks at, each once.</summary>
public sealed class ObservedFiles(IHost host)
{
    internal const int MostLinks = 8;

    private readonly ConcurrentDictionary<string, Task<FileObservation>> _files = new(StringComparer.Ordinal);

    /// <summary>Observes <paramref name="path"/>, or returns what was seen before.</summary>
    public Task<FileObservation> LookAsync(string path, CancellationToken cancellation) =>
        _files.GetOrAdd(HostObservation.Normal(path), p => host.ObserveFileAsync(p, cancellation));

    /// <summary>Observes <paramref name="path"/> and, where it is a symbolic link, what it leads to.</summary>
    /// <returns>What is at the end; a link, where there are more of them than a path may have.</returns>
    public async Task<FileObservation> ResolveAsync(string path, CancellationToken cancellation)
    {
        var file = await LookAsync(path, cancellation).ConfigureAwait(false);
        for (var links = 0; file.Kind == FileKind.SymbolicLink && links < MostLinks; links++)
        {
            file = await LookAsync(HostObservation.Target(file), cancellation).ConfigureAwait(false);
        }

        return file;
    }

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
