using System.Runtime.InteropServices;

namespace MailTlsState.HostTests.Crash;

/// <summary>A thread that opens files with the rights of user nobody: setfsuid(2) and setgroups(2) as system calls count for one thread alone.</summary>
internal static partial class Nobody
{
    private const uint Id = 65534;

    /// <summary>Runs <paramref name="work"/> on such a thread, which ends with it.</summary>
    public static Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource();
        new Thread(() =>
        {
            try
            {
                var setGroups = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 159 : 116;
                if (SystemCall(setGroups, 0, 0) != 0)
                {
                    throw new InvalidOperationException("setgroups failed");
                }

                _ = SetFsGroup(Id);
                _ = SetFsUser(Id);
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        {
            IsBackground = true,
        }.Start();
        return done.Task;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second);

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFsUser(uint user);

    [LibraryImport("libc", EntryPoint = "setfsgid")]
    private static partial int SetFsGroup(uint group);
}
