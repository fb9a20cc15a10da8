using System.Globalization;
using System.Runtime.InteropServices;

namespace MailTlsState.Hosts.Linux;

/// <summary>
/// Ends the process that holds a lock file: the number in the file is believed only where the kernel's own list (/proc/locks, proc(5)) says
/// that this process holds this file's lock, and signals go through a pidfd, so that they cannot reach another process.
/// </summary>
internal static partial class LockHolder
{
    private const int MaximumSize = 4096;
    private const int SigTerm = 15;
    private const int PidFdOpenNumber = 434;
    private const int PidFdSendSignalNumber = 424;
    private static readonly TimeSpan UntilKilled = TimeSpan.FromSeconds(5);

    /// <summary>SIGTERM, and SIGKILL to what is still there after <paramref name="patience"/> or is stopped and cannot obey.</summary>
    /// <returns>True when nobody, or another than before, holds the lock now.</returns>
    internal static bool End(string path, TimeSpan patience)
    {
        if (Find(path) is not { } process)
        {
            return true;
        }

        var descriptor = (int)Libc.SystemCall(PidFdOpenNumber, process, 0, 0);
        if (descriptor < 0)
        {
            return Find(path) != process;
        }

        using var pinned = new Descriptor(descriptor);
        if (Find(path) != process)
        {
            return true;
        }

        if (!IsStopped(process) && Signal(pinned, SigTerm) && HasEnded(pinned, patience))
        {
            return true;
        }

        return Signal(pinned, Libc.SigKill) && HasEnded(pinned, UntilKilled);
    }

    /// <summary>The process that holds the lock of the file at <paramref name="path"/>, or null.</summary>
    internal static int? Find(string path)
    {
        ulong inode;
        string text;
        try
        {
            using var parent = LinuxPath.OpenParent(path, "lock", out var name);
            using var file = LinuxPath.Open(parent, name, Libc.ReadOnly | Libc.NonBlocking | Libc.NoControllingTerminal, 0, "lock", path);
            inode = file.Stat("lock", path).Inode;
            text = System.Text.Encoding.UTF8.GetString(file.ReadToEnd(MaximumSize, MaximumSize, path));
        }
        catch (HostWriteException e) when (e.Error == Errno.NoEntry)
        {
            return null;
        }

        return int.TryParse(text.Split('\n')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
            && File.ReadLines("/proc/locks").Any(line => IsHeldBy(line, process, inode)) ? process : null;
    }

    /// <summary>True for a line like <c>1: FLOCK  ADVISORY  WRITE 1234 00:19:5678 0 EOF</c> of this process and inode.</summary>
    internal static bool IsHeldBy(string line, int process, ulong inode)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length >= 6 && fields[1] == "FLOCK"
            && fields[4] == process.ToString(CultureInfo.InvariantCulture)
            && fields[5].Split(':') is [_, _, var number] && number == inode.ToString(CultureInfo.InvariantCulture);
    }

    // Stopped by a signal (Ctrl-Z, SIGSTOP) or a debugger: SIGTERM would wait with it.
    private static bool IsStopped(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 1)..].TrimStart() is ['T' or 't', ..];
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool HasEnded(Descriptor process, TimeSpan within)
    {
        Span<Libc.PollEntry> entries = [new() { Descriptor = process.Number, Events = Libc.PollIn }];
        return Libc.Poll(entries, 1, (int)within.TotalMilliseconds) == 1;
    }

    // Ended already is as good as signalled.
    private static bool Signal(Descriptor process, int signal) =>
        SendSignal(PidFdSendSignalNumber, process.Number, signal, 0, 0) == 0 || Errno.Last == Errno.NoProcess;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SendSignal(nint number, nint descriptor, nint signal, nint information, nint flags);
}
