namespace MailTlsState.Hosts.Linux;

/// <summary>What decides whether a path may be replaced and does not lie in the file itself: mounts, attributes, the directories above.</summary>
internal sealed record Surroundings(bool ReadOnly, string? Immutable, string? ChangeableBy)
{
    private const uint BasicStats = 0x7ff;
    private const ulong MountedReadOnly = 1;

    /// <summary>Looks around <paramref name="path"/>, which need not exist; changes nothing.</summary>
    internal static Surroundings Of(string path) => new(IsReadOnly(path), FindImmutable(path), FindChangeable(path));

    /// <summary>An observation with what was seen around it.</summary>
    internal FileObservation Of(FileObservation file) => file with { ReadOnlyFileSystem = ReadOnly, Immutable = Immutable, ChangeableBy = ChangeableBy };

    /// <summary>True when the file itself is where something is mounted.</summary>
    internal static bool IsMountPoint(string path, Libc.StatXBuffer found)
    {
        if ((found.AttributesMask & Libc.MountRoot) != 0)
        {
            return (found.Attributes & Libc.MountRoot) != 0;
        }

        // Before Linux 5.8. The fifth word of a line is the mount point (proc_pid_mountinfo(5)), a space in it as \040.
        return File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ') is [_, _, _, _, var point, ..] && point.Replace("\\040", " ", StringComparison.Ordinal) == path);
    }

    /// <summary>How many of a file's names are before-images that an apply keeps, or left when it was killed.</summary>
    internal static int BeforeImages(string path, ulong inode)
    {
        var directory = Path.GetDirectoryName(path)!;
        var file = Path.GetFileName(path);
        return LinuxFileReader.List(directory).Count(name =>
            TemporaryNames.IsBeforeImage(name, file)
            && Libc.StatX(Libc.AtCurrentDirectory, $"{directory}/{name}", Libc.AtSymlinkNoFollow, BasicStats, out var other) == 0 && other.Inode == inode);
    }

    // The file's own attribute keeps it from being replaced, its directory's from being given another name.
    private static string? FindImmutable(string path)
    {
        for (var (at, seen) = (path, 0); seen < 2; at = Path.GetDirectoryName(at)!)
        {
            if (Libc.StatX(Libc.AtCurrentDirectory, at, at == path ? Libc.AtSymlinkNoFollow : 0, BasicStats, out var found) == 0)
            {
                seen = LinuxPath.KindOf(found.Mode) == FileKind.Directory ? 2 : seen + 1;
                if ((found.Attributes & (Libc.Immutable | Libc.AppendOnly)) != 0)
                {
                    return at;
                }
            }

            if (at == "/")
            {
                break;
            }
        }

        return null;
    }

    private static string? FindChangeable(string path)
    {
        for (var at = Path.GetDirectoryName(path); at is not null; at = Path.GetDirectoryName(at))
        {
            try
            {
                return LinuxPath.FindUntrusted(at, "observe", stickyIsSafe: true);
            }
            catch (HostWriteException failure) when (failure.Error is Errno.NoEntry or Errno.NotDirectory)
            {
                // It would be made: the nearest one that exists decides.
            }
            catch (HostWriteException failure)
            {
                // A link that others could have made; or a directory that this user may not look into, which is said where it matters.
                return failure.Error == Errno.Loop ? at : null;
            }
        }

        return null;
    }

    // For what does not exist the nearest parent that does decides: there it would be made.
    private static bool IsReadOnly(string path)
    {
        for (var at = path; ; at = Path.GetDirectoryName(at)!)
        {
            if (Libc.StatVfs(at, out var found) == 0)
            {
                return (found.Flags & MountedReadOnly) != 0;
            }

            if (at == "/" || Errno.Last is not (Errno.NoEntry or Errno.NotDirectory))
            {
                return false;
            }
        }
    }
}
