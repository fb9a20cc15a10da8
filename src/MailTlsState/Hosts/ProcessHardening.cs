using System.Runtime.InteropServices;
using MailTlsState.Hosts.Linux;

namespace MailTlsState.Hosts;

/// <summary>What a process that holds keys does to itself before anything else.</summary>
public static partial class ProcessHardening
{
    private const int CoreSize = 4; // RLIMIT_CORE
    private const int SetDumpable = 4; // PR_SET_DUMPABLE
    private const uint OwnerOnly = 0x3F; // 077
    private const int GetDescriptorFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC
    private const int ReadWrite = 2; // O_RDWR
    private const int BrokenPipe = 13; // SIGPIPE
    private const nint Ignore = 1; // SIG_IGN

    private static readonly bool[] Closed = new bool[3];

    /// <summary>True when whoever started this process had closed its standard output (1) or error (2).</summary>
    public static bool WasClosed(int standard) => Closed[standard];

    /// <summary>
    /// New files are for their owner alone, the memory of this process is never written to a core file, a reader that is gone
    /// does not end it, and a standard descriptor that was closed is nobody else's: else the journal could become standard error.
    /// </summary>
    public static void Apply()
    {
        for (var standard = 0; standard <= 2; standard++)
        {
            // The runtime has opened /dev/urandom before us, and goes on reading it; what was passed on to us does not close on exec.
            var flags = DescriptorControl(standard, GetDescriptorFlags, 0);
            Closed[standard] = flags < 0 || (flags & CloseOnExec) != 0;
            if (flags < 0)
            {
                // The lowest free number is taken, which is this one.
                _ = Open("/dev/null", ReadWrite);
            }
        }

        _ = Signal(BrokenPipe, Ignore);
        _ = Umask(OwnerOnly);
        if (GetLimit(CoreSize, out var limit) == 0)
        {
            // The hard limit stays: a daemon that we start may raise its own again.
            limit.Soft = 0;
            _ = SetLimit(CoreSize, in limit);
        }

        // A core_pattern that names a program is not bound by that limit (core(5)); this one it is. For another user than root
        // his own files in /proc would become root's.
        if (Libc.GetEffectiveUser() == 0)
        {
            _ = ProcessControl(SetDumpable, 0, 0, 0, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int ProcessControl(int option, nuint value, nuint unused1, nuint unused2, nuint unused3);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int DescriptorControl(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint Signal(int number, nint handler);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Soft;
        public ulong Hard;
    }
}
