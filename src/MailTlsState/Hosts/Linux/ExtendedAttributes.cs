using System.Text;

namespace MailTlsState.Hosts.Linux;

/// <summary>Extended attributes of open files: POSIX ACL, security label, what users and programs noted (xattr(7)).</summary>
internal static class ExtendedAttributes
{
    internal const string AccessControlList = "system.posix_acl_access";

    private const int MaximumNames = 65536;
    private const int MaximumValue = 65536;

    // Signed over the content or the inode (IMA, EVM), or given to a program: wrong on new content.
    private static readonly string[] BoundToContent = ["security.ima", "security.evm", "security.capability"];

    /// <summary>Names and values; without overlayfs's own, which tell where a file lies and not what it is.</summary>
    internal static SortedDictionary<string, byte[]> Read(Descriptor file, string path)
    {
        var found = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var names = new byte[MaximumNames];
        var length = Libc.FListXAttr(file.Number, names, names.Length);
        if (length < 0)
        {
            return Errno.Last is Errno.NotSupported or Errno.NotImplemented ? found : throw LinuxPath.Failed("read attributes of", path, Errno.Last);
        }

        foreach (var name in Encoding.UTF8.GetString(names.AsSpan(0, (int)length)).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (name.StartsWith("trusted.overlay.", StringComparison.Ordinal))
            {
                continue;
            }

            var value = new byte[MaximumValue];
            var size = Libc.FGetXAttr(file.Number, name, value, value.Length);
            if (size >= 0)
            {
                found[name] = value[..(int)size];
            }
            else if (Errno.Last is not (Errno.NoData or Errno.NotSupported))
            {
                throw LinuxPath.Failed("read attributes of", path, Errno.Last);
            }
        }

        return found;
    }

    /// <summary>Gives <paramref name="to"/> all of <paramref name="attributes"/>: it is the same file again.</summary>
    internal static void Copy(IReadOnlyDictionary<string, byte[]> attributes, Descriptor to, string path)
    {
        Drop(attributes, to, path);
        foreach (var (name, value) in attributes)
        {
            // The kernel makes IMA's and EVM's by itself and may not take them from us.
            Set(to, name, value, path, mayFail: BoundToContent.Contains(name));
        }
    }

    /// <summary>
    /// Gives a new file that takes another's place its attributes. An ACL is left out of a file that only its owner may read: it would
    /// let others open it until the mode is set.
    /// </summary>
    internal static void Inherit(IReadOnlyDictionary<string, byte[]> attributes, Descriptor to, int mode, string path)
    {
        var wanted = attributes.Where(a => !BoundToContent.Contains(a.Key) && !(a.Key == AccessControlList && (mode & 0b000_111_111) == 0)).ToDictionary();
        Drop(wanted, to, path);
        foreach (var (name, value) in wanted)
        {
            Set(to, name, value, path, mayFail: false);
        }
    }

    // What a directory's default ACL gave to the new file, and the old one does not have.
    private static void Drop(IReadOnlyDictionary<string, byte[]> wanted, Descriptor to, string path)
    {
        if (wanted.ContainsKey(AccessControlList) || Libc.FGetXAttr(to.Number, AccessControlList, default, 0) < 0)
        {
            return;
        }

        if (Libc.FRemoveXAttr(to.Number, AccessControlList) != 0 && Errno.Last is not (Errno.NoData or Errno.NotSupported))
        {
            throw LinuxPath.Failed("remove the ACL of", path, Errno.Last);
        }
    }

    private static void Set(Descriptor to, string name, byte[] value, string path, bool mayFail)
    {
        // A policy may forbid to set a label that the new file got by itself.
        var now = new byte[MaximumValue];
        if (Libc.FGetXAttr(to.Number, name, now, now.Length) is >= 0 and var size && now.AsSpan(0, (int)size).SequenceEqual(value))
        {
            return;
        }

        if (Libc.FSetXAttr(to.Number, name, value, value.Length, 0) != 0 && !mayFail)
        {
            throw LinuxPath.Failed($"set {name} of", path, Errno.Last);
        }
    }
}
