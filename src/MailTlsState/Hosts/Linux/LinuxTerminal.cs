using System.Buffers.Binary;
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

    private const byte Interrupt = 3;
    private const int Longest = SecretRules.MaximumSize + 1;

    /// <summary>Asks for a line that is not shown.</summary>
    /// <param name="question">Shown before it.</param>
    /// <returns>What was typed, without its newline; null when there is no terminal.</returns>
    /// <exception cref="OperationCanceledException">Ctrl-C was typed, or the terminal is gone.</exception>
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

        // Without signals: Ctrl-C comes as a byte, and the echo is never left off.
        var hidden = former.ToArray();
        var flags = BinaryPrimitives.ReadUInt32LittleEndian(hidden.AsSpan(LocalFlags));
        BinaryPrimitives.WriteUInt32LittleEndian(hidden.AsSpan(LocalFlags), flags & ~(Echo | Signals));
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
        try
        {
            while (true)
            {
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
    }

    private static void Write(int terminal, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        _ = Libc.Write(terminal, bytes, bytes.Length);
    }
}
