using System.Globalization;
using System.Text;
using MailTlsState.Diagnostics;

namespace MailTlsState.Hosts.Linux;

/// <summary>The host-wide lock: flock(2), which the kernel frees when its holder ends, however it ends.</summary>
internal sealed class HostLock : IDisposable
{
    private const int MaximumSize = 4096;
    private const int WouldBlock = 11;
    private readonly Descriptor _file;

    private HostLock(Descriptor file) => _file = file;

    internal static HostLock Take(string path, string command, TimeProvider clock)
    {
        Descriptor file;
        try
        {
            using var parent = LinuxPath.OpenParent(path, "lock", out var name);
            file = LinuxPath.Open(parent, name, Libc.ReadWrite | Libc.Create | Libc.NonBlocking | Libc.NoControllingTerminal, 0b110_000_000, "lock", path);
        }
        catch (HostWriteException failure)
        {
            throw new MailTlsException(HostDiagnostics.LockUnavailable(path, Errno.Describe(failure.Error)));
        }

        try
        {
            if (Libc.FLock(file.Number, Libc.LockExclusive | Libc.LockNonBlocking) != 0)
            {
                var error = Errno.Last;
                throw error == WouldBlock ? Held(file, path) : new MailTlsException(HostDiagnostics.LockUnavailable(path, Errno.Describe(error)));
            }

            // The file stays where it is when the lock is freed: removing it would let two runs lock two files of one name.
            if (Libc.FTruncate(file.Number, 0) != 0)
            {
                throw new MailTlsException(HostDiagnostics.LockUnavailable(path, Errno.Describe(Errno.Last)));
            }

            var line = command.ReplaceLineEndings(" ");
            file.WriteAll(Encoding.UTF8.GetBytes($"{Environment.ProcessId}\n{clock.GetUtcNow():O}\n{line}\n"), path);
            return new HostLock(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static LockHeldException Held(Descriptor file, string path)
    {
        var lines = Encoding.UTF8.GetString(file.ReadToEnd(MaximumSize, MaximumSize, path)).Split('\n');
        int? process = int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        DateTimeOffset? since = lines.Length > 1 && DateTimeOffset.TryParse(lines[1], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;
        return new LockHeldException(process, lines.Length > 2 && lines[2].Length > 0 ? lines[2] : null, since);
    }
}
