using System.Security.Cryptography;
using System.Text;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Hosts.Linux;

/// <summary>Changes files by descriptor through libc; <see cref="IHostWriter"/> says what each does.</summary>
internal static class LinuxFileWriter
{
    private const long MaximumRead = 64 * 1024 * 1024;
    private const uint BasicStats = 0x7ff;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long OmitTime = (1L << 30) - 2;

    internal static byte[]? ReadBytes(string path)
    {
        Descriptor file;
        try
        {
            using var parent = LinuxPath.OpenParent(path, "read", out var name);
            file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "read", path);
        }
        catch (HostWriteException failure) when (failure.Error == Errno.NoEntry)
        {
            return null;
        }

        using (file)
        {
            var found = file.Stat("read", path);
            RequireRegular(found, "read", path);
            var content = file.ReadToEnd((long)found.Size, MaximumRead, path);
            return content.LongLength > MaximumRead
                ? throw TooLarge("read", path)
                : content;
        }
    }

    internal static byte[] ReadFrom(string path, long offset, int limit)
    {
        try
        {
            using var parent = LinuxPath.OpenParent(path, "read", out var name);
            using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "read", path);
            RequireRegular(file.Stat("read", path), "read", path);
            if (Libc.Seek(file.Number, offset, 0) < 0)
            {
                throw LinuxPath.Failed("read", path, Errno.Last);
            }

            var content = file.ReadToEnd(limit, limit, path);
            return content.Length > limit ? content[..limit] : content;
        }
        catch (HostWriteException failure) when (failure.Error == Errno.NoEntry)
        {
            return [];
        }
    }

    internal static FileIdentity? Stat(string path)
    {
        try
        {
            using var parent = LinuxPath.OpenParent(path, "stat", out var name);
            if (Libc.StatX(parent.Number, name, Libc.AtSymlinkNoFollow, BasicStats, out var found) != 0)
            {
                return Errno.Last == Errno.NoEntry ? null : throw LinuxPath.Failed("stat", path, Errno.Last);
            }

            return new FileIdentity(LinuxPath.KindOf(found.Mode), (int)found.Owner, (int)found.Group, found.Mode & 0xFFF, found.Inode, (int)found.Links)
            {
                Size = (long)found.Size,
                Changed = (found.Changed.Seconds * NanosecondsPerSecond) + found.Changed.Nanoseconds,
            };
        }
        catch (HostWriteException failure) when (failure.Error is Errno.NoEntry or Errno.NotDirectory)
        {
            return null;
        }
    }

    internal static void CreateFile(string path, ReadOnlySpan<byte> content, int owner, int group, int mode, string? like, string? label)
    {
        var attributes = like is null ? [] : AttributesOf(like);
        label ??= LabelIn(attributes);
        attributes.Remove(SecurityContext.Attribute);
        using var parent = LinuxPath.OpenPinnedParent(path, "create", out var name);

        // 0600 first: nobody but root ever sees it wider than it will be, whatever the umask is.
        using var file = CreationLabel.Around(label, path, () => LinuxPath.Open(parent, name, Libc.WriteOnly | Libc.Create | Libc.Exclusive, 0b110_000_000, "create", path));
        try
        {
            if (label is not null)
            {
                CreationLabel.Set(file, label, path);
            }

            SetOwner(file, owner, group, path);
            if (like is not null)
            {
                ExtendedAttributes.Inherit(attributes, file, mode, path);
            }

            SetMode(file, mode, path);
            file.WriteAll(content, path);
            file.Sync(path);
        }
        catch (HostWriteException)
        {
            // A full disk must not keep what could not be finished; the failure itself is what the caller hears.
            _ = Libc.UnlinkAt(parent.Number, name, 0);
            throw;
        }
    }

    internal static void Preserve(string path, string image)
    {
        try
        {
            Link(path, image);
        }
        catch (HostWriteException failure) when (failure.Error is Errno.NotPermitted or Errno.CrossDevice or Errno.TooManyLinks or Errno.NotSupported or Errno.NotImplemented)
        {
            // No hard links here (vfat, some network file systems), not for this process (protected_hardlinks), or no further one.
            Copy(path, image);
        }
    }

    internal static void AppendFile(string path, ReadOnlySpan<byte> content)
    {
        using var parent = LinuxPath.OpenPinnedParent(path, "append to", out var name);
        using var file = LinuxPath.Open(parent, name, Libc.WriteOnly | Libc.Append | Libc.NonBlocking, 0, "append to", path);
        RequireRegular(file.Stat("append to", path), "append to", path);
        file.WriteAll(content, path);
        file.Sync(path);
    }

    internal static void CreateDirectory(string path, int owner, int group, int mode, string? label)
    {
        using var parent = LinuxPath.OpenPinnedParent(path, "create directory", out var name);
        CreationLabel.Around(label, path, () =>
        {
            Check(Libc.MkdirAt(parent.Number, name, 0b111_000_000), "create directory", path);
            return true;
        });
        try
        {
            using var directory = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.Directory, 0, "create directory", path);
            if (label is not null)
            {
                CreationLabel.Set(directory, label, path);
            }

            SetOwner(directory, owner, group, path);
            SetMode(directory, mode, path);

            // The parent's fsync keeps the name, this one keeps owner and mode.
            directory.Sync(path);
        }
        catch (HostWriteException)
        {
            _ = Libc.UnlinkAt(parent.Number, name, Libc.AtRemoveDirectory);
            throw;
        }
    }

    internal static void Rename(string from, string to, bool replace)
    {
        using var fromParent = LinuxPath.OpenPinnedParent(from, "rename", out var fromName);
        using var toParent = LinuxPath.OpenPinnedParent(to, "rename", out var toName);
        Check(Libc.RenameAt2(fromParent.Number, fromName, toParent.Number, toName, replace ? 0 : Libc.RenameNoReplace), "rename", $"{from} to {to}");
    }

    internal static void Link(string existing, string created)
    {
        using var existingParent = LinuxPath.OpenPinnedParent(existing, "link", out var existingName);
        using var createdParent = LinuxPath.OpenPinnedParent(created, "link", out var createdName);

        // Flags 0: a symbolic link at the end is not followed, the link itself would get a second name.
        Check(Libc.LinkAt(existingParent.Number, existingName, createdParent.Number, createdName, 0), "link", $"{existing} as {created}");
    }

    internal static void Remove(string path, bool directory)
    {
        var operation = directory ? "remove directory" : "remove";
        try
        {
            using var parent = LinuxPath.OpenPinnedParent(path, operation, out var name);
            Check(Libc.UnlinkAt(parent.Number, name, directory ? Libc.AtRemoveDirectory : 0), operation, path);
        }
        catch (HostWriteException failure) when (failure.Error == Errno.NoEntry)
        {
            // Nothing is there: that is what was wanted.
        }
    }

    internal static IReadOnlyList<string> List(string path)
    {
        using var directory = LinuxPath.OpenDirectory(path, "list", path);
        return LinuxFileReader.List($"/proc/self/fd/{directory.Number}");
    }

    internal static void SetOwnerAndMode(string path, int owner, int group, int mode)
    {
        using var parent = LinuxPath.OpenPinnedParent(path, "set owner and mode of", out var name);
        using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "set owner and mode of", path);
        var found = file.Stat("set owner and mode of", path);
        if (LinuxPath.KindOf(found.Mode) is not (FileKind.Regular or FileKind.Directory))
        {
            throw new HostWriteException("set owner and mode of", path, Errno.Invalid, "neither a file nor a directory");
        }

        // Narrow first: between the calls nobody may see more than before and after.
        var narrow = found.Mode & mode & 0xFFF;
        if (narrow != (found.Mode & 0xFFF))
        {
            SetMode(file, narrow, path);
        }

        SetOwner(file, owner, group, path);
        SetMode(file, mode, path);
        file.Sync(path);
    }

    internal static void SetLabel(string path, string label)
    {
        using var parent = LinuxPath.OpenPinnedParent(path, "set the label of", out var name);
        using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "set the label of", path);
        if (LinuxPath.KindOf(file.Stat("set the label of", path).Mode) is not (FileKind.Regular or FileKind.Directory))
        {
            throw new HostWriteException("set the label of", path, Errno.Invalid, "neither a file nor a directory");
        }

        CreationLabel.Set(file, label, path);
        file.Sync(path);
    }

    internal static void SetModificationTime(string path, DateTimeOffset time)
    {
        using var parent = LinuxPath.OpenPinnedParent(path, "set time of", out var name);
        using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "set time of", path);
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        ReadOnlySpan<Libc.TimeSpec> times = [new Libc.TimeSpec(0, OmitTime), new Libc.TimeSpec(seconds, rest * 100)];
        Check(Libc.FUTimeNs(file.Number, times), "set time of", path);
        file.Sync(path);
    }

    internal static void SyncDirectory(string path)
    {
        _ = LinuxPath.Split(path);

        // fsync needs a descriptor that was opened for reading, which O_PATH is not.
        using var at = LinuxPath.OpenDirectory(path, "sync", path, pinned: true);
        using var directory = LinuxPath.Open(at, ".", Libc.ReadOnly | Libc.Directory, 0, "sync", path);
        directory.Sync(path);
    }

    /// <summary>Another file that is the same in all but its inode: content, owner, mode, attributes and times.</summary>
    internal static void Copy(string path, string image)
    {
        using var from = OpenRegular(path, "copy", out var found);
        using var parent = LinuxPath.OpenPinnedParent(image, "copy", out var name);
        var attributes = ExtendedAttributes.Read(from, path);
        using var to = CreationLabel.Around(LabelIn(attributes), image, () => LinuxPath.Open(parent, name, Libc.WriteOnly | Libc.Create | Libc.Exclusive, 0b110_000_000, "copy to", image));
        try
        {
            if ((found.Attributes & (Libc.Immutable | Libc.AppendOnly)) != 0)
            {
                // Then it cannot be replaced either: better known now than after the commit.
                throw LinuxPath.Failed("copy", path, Errno.NotPermitted);
            }

            var content = from.ReadToEnd((long)found.Size, MaximumRead, path);
            SetOwner(to, (int)found.Owner, (int)found.Group, image);
            to.WriteAll(content.LongLength > MaximumRead ? throw TooLarge("copy", path) : content, image);
            CryptographicOperations.ZeroMemory(content);
            ExtendedAttributes.Copy(attributes, to, image);
            SetMode(to, found.Mode & 0xFFF, image);
            Check(Libc.FUTimeNs(to.Number, [found.Accessed, found.Modified]), "set time of", image);
            to.Sync(image);
        }
        catch (HostWriteException)
        {
            _ = Libc.UnlinkAt(parent.Number, name, 0);
            throw;
        }
    }

    private static string? LabelIn(IReadOnlyDictionary<string, byte[]> attributes) =>
        attributes.TryGetValue(SecurityContext.Attribute, out var value) ? Encoding.UTF8.GetString(value).TrimEnd('\0') : null;

    private static SortedDictionary<string, byte[]> AttributesOf(string path)
    {
        using var file = OpenRegular(path, "read attributes of", out _);
        return ExtendedAttributes.Read(file, path);
    }

    private static Descriptor OpenRegular(string path, string operation, out Libc.StatXBuffer found)
    {
        using var parent = LinuxPath.OpenPinnedParent(path, operation, out var name);
        var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, operation, path);
        try
        {
            found = file.Stat(operation, path);
            RequireRegular(found, operation, path);
            return file;
        }
        catch (HostWriteException)
        {
            file.Dispose();
            throw;
        }
    }

    private static HostWriteException TooLarge(string operation, string path) =>
        new(operation, path, Errno.Invalid, $"larger than {MaximumRead / 1024 / 1024} MiB");

    private static void SetOwner(Descriptor file, int owner, int group, string path) =>
        Check(Libc.FChown(file.Number, (uint)owner, (uint)group), "set owner of", path);

    private static void SetMode(Descriptor file, int mode, string path) =>
        Check(Libc.FChmod(file.Number, (uint)mode), "set mode of", path);

    private static void RequireRegular(Libc.StatXBuffer found, string operation, string path)
    {
        if (LinuxPath.KindOf(found.Mode) != FileKind.Regular)
        {
            throw new HostWriteException(operation, path, Errno.Invalid, "not a regular file");
        }
    }

    private static void Check(int result, string operation, string path)
    {
        if (result != 0)
        {
            throw LinuxPath.Failed(operation, path, Errno.Last);
        }
    }
}
