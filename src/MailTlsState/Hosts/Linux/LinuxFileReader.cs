using System.Text;

namespace MailTlsState.Hosts.Linux;

/// <summary>Looks at files without changing them and without following a link at the end of a path.</summary>
internal static class LinuxFileReader
{
    /// <summary>Text of larger files is not observed.</summary>
    internal const long MaximumText = 16 * 1024 * 1024;

    private const uint BasicStats = 0x7ff;

    // The end of year 9999, which is all that a date can hold; a file system can hold more.
    private const long LatestSecond = 253402300799;

    internal static FileObservation Observe(string path)
    {
        _ = LinuxPath.Split(path);
        var around = Surroundings.Of(path);
        if (Libc.StatX(Libc.AtCurrentDirectory, path, Libc.AtSymlinkNoFollow, BasicStats, out var found) != 0)
        {
            // A file among the parents: nothing can be at this path.
            return Errno.Last is Errno.NoEntry or Errno.NotDirectory
                ? around.Of(new FileObservation(path, FileKind.Absent))
                : around.Of(new FileObservation(path, FileKind.Other) { Problem = Errno.Describe(Errno.Last) });
        }

        var observation = Describe(path, found, around);
        return observation.Kind switch
        {
            FileKind.Regular => ReadRegular(observation, around),
            FileKind.SymbolicLink => observation with { LinkTarget = LinuxPath.ReadLink(Libc.AtCurrentDirectory, path) },
            _ => observation,
        };
    }

    internal static IReadOnlyList<string> List(string path)
    {
        try
        {
            var names = Directory.EnumerateFileSystemEntries(path, "*", new EnumerationOptions
            {
                AttributesToSkip = 0,
                IgnoreInaccessible = false,
                ReturnSpecialDirectories = false,
            }).Select(p => Path.GetFileName(p)!).ToList();
            names.Sort(StringComparer.Ordinal);
            return names;
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (IOException) when (File.Exists(path))
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            throw new Diagnostics.MailTlsException(Diagnostics.HostDiagnostics.DirectoryUnreadable(path));
        }
    }

    private static FileObservation ReadRegular(FileObservation observation, Surroundings around)
    {
        // O_NONBLOCK: should the file have become a pipe meanwhile, opening it must not wait for a writer.
        var number = Libc.OpenAt(
            Libc.AtCurrentDirectory,
            observation.Path,
            Libc.ReadOnly | Libc.NoFollow | Libc.CloseOnExec | Libc.NonBlocking | Libc.NoControllingTerminal,
            0);
        if (number < 0)
        {
            return observation with { Problem = Errno.Describe(Errno.Last) };
        }

        using var descriptor = new Descriptor(number);
        try
        {
            // What was opened counts, not what was looked at before.
            var opened = Describe(observation.Path, descriptor.Stat("observe", observation.Path), around);
            if (opened.Kind != FileKind.Regular)
            {
                return opened with { Problem = "it was replaced while it was read" };
            }

            if (opened.Size > MaximumText)
            {
                return opened with { Problem = $"larger than {MaximumText / 1024 / 1024} MiB" };
            }

            var content = descriptor.ReadToEnd(opened.Size, MaximumText, observation.Path);
            if (content.LongLength > MaximumText)
            {
                return opened with { Problem = $"larger than {MaximumText / 1024 / 1024} MiB" };
            }

            return opened with
            {
                Size = content.Length,
                Digest = Digests.Sha256(content),
                Text = Redaction.Redact(Encoding.Latin1.GetString(content)),
            };
        }
        catch (HostWriteException failure)
        {
            return observation with { Problem = Errno.Describe(failure.Error) };
        }
    }

    private static FileObservation Describe(string path, Libc.StatXBuffer found, Surroundings around)
    {
        var kind = LinuxPath.KindOf(found.Mode);
        return around.Of(new FileObservation(path, kind)
        {
            Owner = (int)found.Owner,
            Group = (int)found.Group,
            Mode = found.Mode & 0xFFF,
            HardLinks = (int)found.Links - (kind == FileKind.Regular && found.Links > 1 ? Surroundings.BeforeImages(path, found.Inode) : 0),
            Size = kind == FileKind.Regular ? (long)found.Size : 0,
            Modified = kind == FileKind.Regular ? Time(found.Modified) : null,
            Changed = kind is FileKind.Regular or FileKind.SymbolicLink ? Time(found.Changed) : null,
            MountPoint = kind == FileKind.Regular && Surroundings.IsMountPoint(path, found),
        });
    }

    private static DateTimeOffset Time(Libc.TimeSpec time) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(time.Seconds, 0, LatestSecond)).AddTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick);
}
