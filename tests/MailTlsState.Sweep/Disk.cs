using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MailTlsState.Hosts.Linux;

namespace MailTlsState.Sweep;

/// <summary>
/// A file system on a loop device, whose power can be cut: what was not made last is lost, as the file system's own shutdown
/// drops it. The device is detached by the kernel when this process ends, however it ends; mounts belong to a private namespace.
/// </summary>
internal sealed partial class Disk : IDisposable
{
    private const string C = "libc";
    private const nuint GetFreeLoop = 0x4C82;
    private const nuint ConfigureLoop = 0x4C0A;
    private const nuint ShutDown = 0x8004587D;
    private const int NoLogFlush = 2;
    private const int AutoClear = 4;
    private const int LoopConfigSize = 304;
    private const int LoopFlagsAt = 60;
    private const int Attempts = 64;

    private readonly string _fileSystem;
    private readonly string _image;
    private string _device = "";

    private Disk(string folder, string fileSystem, string image) => (Folder, _fileSystem, _image) = (folder, fileSystem, image);

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    private string Alive => Folder + "/alive";

    /// <summary>Makes one.</summary>
    /// <param name="work">An existing folder for image and mount point.</param>
    /// <param name="name">Its name in there.</param>
    /// <param name="fileSystem">ext4 or xfs.</param>
    public static Disk Make(string work, string name, string fileSystem)
    {
        var image = $"{work}/{name}.img";
        var folder = $"{work}/{name}";
        Directory.CreateDirectory(folder);
        using (var file = File.Create(image))
        {
            // The smallest that mkfs.xfs takes; nothing but what is written takes room.
            file.SetLength(fileSystem == "xfs" ? 320L << 20 : 24L << 20);
        }

        var (exitCode, said) = Program.Spawn($"/usr/sbin/mkfs.{fileSystem}", fileSystem == "xfs" ? ["-q", image] : ["-q", "-F", "-m", "0", image]);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"mkfs.{fileSystem} ended with {exitCode}: {said}");
        }

        var disk = new Disk(folder, fileSystem, image);
        disk.Mount();
        File.WriteAllText(disk.Alive, "");
        disk.Settle();
        return disk;
    }

    /// <summary>Everything written so far is on the disk.</summary>
    public void Settle()
    {
        using var at = Open(Folder);
        Check(SyncFileSystem(at.Number), "sync");
    }

    /// <summary>Cuts the power and starts again: the journal of the file system is replayed.</summary>
    public void CutPower()
    {
        using (var at = Open(Folder))
        {
            var flags = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(flags, NoLogFlush);
            Check(Libc.IoControl(at.Number, ShutDown, flags), "shut down");
        }

        Unmount();
        Mount();
        if (!File.Exists(Alive))
        {
            throw new InvalidOperationException("after the power cut the file system is not what it was");
        }
    }

    public void Dispose() => Unmount();

    // A device for each mount: the kernel detaches it with the last user. Only then are its buffers and the superblock that was shut
    // down gone, and the next mount sees what the disk got and nothing else.
    private void Mount()
    {
        using var loop = Attach(_image, out _device);
        Check(Mount(_device, Folder, _fileSystem, 0, null), "mount");
    }

    private void Unmount()
    {
        // Busy: a child that the other thread is about to start has our descriptors until its exec.
        Until(() => Unmount(Folder, 0) == 0 || (Errno.Last != Errno.Busy ? throw new InvalidOperationException($"unmount: {Errno.Describe(Errno.Last)}") : false), $"{Folder} stays busy");
        Until(() => !IsAttached(), $"{_device} stays attached");
    }

    private static void Until(Func<bool> condition, string what)
    {
        for (var waited = Stopwatch.StartNew(); !condition(); Thread.Yield())
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new InvalidOperationException(what);
            }
        }
    }

    private bool IsAttached()
    {
        try
        {
            return File.ReadAllText($"/sys/block/{Path.GetFileName(_device)}/loop/backing_file").TrimEnd('\n') == _image;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Descriptor Attach(string image, out string device)
    {
        using var control = Open("/dev/loop-control", Libc.ReadWrite);
        using var file = Open(image, Libc.ReadWrite);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var number = Libc.IoControl(control.Number, GetFreeLoop, default);
            Check(number < 0 ? -1 : 0, "find a free loop device");
            device = $"/dev/loop{number}";
            var loop = Open(device, Libc.ReadWrite);
            var config = new byte[LoopConfigSize];
            BinaryPrimitives.WriteInt32LittleEndian(config, file.Number);
            BinaryPrimitives.WriteInt32LittleEndian(config.AsSpan(LoopFlagsAt), AutoClear);
            if (Libc.IoControl(loop.Number, ConfigureLoop, config) == 0)
            {
                return loop;
            }

            // Somebody else took it meanwhile.
            var error = Errno.Last;
            loop.Dispose();
            if (error != Errno.Busy)
            {
                throw new InvalidOperationException($"configure loop device: {Errno.Describe(error)}");
            }
        }

        throw new InvalidOperationException("no free loop device");
    }

    private static Descriptor Open(string path, int flags = Libc.ReadOnly)
    {
        var number = Libc.OpenAt(Libc.AtCurrentDirectory, path, flags | Libc.CloseOnExec, 0);
        return number >= 0 ? new Descriptor(number) : throw new InvalidOperationException($"open {path}: {Errno.Describe(Errno.Last)}");
    }

    private static void Check(int result, string what)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"{what}: {Errno.Describe(Errno.Last)}");
        }
    }

    [LibraryImport(C, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, nuint flags, string? data);

    [LibraryImport(C, EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    [LibraryImport(C, EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(int descriptor);
}
