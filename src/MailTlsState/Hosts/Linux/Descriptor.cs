using System.Security.Cryptography;

namespace MailTlsState.Hosts.Linux;

/// <summary>An open file descriptor, closed once. Used on one thread.</summary>
internal sealed class Descriptor(int number) : IDisposable
{
    internal int Number { get; private set; } = number;

    /// <summary>Identity and attributes of the open file.</summary>
    internal Libc.StatXBuffer Stat(string operation, string path)
    {
        const uint basic = 0x7ff;
        return Libc.StatX(Number, "", Libc.AtEmptyPath, basic, out var found) == 0
            ? found
            : throw LinuxPath.Failed(operation, path, Errno.Last);
    }

    /// <summary>Reads to the end, but at most <paramref name="limit"/> bytes and one more, by which the caller sees that there was more.</summary>
    internal byte[] ReadToEnd(long expected, long limit, string path)
    {
        var buffer = new byte[(int)Math.Min(Math.Max(expected, 511) + 1, limit + 1)];
        var length = 0;
        while (length <= limit)
        {
            if (length == buffer.Length)
            {
                buffer = Moved(buffer, (int)Math.Min(buffer.LongLength * 2, limit + 1));
            }

            var count = Libc.Read(Number, buffer.AsSpan(length), buffer.Length - length);
            if (count == 0)
            {
                break;
            }

            if (count < 0)
            {
                if (Errno.Last == Errno.Interrupted)
                {
                    continue;
                }

                throw LinuxPath.Failed("read", path, Errno.Last);
            }

            length += (int)count;
        }

        return length == buffer.Length ? buffer : Moved(buffer, length);
    }

    // What was read may be a key, of which the caller overwrites the one copy that it knows of.
    private static byte[] Moved(byte[] from, int length)
    {
        var to = new byte[length];
        from.AsSpan(0, Math.Min(from.Length, length)).CopyTo(to);
        CryptographicOperations.ZeroMemory(from);
        return to;
    }

    /// <summary>Writes all of it: write(2) may take less than it was given.</summary>
    internal void WriteAll(ReadOnlySpan<byte> content, string path)
    {
        while (content.Length > 0)
        {
            var count = Libc.Write(Number, content, content.Length);
            if (count < 0)
            {
                if (Errno.Last == Errno.Interrupted)
                {
                    continue;
                }

                throw LinuxPath.Failed("write", path, Errno.Last);
            }

            content = content[(int)count..];
        }
    }

    /// <summary>fsync(2) with its result checked. It is not repeated: after a failure the kernel may have dropped the data.</summary>
    internal void Sync(string path)
    {
        if (Libc.FSync(Number) != 0)
        {
            throw LinuxPath.Failed("sync", path, Errno.Last);
        }
    }

    public void Dispose()
    {
        if (Number >= 0)
        {
            _ = Libc.Close(Number);
            Number = -1;
        }
    }
}
