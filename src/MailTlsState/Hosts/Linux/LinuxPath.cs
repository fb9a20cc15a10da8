using System.Runtime.InteropServices;
using System.Text;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// Opens paths so that nobody but root can redirect them. A symbolic link among the parents is followed only where root
/// alone could have made it (<c>/var/run</c>); below the first directory that another user may change no link is followed.
/// </summary>
internal static class LinuxPath
{
    private const nint OpenAt2Number = 437;
    private const int MaximumLinks = 40;
    private const int MaximumAttempts = 64;

    private static volatile bool _noOpenAt2;

    internal static HostWriteException Failed(string operation, string path, int error) =>
        new(operation, path, error, Errno.Describe(error));

    /// <summary>Opens the directory that holds <paramref name="path"/> (O_PATH) and gives the last name.</summary>
    /// <exception cref="HostWriteException">A parent is missing, no directory, or a link that others could have made.</exception>
    internal static Descriptor OpenParent(string path, string operation, out string name) => OpenParent(path, operation, pinned: false, out name);

    /// <summary>The same for a path that <see cref="Resolve"/> gave: a parent that is a link by now was swapped, and is refused whoever made it.</summary>
    internal static Descriptor OpenPinnedParent(string path, string operation, out string name) => OpenParent(path, operation, pinned: true, out name);

    /// <summary>The path without links among its parents; what does not exist yet stays as it is. The last name is never followed.</summary>
    /// <exception cref="HostWriteException">A parent is a link that others could have made, or no directory.</exception>
    internal static string Resolve(string path, string operation)
    {
        var split = Split(path);
        var resolved = new List<string>();
        for (var known = split.Count - 1; known > 0; known--)
        {
            try
            {
                using var parent = Walk("/" + string.Join('/', split.Take(known)), null, false, operation, path, resolved);
                return "/" + string.Join('/', resolved.Concat(split.Skip(known)));
            }
            catch (HostWriteException failure) when (failure.Error == Errno.NoEntry)
            {
                resolved.Clear();
            }
        }

        return "/" + string.Join('/', split);
    }

    private static Descriptor OpenParent(string path, string operation, bool pinned, out string name)
    {
        var split = Split(path);
        if (split.Count == 0)
        {
            throw new ArgumentException("the root directory has no parent", nameof(path));
        }

        name = split[^1];
        return OpenDirectory("/" + string.Join('/', split.Take(split.Count - 1)), operation, path, pinned);
    }

    /// <summary>Opens a name in an open directory, never following it.</summary>
    internal static Descriptor Open(Descriptor directory, string name, int flags, uint mode, string operation, string path)
    {
        var descriptor = TryOpen(directory.Number, name, flags | Libc.NoFollow | Libc.CloseOnExec, mode, Libc.ResolveNoSymlinks | Libc.ResolveNoMagicLinks);
        return descriptor >= 0 ? new Descriptor(descriptor) : throw Failed(operation, path, Errno.Last);
    }

    /// <summary>Opens a directory (O_PATH) by the rule of this class; a pinned one has no link on its way at all.</summary>
    internal static Descriptor OpenDirectory(string directory, string operation, string path, bool pinned = false)
    {
        // Most paths have no link at all: one call.
        const int flags = Libc.PathOnly | Libc.CloseOnExec;
        if (!_noOpenAt2)
        {
            var descriptor = TryOpen(Libc.AtCurrentDirectory, directory, flags | Libc.Directory, 0, Libc.ResolveNoSymlinks | Libc.ResolveNoMagicLinks);
            if (descriptor >= 0)
            {
                return new Descriptor(descriptor);
            }

            if (pinned || Errno.Last is not Errno.Loop)
            {
                throw Failed(operation, path, Errno.Last);
            }
        }

        return Walk(directory, null, pinned, operation, path, []);
    }

    /// <summary>
    /// Names the first component (links resolved) that somebody other than root may change, or null. The last component
    /// is checked too.
    /// </summary>
    /// <exception cref="HostWriteException">It cannot be resolved.</exception>
    /// <param name="path">Absolute path.</param>
    /// <param name="operation">For messages.</param>
    /// <param name="stickyIsSafe">True to pass through a directory of root's with the sticky bit, in which others may make names but not exchange them.</param>
    internal static string? FindUntrusted(string path, string operation, bool stickyIsSafe = false)
    {
        string? untrusted = null;
        using var end = Walk(path, (component, sticky) => untrusted ??= sticky && stickyIsSafe ? null : component, false, operation, path, []);
        return untrusted;
    }

    /// <summary>The components of an absolute path without <c>.</c> and <c>..</c>.</summary>
    internal static List<string> Split(string path)
    {
        if (!path.StartsWith('/') || path.Contains('\0'))
        {
            throw new ArgumentException($"not an absolute path: {path}", nameof(path));
        }

        var components = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(c => c != ".").ToList();
        return components.Contains("..") ? throw new ArgumentException($"a path with ..: {path}", nameof(path)) : components;
    }

    internal static string? ReadLink(int directory, string name)
    {
        Span<byte> buffer = stackalloc byte[4096];
        var length = Libc.ReadLinkAt(directory, name, buffer, buffer.Length);
        return length < 0 ? null : Encoding.UTF8.GetString(buffer[..(int)length]);
    }

    // With a listener for what others may change, the last component may be a file. The names of the real way are put into resolved.
    private static Descriptor Walk(string start, Action<string, bool>? untrusted, bool pinned, string operation, string path, List<string> resolved)
    {
        var rest = new Stack<string>(Enumerable.Reverse(Split(start)));
        var at = Root(operation, path);
        var trail = new Stack<(Descriptor Directory, string Name)>();
        var rootOnly = IsRootOnly(at.Stat(operation, path), "/", untrusted);
        var links = 0;
        try
        {
            while (rest.TryPop(out var name))
            {
                if (name == "..")
                {
                    // Only from a link's target; the trail is the real path.
                    if (trail.TryPop(out var up))
                    {
                        at.Dispose();
                        at = up.Directory;
                    }

                    continue;
                }

                var next = Open(at, name, operation, path);
                Libc.StatXBuffer found;
                try
                {
                    found = next.Stat(operation, path);
                    if (KindOf(found.Mode) == FileKind.SymbolicLink)
                    {
                        if (pinned || !rootOnly || ++links > MaximumLinks)
                        {
                            throw Failed(operation, path, Errno.Loop);
                        }

                        var target = ReadLink(next.Number, "") ?? throw Failed(operation, path, Errno.Last);
                        next.Dispose();
                        foreach (var component in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(c => c != ".").Reverse())
                        {
                            rest.Push(component);
                        }

                        if (target.StartsWith('/'))
                        {
                            at.Dispose();
                            Release(trail);
                            at = Root(operation, path);
                        }

                        continue;
                    }

                    if (KindOf(found.Mode) != FileKind.Directory && (untrusted is null || rest.Count > 0))
                    {
                        throw Failed(operation, path, Errno.NotDirectory);
                    }
                }
                catch (HostWriteException)
                {
                    next.Dispose();
                    throw;
                }

                trail.Push((at, name));
                at = next;
                rootOnly &= IsRootOnly(found, "/" + string.Join('/', trail.Reverse().Select(t => t.Name)), untrusted);
            }

            resolved.AddRange(trail.Reverse().Select(t => t.Name));
            return at;
        }
        catch (HostWriteException)
        {
            at.Dispose();
            throw;
        }
        finally
        {
            Release(trail);
        }
    }

    private static Descriptor Open(Descriptor directory, string name, string operation, string path)
    {
        var descriptor = Libc.OpenAt(directory.Number, name, Libc.PathOnly | Libc.NoFollow | Libc.CloseOnExec, 0);
        return descriptor >= 0 ? new Descriptor(descriptor) : throw Failed(operation, path, Errno.Last);
    }

    private static Descriptor Root(string operation, string path)
    {
        var descriptor = Libc.OpenAt(Libc.AtCurrentDirectory, "/", Libc.PathOnly | Libc.CloseOnExec, 0);
        return descriptor >= 0 ? new Descriptor(descriptor) : throw Failed(operation, path, Errno.Last);
    }

    private static bool IsRootOnly(Libc.StatXBuffer found, string component, Action<string, bool>? untrusted)
    {
        var rootOnly = found.Owner == 0 && (found.Mode & 0x12) == 0;
        if (!rootOnly)
        {
            untrusted?.Invoke(component, found.Owner == 0 && (found.Mode & 0x200) != 0);
        }

        return rootOnly;
    }

    private static void Release(Stack<(Descriptor Directory, string Name)> trail)
    {
        while (trail.TryPop(out var left))
        {
            left.Directory.Dispose();
        }
    }

    // A kernel before 5.6 answers ENOSYS, a seccomp filter that does not know the call EPERM or ENOSYS.
    // EAGAIN: openat2 saw a rename while it resolved, and asks to be called again.
    private static int TryOpen(int directory, string name, int flags, uint mode, ulong resolve)
    {
        var error = 0;
        for (var attempt = 0; attempt < MaximumAttempts; attempt++)
        {
            int opened;
            if (_noOpenAt2)
            {
                opened = Libc.OpenAt(directory, name, flags, mode);
            }
            else
            {
                var how = new Libc.OpenHow((uint)flags, mode, resolve);
                opened = (int)Libc.OpenAt2(OpenAt2Number, directory, name, in how, 24);
            }

            if (opened >= 0)
            {
                return opened;
            }

            error = Errno.Last;
            if (!_noOpenAt2 && (error == Errno.NotImplemented || (error == Errno.NotPermitted && !OpenAt2Works())))
            {
                _noOpenAt2 = true;
            }
            else if (error is not (Errno.Interrupted or Errno.Again))
            {
                break;
            }
        }

        Marshal.SetLastPInvokeError(error);
        return -1;
    }

    private static bool OpenAt2Works()
    {
        var how = new Libc.OpenHow(Libc.PathOnly | Libc.CloseOnExec, 0, 0);
        var opened = (int)Libc.OpenAt2(OpenAt2Number, Libc.AtCurrentDirectory, "/", in how, 24);
        if (opened < 0)
        {
            return false;
        }

        _ = Libc.Close(opened);
        return true;
    }

    internal static FileKind KindOf(ushort mode) => (mode & 0xF000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Directory,
        0xA000 => FileKind.SymbolicLink,
        _ => FileKind.Other,
    };
}
