using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>Loads Dovecot's configuration files, includes followed.</summary>
internal static class DovecotFiles
{
    private const int MostLinks = 8;

    /// <summary>Observes the root file and all that it includes, and our own file's possible places. Returns the paths found.</summary>
    public static async Task<IReadOnlyList<string>> LoadAsync(IHost host, ObservedFiles files, string root, CancellationToken cancellation)
    {
        var found = await DovecotIncludes.CollectAsync(
            root, p => TextAsync(files, p, cancellation), d => host.ListDirectoryAsync(d, cancellation)).ConfigureAwait(false);
        await files.LookAsync(ManagedFile.InFolder, cancellation).ConfigureAwait(false);
        await files.LookAsync(ManagedFile.Beside, cancellation).ConfigureAwait(false);
        return [.. found.Select(f => f.Path)];
    }

    /// <summary>The observed configuration: path to text, a link's text under the link's path.</summary>
    public static IReadOnlyDictionary<string, string> Texts(HostObservation observed)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in observed.Services[ServiceKind.Dovecot].ConfigurationFiles)
        {
            var file = observed.File(path);
            for (var links = 0; file.Kind == FileKind.SymbolicLink && links < MostLinks; links++)
            {
                file = observed.File(Target(file));
            }

            if (file.Text is { } text)
            {
                texts[path] = text;
            }
        }

        return texts;
    }

    private static async Task<string?> TextAsync(ObservedFiles files, string path, CancellationToken cancellation)
    {
        var file = await files.LookAsync(path, cancellation).ConfigureAwait(false);
        for (var links = 0; file.Kind == FileKind.SymbolicLink && links < MostLinks; links++)
        {
            file = await files.LookAsync(Target(file), cancellation).ConfigureAwait(false);
        }

        return file.Text;
    }

    private static string Target(FileObservation link) =>
        link.LinkTarget!.StartsWith('/') ? link.LinkTarget : $"{link.Path[..link.Path.LastIndexOf('/')]}/{link.LinkTarget}";
}
