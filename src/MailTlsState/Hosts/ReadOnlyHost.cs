using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Hosts;

/// <summary>
/// The writer of commands that only read: every change ends the command with MTS0216. What an <see cref="IHostWriter"/> may look at is passed on.
/// </summary>
public sealed class ReadOnlyHost(IHostWriter inner) : IHostWriter
{
    /// <inheritdoc/>
    public byte[]? ReadBytes(string path) => inner.ReadBytes(path);

    /// <inheritdoc/>
    public byte[] ReadFrom(string path, long offset, int limit) => inner.ReadFrom(path, offset, limit);

    /// <inheritdoc/>
    public FileIdentity? Stat(string path) => inner.Stat(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) => inner.List(path);

    /// <inheritdoc/>
    public string Resolve(string path) => inner.Resolve(path);

    /// <inheritdoc/>
    public void CreateFile(string path, ReadOnlySpan<byte> content, int owner, int group, int mode, string? like = null, string? label = null) => throw Refused($"create {path}");

    /// <inheritdoc/>
    public void AppendFile(string path, ReadOnlySpan<byte> content) => throw Refused($"append to {path}");

    /// <inheritdoc/>
    public void CreateDirectory(string path, int owner, int group, int mode, string? label = null) => throw Refused($"create directory {path}");

    /// <inheritdoc/>
    public void Rename(string from, string to, bool replace) => throw Refused($"rename {from} to {to}");

    /// <inheritdoc/>
    public void Link(string existing, string created) => throw Refused($"link {existing} as {created}");

    /// <inheritdoc/>
    public void Preserve(string path, string image) => throw Refused($"keep {path} as {image}");

    /// <inheritdoc/>
    public void Unlink(string path) => throw Refused($"remove {path}");

    /// <inheritdoc/>
    public void RemoveDirectory(string path) => throw Refused($"remove directory {path}");

    /// <inheritdoc/>
    public void SetOwnerAndMode(string path, int owner, int group, int mode) => throw Refused($"set owner and mode of {path}");

    /// <inheritdoc/>
    public void SetLabel(string path, string label) => throw Refused($"set the label of {path}");

    /// <inheritdoc/>
    public void SetModificationTime(string path, DateTimeOffset time) => throw Refused($"set time of {path}");

    /// <inheritdoc/>
    public void SyncDirectory(string path) => throw Refused($"sync {path}");

    /// <inheritdoc/>
    public IDisposable Lock(string command) => throw Refused("take the lock");

    /// <inheritdoc/>
    public bool EndLockHolder(TimeSpan patience) => throw Refused("end the run that holds the lock");

    /// <inheritdoc/>
    public string ReadSecret(SecretReference reference) => throw Refused($"read the secret of {reference}");

    /// <inheritdoc/>
    public Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation) =>
        Task.FromException<ProcessResult>(Refused($"run {call}"));

    /// <inheritdoc/>
    public IReadOnlyList<AcceptingProcess> AcceptingProcesses() => inner.AcceptingProcesses();

    /// <inheritdoc/>
    public Task<IRehearsal> StartRehearsalAsync(RehearsalRequest request, CancellationToken cancellation) =>
        Task.FromException<IRehearsal>(Refused("start a rehearsal"));

    private static MailTlsException Refused(string operation) => new(HostDiagnostics.ReadOnly(operation));
}
