using System.Runtime.InteropServices;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// The system calls that .NET has no faithful form of: its file API follows links, swallows fsync errors and cannot
/// sync a directory. Values are those of Linux on x86-64 and AArch64.
/// </summary>
internal static partial class Libc
{
    internal const int AtCurrentDirectory = -100;
    internal const int AtSymlinkNoFollow = 0x100;
    internal const int AtRemoveDirectory = 0x200;
    internal const int AtEmptyPath = 0x1000;

    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int NoControllingTerminal = 0x100;
    internal const int Append = 0x400;
    internal const int NonBlocking = 0x800;
    internal const int CloseOnExec = 0x80000;
    internal const int PathOnly = 0x200000;

    internal const ulong ResolveNoMagicLinks = 0x02;
    internal const ulong ResolveNoSymlinks = 0x04;

    internal const uint RenameNoReplace = 1;

    /// <summary>STATX_ATTR_IMMUTABLE, STATX_ATTR_APPEND, STATX_ATTR_MOUNT_ROOT.</summary>
    internal const ulong Immutable = 0x10;
    internal const ulong AppendOnly = 0x20;
    internal const ulong MountRoot = 0x2000;

    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;

    internal const int WaitNoHang = 1;
    internal const int SigKill = 9;
    internal const int SigChild = 17;

    internal const short PollIn = 1;

    private const string C = "libc";

    /// <summary>O_DIRECTORY.</summary>
    internal static readonly int Directory = IsArm ? 0x4000 : 0x10000;

    /// <summary>O_NOFOLLOW.</summary>
    internal static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [LibraryImport(C, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int directory, string path, int flags, uint mode);

    // No wrapper for openat2(2) in any glibc.
    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint OpenAt2(nint number, nint directory, string path, in OpenHow how, nint size);

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport(C, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(C, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatX(int directory, string path, int flags, uint mask, out StatXBuffer buffer);

    [LibraryImport(C, EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatVfs(string path, out StatVfsBuffer buffer);

    [LibraryImport(C, EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ReadLinkAt(int directory, string path, Span<byte> buffer, nint size);

    [LibraryImport(C, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int descriptor, Span<byte> buffer, nint count);

    [LibraryImport(C, EntryPoint = "getdents64", SetLastError = true)]
    internal static partial nint GetDirectoryEntries(int descriptor, Span<byte> buffer, nint size);

    [LibraryImport(C, EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport(C, EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int descriptor, ReadOnlySpan<byte> buffer, nint count);

    [LibraryImport(C, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(int descriptor);

    [LibraryImport(C, EntryPoint = "fchown", SetLastError = true)]
    internal static partial int FChown(int descriptor, uint owner, uint group);

    [LibraryImport(C, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int FChmod(int descriptor, uint mode);

    [LibraryImport(C, EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MkdirAt(int directory, string path, uint mode);

    [LibraryImport(C, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport(C, EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int LinkAt(int fromDirectory, string from, int toDirectory, string to, int flags);

    [LibraryImport(C, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(int directory, string path, int flags);

    [LibraryImport(C, EntryPoint = "futimens", SetLastError = true)]
    internal static partial int FUTimeNs(int descriptor, ReadOnlySpan<TimeSpec> accessAndModification);

    [LibraryImport(C, EntryPoint = "flistxattr", SetLastError = true)]
    internal static partial nint FListXAttr(int descriptor, Span<byte> names, nint size);

    [LibraryImport(C, EntryPoint = "fgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint FGetXAttr(int descriptor, string name, Span<byte> value, nint size);

    [LibraryImport(C, EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint LGetXAttr(string path, string name, Span<byte> value, nint size);

    [LibraryImport(C, EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FSetXAttr(int descriptor, string name, ReadOnlySpan<byte> value, nint size, int flags);

    [LibraryImport(C, EntryPoint = "fremovexattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FRemoveXAttr(int descriptor, string name);

    [LibraryImport(C, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int FTruncate(int descriptor, long length);

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    internal static partial int FLock(int descriptor, int operation);

    [LibraryImport(C, EntryPoint = "geteuid")]
    internal static partial uint GetEffectiveUser();

    [LibraryImport(C, EntryPoint = "umask")]
    internal static partial uint UMask(uint mask);

    [LibraryImport(C, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int process, int signal);

    [LibraryImport(C, EntryPoint = "waitpid", SetLastError = true)]
    internal static partial int WaitPid(int process, out int status, int options);

    [LibraryImport(C, EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(Span<PollEntry> entries, nuint count, int milliseconds);

    [LibraryImport(C, EntryPoint = "socket", SetLastError = true)]
    internal static partial int Socket(int family, int kind, int protocol);

    [LibraryImport(C, EntryPoint = "pipe2", SetLastError = true)]
    internal static partial int Pipe2(Span<int> ends, int flags);

    [LibraryImport(C, EntryPoint = "sigaction", SetLastError = true)]
    internal static partial int SigAction(int signal, ReadOnlySpan<byte> action, Span<byte> former);

    [LibraryImport(C, EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNamespace(int descriptor, int kind);

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(int descriptor, nuint request, Span<byte> argument);

    /// <summary>struct open_how of openat2(2).</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly struct OpenHow(ulong flags, ulong mode, ulong resolve)
    {
        internal readonly ulong Flags = flags;
        internal readonly ulong Mode = mode;
        internal readonly ulong Resolve = resolve;
    }

    /// <summary>struct statx: the same on every architecture, which struct stat is not.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatXBuffer
    {
        [FieldOffset(8)]
        internal ulong Attributes;
        [FieldOffset(16)]
        internal uint Links;
        [FieldOffset(20)]
        internal uint Owner;
        [FieldOffset(24)]
        internal uint Group;
        [FieldOffset(28)]
        internal ushort Mode;
        [FieldOffset(32)]
        internal ulong Inode;
        [FieldOffset(40)]
        internal ulong Size;
        [FieldOffset(56)]
        internal ulong AttributesMask;
        [FieldOffset(64)]
        internal TimeSpec Accessed;
        [FieldOffset(96)]
        internal TimeSpec Changed;
        [FieldOffset(112)]
        internal TimeSpec Modified;
        [FieldOffset(136)]
        internal uint DeviceMajor;
        [FieldOffset(140)]
        internal uint DeviceMinor;
    }

    /// <summary>struct statvfs of glibc on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 112)]
    internal struct StatVfsBuffer
    {
        [FieldOffset(72)]
        internal ulong Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec(long seconds, long nanoseconds)
    {
        internal long Seconds = seconds;
        internal long Nanoseconds = nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollEntry
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}
