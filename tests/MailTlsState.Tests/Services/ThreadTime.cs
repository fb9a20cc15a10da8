using System.Runtime.InteropServices;

namespace MailTlsState.Tests.Services;

/// <summary>The processor time of this thread: on a busy machine the wall clock measures the others.</summary>
internal readonly struct ThreadTime
{
    private readonly Timespec start;

    private ThreadTime(Timespec start) => this.start = start;

    public TimeSpan Elapsed => Now() is var now ? TimeSpan.FromSeconds(now.Seconds - start.Seconds) + TimeSpan.FromMicroseconds((now.Nanoseconds - start.Nanoseconds) / 1000.0) : default;

    public static ThreadTime Start() => new(Now());

    private static Timespec Now()
    {
        const int threadCpuTime = 3;
        return clock_gettime(threadCpuTime, out var time) == 0 ? time : throw new InvalidOperationException("clock_gettime failed");
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int clock_gettime(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
