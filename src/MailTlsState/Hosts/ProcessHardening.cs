using System.Runtime.InteropServices;

namespace MailTlsState.Hosts;

/// <summary>What a process that holds keys does to itself before anything else.</summary>
public static partial class ProcessHardening
{
    private const int CoreSize = 4; // RLIMIT_CORE
    private const uint OwnerOnly = 0x3F; // 077

    /// <summary>New files are for their owner alone, and the memory of this process is never written to a core file.</summary>
    public static void Apply()
    {
        _ = Umask(OwnerOnly);
        if (GetLimit(CoreSize, out var limit) == 0)
        {
            // The hard limit stays: a daemon that we start may raise its own again.
            limit.Soft = 0;
            _ = SetLimit(CoreSize, in limit);
        }
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint Umask(uint mask);

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
