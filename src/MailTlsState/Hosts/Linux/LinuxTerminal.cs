using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MailTlsState.Hosts.Linux;

/// <summary>Asks on the terminal that the process belongs to, whatever its standard input and output are, as ssh and openssl do.</summary>
internal static class LinuxTerminal
{
    private const string Path = "/dev/tty";

    // TCGETS and TCSETSF of ioctl_tty(2); the kernel's struct termios has 36 bytes on x86-64 and AArch64.
    private const nuint Get = 0x5401;
    private const nuint SetAndFlush = 0x5404;
    private const int LocalFlags = 12;
    private const uint Signals = 0x1;
    private const uint Echo = 0x8;

    // c_cc[VEOL] of struct termios: a second character that ends a line.
    private const int SecondEndOfLine = 17 + 11;

    private const byte Interrupt = 3;
    private const int LookForSignals = 200; // milliseconds
    private const int Longest = SecretRules.MaximumSize + 1;

    /// <summary>Asks for a line that is not shown.</summary>
    /// <param name="question">Shown before it.</param>
    /// <returns>What was typed, without its newline; null when there is no terminal.</returns>
    /// <exception cref="OperationCanceledException">Ctrl-C was typed, SIGTERM or SIGHUP came, or the terminal is gone.</exception>
    internal static string? AskSecret(string question)
    {
        var number = Libc.OpenAt(Libc.AtCurrentDirectory, Path, Libc.ReadWrite | Libc.CloseOnExec | Libc.NoControllingTerminal, 0);
        if (number < 0)
        {
            return null;
        }

        using var terminal = new Descriptor(number);
        var former = new byte[64];
        if (Libc.IoControl(number, Get, former) != 0)
        {
            return null;
        }

        // Without signals: Ctrl-C comes as a byte, at once, and the echo is never left off.
        var hidden = former.ToArray();
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(hidden.AsSpan(LocalFlags));
        BinaryPrimitives.WriteUInt32LittleEndian(hidden.AsSpan(LocalFlags), flags & ~(Echo | Signals));
        hidden[SecondEndOfLine] = Interrupt;
        try
        {
            if (Libc.IoControl(number, SetAndFlush, hidden) != 0)
            {
                return null;
            }

            Write(number, question);
            return ReadLine(number);
        }
        finally
        {
            Libc.IoControl(number, SetAndFlush, former);
            Write(number, "\n");
        }
    }

    private static string ReadLine(int terminal)
    {
        var line = new byte[Longest];
        var length = 0;
        var one = new byte[1];
        var ended = false;
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, End);
        try
        {
            while (true)
            {
                // A thread that waits in read(2) hears of no signal.
                while (Libc.Poll([new Libc.PollEntry { Descriptor = terminal, Events = Libc.PollIn }], 1, LookForSignals) <= 0)
                {
                    if (Volatile.Read(ref ended))
                    {
                        throw new OperationCanceledException();
                    }
                }

                var read = Libc.Read(terminal, one, 1);
                if (read < 0 && Errno.Last == Errno.Interrupted)
                {
                    continue;
                }

                if (read <= 0 || one[0] == Interrupt)
                {
                    throw new OperationCanceledException();
                }

                if (one[0] is (byte)'\n' or (byte)'\r')
                {
                    return Encoding.UTF8.GetString(line, 0, length);
                }

                // One byte too many is kept, so that a line that is too long is refused and not cut.
                if (length < line.Length)
                {
                    line[length++] = one[0];
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(line);
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            Volatile.Write(ref ended, true);
        }
    }

    private static void Write(int terminal, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _ = Libc.Write(terminal, bytes, bytes.Length);
    }
}
