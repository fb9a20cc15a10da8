using System.Text;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// Makes the kernel create files and directories with a label, so that none ever has another (proc_pid_attr(5), fscreate). It holds for one
/// thread and for those that it starts meanwhile, so it is set and cleared around a single call on the thread that changes files.
/// </summary>
internal static class CreationLabel
{
    private const string File = "/proc/thread-self/attr/fscreate";

    /// <summary>Does <paramref name="create"/> with the label set; without one, or where the kernel has no SELinux, just does it.</summary>
    /// <exception cref="HostWriteException">The policy does not know the label, or does not allow it here.</exception>
    internal static T Around<T>(string? label, string path, Func<T> create)
    {
        if (label is null || !SeLinuxKernel.IsEnabled)
        {
            return create();
        }

        Write(Encoding.UTF8.GetBytes(label), path);
        try
        {
            return create();
        }
        finally
        {
            // One NUL clears it; an empty write would be none.
            Write([0], path);
        }
    }

    /// <summary>Sets the label of an open file, unless it has it.</summary>
    internal static void Set(Descriptor file, string label, string path)
    {
        Span<byte> now = stackalloc byte[4096];
        var length = Libc.FGetXAttr(file.Number, SecurityContext.Attribute, now, now.Length);
        if (length > 0 && Encoding.UTF8.GetString(now[..(int)length]).TrimEnd('\0') == label)
        {
            return;
        }

        // With the NUL at its end, as libselinux writes it.
        var value = Encoding.UTF8.GetBytes(label + '\0');
        if (Libc.FSetXAttr(file.Number, SecurityContext.Attribute, value, value.Length, 0) != 0)
        {
            throw LinuxPath.Failed($"set the label {label} of", path, Errno.Last);
        }
    }

    private static void Write(byte[] value, string path)
    {
        var number = Libc.OpenAt(Libc.AtCurrentDirectory, File, Libc.WriteOnly | Libc.CloseOnExec, 0);
        if (number < 0)
        {
            throw LinuxPath.Failed("set the label for", path, Errno.Last);
        }

        using var file = new Descriptor(number);
        if (Libc.Write(file.Number, value, value.Length) != value.Length)
        {
            throw LinuxPath.Failed("set the label for", path, Errno.Last);
        }
    }
}
