using System.Formats.Tar;
using System.Text;
using MailTlsState.HostTests.Lab;

namespace MailTlsState.HostTests.Editing;

/// <summary>Asks the daemons' own readers about many files in one throwaway host, in one go.</summary>
internal static class Oracle
{
    /// <summary>
    /// Puts files (path relative to /cases, Latin-1 text, an hour old so that Postfix does not wait for them to cool down)
    /// into a host, runs a script in /cases, and gives back the files that it made or changed below /cases/out.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, string>> AskAsync(IEnumerable<(string Path, string Text)> files, string script, string? release = null)
    {
        await using var host = await ThrowawayHost.StartAsync(new ThrowawayHostOptions { WithBinary = false, Release = release });
        // A file, since it can be longer than a command line may be.
        const string command = "mkdir -p /cases/out && cd /cases && base64 -d | tar xf - && mv script /script && . /script && tar cf - -C out . | base64 -w0";
        var result = (await host.RunAsync(command, Pack(files.Append(("script", script + "\n"))), TimeSpan.FromMinutes(LabEnvironment.Long ? 30 : 10))).Expect(0);
        return Unpack(result.Output);
    }

    private static string Pack(IEnumerable<(string Path, string Text)> files)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, leaveOpen: true))
        {
            foreach (var (path, text) in files)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path)
                {
                    DataStream = new MemoryStream(Encoding.Latin1.GetBytes(text)),
                    ModificationTime = DateTimeOffset.UtcNow.AddHours(-1),
                });
            }
        }

        return Convert.ToBase64String(bytes.ToArray());
    }

    private static Dictionary<string, string> Unpack(string output)
    {
        using var tar = new TarReader(new MemoryStream(Convert.FromBase64String(output)));
        var files = new Dictionary<string, string>();
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var reader = new StreamReader(data, Encoding.Latin1, detectEncodingFromByteOrderMarks: false);
                files[entry.Name.TrimStart('.', '/')] = reader.ReadToEnd();
            }
            else if (entry.EntryType == TarEntryType.RegularFile)
            {
                files[entry.Name.TrimStart('.', '/')] = "";
            }
        }

        return files;
    }
}
