using MailTlsState.Hosts.Linux;
using MailTlsState.Manifests;

namespace MailTlsState.Hosts;

/// <summary>
/// What an apply may do to a host. All calls are synchronous and made on one thread, each does one system call that
/// changes something, follows no symbolic link, checks every result and throws <see cref="HostWriteException"/>.
/// Reading follows links among a path's parents only where root alone could have made them; a change follows none, so its
/// path comes from <see cref="Resolve"/> and a parent that was swapped for a link since is refused.
/// </summary>
public interface IHostWriter
{
    /// <summary>The bytes of a regular file, or null when nothing is there.</summary>
    byte[]? ReadBytes(string path);

    /// <summary>A part of a regular file: from <paramref name="offset"/> on, at most <paramref name="limit"/> bytes; empty when there is no more, or no file.</summary>
    byte[] ReadFrom(string path, long offset, int limit);

    /// <summary>Identity and attributes of a path, or null when nothing is there.</summary>
    FileIdentity? Stat(string path);

    /// <summary>
    /// The path without links among its parents; names that do not exist yet stay as they are, and the last one is not followed.
    /// </summary>
    string Resolve(string path);

    /// <summary>Makes a new file (it must not exist) with final owner and mode before its first byte; writes all and fsyncs it.</summary>
    /// <param name="path">The new file.</param>
    /// <param name="content">All of it.</param>
    /// <param name="owner">Numeric owner.</param>
    /// <param name="group">Numeric group.</param>
    /// <param name="mode">Permission bits.</param>
    /// <param name="like">The file whose place it will take: its label, ACL and other extended attributes go over; null for none.</param>
    /// <param name="label">SELinux context that it has from its creation on, or null: that of <paramref name="like"/>, or what the policy gives.</param>
    void CreateFile(string path, ReadOnlySpan<byte> content, int owner, int group, int mode, string? like = null, string? label = null);

    /// <summary>Appends to a file made by <see cref="CreateFile"/> and fsyncs it.</summary>
    void AppendFile(string path, ReadOnlySpan<byte> content);

    /// <summary>Makes a new directory with final owner and mode, and fsyncs it.</summary>
    /// <param name="path">The new directory.</param>
    /// <param name="owner">Numeric owner.</param>
    /// <param name="group">Numeric group.</param>
    /// <param name="mode">Permission bits.</param>
    /// <param name="label">SELinux context that it has from its creation on, or null: what the policy gives.</param>
    void CreateDirectory(string path, int owner, int group, int mode, string? label = null);

    /// <summary>renameat2(2). Replaces <paramref name="to"/> when <paramref name="replace"/>, else fails if it exists.</summary>
    void Rename(string from, string to, bool replace);

    /// <summary>linkat(2): a second name for the same file.</summary>
    void Link(string existing, string created);

    /// <summary>
    /// Keeps a file under a second name: a hard link, or where none can be made a copy with owner, mode, ACL, label and times, fsynced.
    /// </summary>
    void Preserve(string path, string image);

    /// <summary>unlinkat(2); no error when nothing is there.</summary>
    void Unlink(string path);

    /// <summary>Removes an empty directory; no error when nothing is there.</summary>
    void RemoveDirectory(string path);

    /// <summary>The processes that may take connections from a listening TCP socket: its holders, but for one that only makes the others.</summary>
    IReadOnlyList<AcceptingProcess> AcceptingProcesses();

    /// <summary>Names in a directory.</summary>
    IReadOnlyList<string> List(string path);

    /// <summary>Sets owner, group and mode by descriptor, and fsyncs it.</summary>
    void SetOwnerAndMode(string path, int owner, int group, int mode);

    /// <summary>Sets the SELinux context of a file or directory by descriptor, and fsyncs it.</summary>
    void SetLabel(string path, string label);

    /// <summary>Sets the modification time, and fsyncs it.</summary>
    void SetModificationTime(string path, DateTimeOffset time);

    /// <summary>fsyncs a directory.</summary>
    void SyncDirectory(string path);

    /// <summary>Takes the host-wide lock, freed by the kernel when this process ends.</summary>
    /// <exception cref="LockHeldException">Another run holds it.</exception>
    IDisposable Lock(string command);

    /// <summary>
    /// Ends the process that holds the lock: SIGTERM, so that it can roll back by itself, then SIGKILL; at once where it is stopped.
    /// </summary>
    /// <param name="patience">Between the two.</param>
    /// <returns>True when it holds the lock no longer.</returns>
    bool EndLockHolder(TimeSpan patience);

    /// <summary>Reads a secret: opened once without following links, checked on the descriptor (regular, owner root or caller, no bits for others, at most 4 KiB), one newline dropped.</summary>
    string ReadSecret(SecretReference reference);

    /// <summary>Runs a program that changes something (a reload).</summary>
    Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation);

    /// <summary>Starts the mail daemons on staged files in namespaces of their own.</summary>
    /// <exception cref="RehearsalUnavailableException">Namespaces or overlays are not allowed here.</exception>
    Task<IRehearsal> StartRehearsalAsync(RehearsalRequest request, CancellationToken cancellation);
}

/// <summary>Identity and attributes of a path.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Owner">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="HardLinks">Number of hard links.</param>
public sealed record FileIdentity(FileKind Kind, int Owner, int Group, int Mode, ulong Inode, int HardLinks)
{
    /// <summary>Size in bytes of a regular file.</summary>
    public long Size { get; init; }

    /// <summary>When content, owner, mode, label, ACL or the number of names last changed, in nanoseconds since 1970: st_ctime of stat(2), which nobody can set back.</summary>
    public long Changed { get; init; }
}

/// <summary>Files and daemons of a rehearsal.</summary>
/// <param name="Files">Real path to the staged file whose content is seen there.</param>
/// <param name="Directories">Directories to make inside first, with owner, group and mode.</param>
/// <param name="Removed">Paths that are hidden.</param>
/// <param name="Postfix">Absolute path of Postfix's configuration directory, or null when Postfix is not started.</param>
/// <param name="Dovecot">Absolute path of dovecot.conf, or null when Dovecot is not started.</param>
public sealed record RehearsalRequest(
    IReadOnlyDictionary<string, string> Files,
    IReadOnlyList<RehearsalDirectory> Directories,
    IReadOnlyList<string> Removed,
    string? Postfix,
    string? Dovecot);

/// <summary>A directory to make inside a rehearsal.</summary>
public sealed record RehearsalDirectory(string Path, int Owner, int Group, int Mode);

/// <summary>Daemons that run on staged files, seen by nobody else. Disposing it ends every process of it.</summary>
public interface IRehearsal : IAsyncDisposable
{
    /// <summary>Asks one listener of the rehearsal what it serves.</summary>
    Task<Probing.ProbeResult> ProbeAsync(Probing.ProbeRequest request, CancellationToken cancellation);

    /// <summary>Runs a reading program inside (<c>postconf</c>, <c>doveconf</c>).</summary>
    Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation);

    /// <summary>True while the daemon's master lives.</summary>
    bool IsAlive(ServiceKind service);

    /// <summary>What the daemons wrote to standard error and log so far.</summary>
    string Log { get; }
}

/// <summary>Why a change failed, where the reason has a remedy of its own.</summary>
public enum WriteFailure
{
    /// <summary>Another reason; the message says which.</summary>
    Other,

    /// <summary>No block or no inode left.</summary>
    NoSpace,

    /// <summary>A quota is used up.</summary>
    Quota,

    /// <summary>The file system is mounted read-only.</summary>
    ReadOnly,

    /// <summary>The two paths are on different file systems.</summary>
    OtherDevice,

    /// <summary>A symbolic link stands where none may.</summary>
    Link,

    /// <summary>Something is mounted on the file.</summary>
    MountPoint,
}

/// <summary>A system call that changes the host failed.</summary>
public sealed class HostWriteException(string operation, string path, int error, string message)
    : Exception($"{operation} {path}: {message}")
{
    /// <summary>The system call's purpose.</summary>
    public string Operation { get; } = operation;

    /// <summary>The path.</summary>
    public string Path { get; } = path;

    /// <summary>errno.</summary>
    public int Error { get; } = error;

    /// <summary>A path that was resolved leads elsewhere by now.</summary>
    public static HostWriteException Swapped(string path) => new("replace", path, Errno.Loop, "a directory on the way became a symbolic link");

    /// <summary>What errno says about the host, where that has a remedy of its own.</summary>
    public WriteFailure Reason => Error switch
    {
        Errno.NoSpace => WriteFailure.NoSpace,
        Errno.Quota => WriteFailure.Quota,
        Errno.ReadOnlyFileSystem => WriteFailure.ReadOnly,
        Errno.CrossDevice => WriteFailure.OtherDevice,
        Errno.Loop => WriteFailure.Link,
        Errno.Busy => WriteFailure.MountPoint,
        _ => WriteFailure.Other,
    };
}

/// <summary>Another run holds the lock.</summary>
public sealed class LockHeldException(int? processId, string? command, DateTimeOffset? since)
    : Exception(processId is null ? "another run holds the lock" : $"another run holds the lock: process {processId}, {command}, since {since:u}")
{
    /// <summary>Its process id, if it wrote one.</summary>
    public int? ProcessId { get; } = processId;

    /// <summary>Its command line, if it wrote one.</summary>
    public string? Command { get; } = command;

    /// <summary>Since when.</summary>
    public DateTimeOffset? Since { get; } = since;
}

/// <summary>A process that may take connections.</summary>
/// <param name="Port">TCP port of the listening socket.</param>
/// <param name="Id">Process id.</param>
/// <param name="Started">When it began, in clock ticks since the boot (proc(5)): with the id, no other process is the same.</param>
/// <param name="Program">Its short name, which says not who it is: from fork(2) to execve(2) a child has its master's.</param>
public sealed record AcceptingProcess(int Port, int Id, long Started, string Program)
{
    /// <inheritdoc/>
    public bool Equals(AcceptingProcess? other) => other is not null && (Port, Id, Started) == (other.Port, other.Id, other.Started);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Port, Id, Started);
}

/// <summary>Namespaces or overlays cannot be had on this host.</summary>
public sealed class RehearsalUnavailableException(string reason) : Exception(reason);
