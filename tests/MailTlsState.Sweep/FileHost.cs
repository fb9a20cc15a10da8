using MailTlsState.Hosts;
using MailTlsState.Hosts.Linux;
using MailTlsState.Manifests;

namespace MailTlsState.Sweep;

/// <summary>
/// The files' part of the real host, call by call as <see cref="LinuxHost"/> makes it. Without the rest the driver is a small binary
/// that starts in a few milliseconds, and a sweep starts it some thousand times.
/// </summary>
/// <param name="syncDirectories">False is the sweep's negative control: a transaction that forgets to fsync directories.</param>
/// <param name="hardLinks">False where no hard link can be made: before-images are copies.</param>
internal sealed class FileHost(bool syncDirectories, bool hardLinks) : IHostWriter
{
    public byte[]? ReadBytes(string path) => LinuxFileWriter.ReadBytes(path);

    public byte[] ReadFrom(string path, long offset, int limit) => LinuxFileWriter.ReadFrom(path, offset, limit);

    public FileIdentity? Stat(string path) => LinuxFileWriter.Stat(path);

    public string Resolve(string path) => LinuxPath.Resolve(path, "resolve");

    public void CreateFile(string path, ReadOnlySpan<byte> content, int owner, int group, int mode, string? like = null, string? label = null) =>
        LinuxFileWriter.CreateFile(path, content, owner, group, mode, like, label);

    public void AppendFile(string path, ReadOnlySpan<byte> content) => LinuxFileWriter.AppendFile(path, content);

    public void CreateDirectory(string path, int owner, int group, int mode, string? label = null) => LinuxFileWriter.CreateDirectory(path, owner, group, mode, label);

    public void Rename(string from, string to, bool replace) => LinuxFileWriter.Rename(from, to, replace);

    public void Link(string existing, string created) => LinuxFileWriter.Link(existing, created);

    public void Preserve(string path, string image)
    {
        if (hardLinks)
        {
            LinuxFileWriter.Preserve(path, image);
        }
        else
        {
            LinuxFileWriter.Copy(path, image);
        }
    }

    public void Unlink(string path) => LinuxFileWriter.Remove(path, directory: false);

    public void RemoveDirectory(string path) => LinuxFileWriter.Remove(path, directory: true);

    public IReadOnlyList<string> List(string path) => LinuxFileWriter.List(path);

    public void SetOwnerAndMode(string path, int owner, int group, int mode) => LinuxFileWriter.SetOwnerAndMode(path, owner, group, mode);

    public void SetLabel(string path, string label) => LinuxFileWriter.SetLabel(path, label);

    public void SetModificationTime(string path, DateTimeOffset time) => LinuxFileWriter.SetModificationTime(path, time);

    public void SyncDirectory(string path)
    {
        if (syncDirectories)
        {
            LinuxFileWriter.SyncDirectory(path);
        }
    }

    public IDisposable Lock(string command) => throw new NotSupportedException();

    public bool EndLockHolder(TimeSpan limit) => throw new NotSupportedException();

    public string ReadSecret(SecretReference reference) => throw new NotSupportedException();

    public Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation) => throw new NotSupportedException();

    public IReadOnlyList<AcceptingProcess> AcceptingProcesses() => throw new NotSupportedException();

    public Task<IRehearsal> StartRehearsalAsync(RehearsalRequest request, CancellationToken cancellation) => throw new NotSupportedException();
}
