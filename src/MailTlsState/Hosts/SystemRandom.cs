using System.Runtime.InteropServices;

namespace MailTlsState.Hosts;

/// <summary>
/// Random bytes of the kernel by getrandom(2). The framework's generator would load the system's OpenSSL for the same
/// bytes, which costs a cold process 3 ms.
/// </summary>
public static partial class SystemRandom
{
    // Requests of up to 256 bytes are never cut short and never interrupted once the pool is ready (getrandom(2)).
    private const int Unbroken = 256;

    /// <summary>Fills <paramref name="bytes"/>.</summary>
    /// <exception cref="InvalidOperationException">The kernel gave none (a kernel before 3.17, or a filter forbids the call).</exception>
    public static void Fill(Span<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var part = Math.Min(Unbroken, bytes.Length);
            var got = GetRandom(ref MemoryMarshal.GetReference(bytes), (nuint)part, 0);
            const int interrupted = 4;
            if (got < 0 && Marshal.GetLastPInvokeError() != interrupted)
            {
                throw new InvalidOperationException($"getrandom(2) failed: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            bytes = bytes[(int)Math.Max(0, got)..];
        }
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandom(ref byte buffer, nuint length, uint flags);
}
