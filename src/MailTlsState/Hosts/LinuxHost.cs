using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.Linux;
using MailTlsState.Hosts.Rehearsals;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts;

/// <summary>What a <see cref="LinuxHost"/> may be told.</summary>
public sealed record LinuxHostOptions
{
    /// <summary>Path of the lock file; default <c>/run/mailtlsstate.lock</c>.</summary>
    public string LockPath { get; init; } = "/run/mailtlsstate.lock";

    /// <summary>The clock; default the system's.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// The Linux machine on which this process runs: the only place that opens files, starts processes, makes sockets and looks
/// at the clock.
/// </summary>
public sealed class LinuxHost(LinuxHostOptions options) : IHost, IHostWriter
{
    private readonly FileThread _files = new();
    private readonly LinuxLabels _labels = new();

    /// <summary>This machine with default options.</summary>
    public LinuxHost()
        : this(new LinuxHostOptions())
    {
    }

    /// <inheritdoc/>
    public TimeProvider Clock => options.Clock;

    /// <inheritdoc/>
    public Task<HostFacts> ObserveHostAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var systemd = Directory.Exists("/run/systemd/system");
        var (program, problem) = systemd ? OwnProgram.Find() : default;
        return Task.FromResult(new HostFacts(
            File.ReadAllText("/proc/sys/kernel/hostname").TrimEnd('\n'),
            (int)Libc.GetEffectiveUser(),
            systemd,
            SeLinuxKernel.IsEnabled)
        {
            AppArmor = File.Exists("/sys/kernel/security/apparmor/profiles"),
            Enforcing = SeLinuxKernel.IsEnforcing,
            SeLinuxPolicy = SeLinuxKernel.IsEnabled ? LinuxLabels.PolicyName : null,
            Program = program,
            ProgramProblem = problem,
        });
    }

    /// <inheritdoc/>
    public Task<FileObservation> ObserveFileAsync(string path, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(LinuxFileReader.Observe(path));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListDirectoryAsync(string path, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(LinuxFileReader.List(path));
    }

    /// <inheritdoc/>
    public Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation) => LinuxProcesses.RunAsync(call, cancellation);

    /// <inheritdoc/>
    public IReadOnlyList<AcceptingProcess> AcceptingProcesses() => LinuxListeners.Accepting();

    /// <inheritdoc/>
    public Task<IReadOnlyList<Listener>> ObserveListenersAsync(CancellationToken cancellation) => Task.Run(LinuxListeners.Observe, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServingProcess>> ObserveServingAsync(CancellationToken cancellation) => Task.Run(() => LinuxListeners.Serving(Clock), cancellation);

    /// <inheritdoc/>
    public Task<ProbeResult> ProbeAsync(ProbeRequest request, CancellationToken cancellation) =>
        LinuxProbe.RunAsync(request, LinuxConnection.MakeSocket, cancellation);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellation) => LinuxDns.AddressesAsync(name, cancellation);

    /// <inheritdoc/>
    public Task<TlsScan?> ScanAsync(ProbeRequest request, ProbeResult probe, CancellationToken deadline) =>
        LinuxProbe.ScanAsync(request, probe, LinuxConnection.MakeSocket, deadline);

    /// <inheritdoc/>
    public bool IsOwnAddress(string address) => LinuxConnection.IsOwn(System.Net.IPAddress.Parse(address));

    /// <inheritdoc/>
    public Task<SecretObservation> ObserveSecretAsync(SecretReference reference, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(LinuxSecrets.Observe(reference));
    }

    /// <inheritdoc/>
    public Task<TlsaObservation> ObserveTlsaAsync(string name, CancellationToken cancellation) => LinuxDns.LookUpAsync(name, cancellation);

    /// <inheritdoc/>
    public Task<LabelObservation> ObserveLabelAsync(LabelQuestion question, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(_labels.Observe(question));
    }

    /// <inheritdoc/>
    public Task<PortObservation> ObservePortLabelAsync(int port, string domain, CancellationToken cancellation) => LinuxPortLabels.ObserveAsync(port, domain, cancellation);

    /// <inheritdoc/>
    public byte[]? ReadBytes(string path) => LinuxFileWriter.ReadBytes(path);

    /// <inheritdoc/>
    public byte[] ReadFrom(string path, long offset, int limit) => LinuxFileWriter.ReadFrom(path, offset, limit);

    /// <inheritdoc/>
    public FileIdentity? Stat(string path) => LinuxFileWriter.Stat(path);

    /// <inheritdoc/>
    public string Resolve(string path) => LinuxPath.Resolve(path, "resolve");

    /// <inheritdoc/>
    public void CreateFile(string path, ReadOnlySpan<byte> content, int owner, int group, int mode, string? like = null, string? label = null)
    {
        var bytes = content.ToArray();
        _files.Do(() => LinuxFileWriter.CreateFile(path, bytes, owner, group, mode, like, label));
    }

    /// <inheritdoc/>
    public void AppendFile(string path, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        _files.Do(() => LinuxFileWriter.AppendFile(path, bytes));
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path, int owner, int group, int mode, string? label = null) => _files.Do(() => LinuxFileWriter.CreateDirectory(path, owner, group, mode, label));

    /// <inheritdoc/>
    public void Rename(string from, string to, bool replace) => _files.Do(() => LinuxFileWriter.Rename(from, to, replace));

    /// <inheritdoc/>
    public void Link(string existing, string created) => _files.Do(() => LinuxFileWriter.Link(existing, created));

    /// <inheritdoc/>
    public void Preserve(string path, string image) => _files.Do(() => LinuxFileWriter.Preserve(path, image));

    /// <inheritdoc/>
    public void Unlink(string path) => _files.Do(() => LinuxFileWriter.Remove(path, directory: false));

    /// <inheritdoc/>
    public void RemoveDirectory(string path) => _files.Do(() => LinuxFileWriter.Remove(path, directory: true));

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) => LinuxFileWriter.List(path);

    /// <inheritdoc/>
    public void SetOwnerAndMode(string path, int owner, int group, int mode) => _files.Do(() => LinuxFileWriter.SetOwnerAndMode(path, owner, group, mode));

    /// <inheritdoc/>
    public void SetLabel(string path, string label) => _files.Do(() => LinuxFileWriter.SetLabel(path, label));

    /// <inheritdoc/>
    public void SetModificationTime(string path, DateTimeOffset time) => _files.Do(() => LinuxFileWriter.SetModificationTime(path, time));

    /// <inheritdoc/>
    public void SyncDirectory(string path) => _files.Do(() => LinuxFileWriter.SyncDirectory(path));

    /// <inheritdoc/>
    public IDisposable Lock(string command) => HostLock.Take(options.LockPath, command, options.Clock);

    /// <inheritdoc/>
    public bool EndLockHolder(TimeSpan patience) => LockHolder.End(options.LockPath, patience);

    /// <inheritdoc/>
    public string ReadSecret(SecretReference reference) => LinuxSecrets.ReadSecret(reference);

    /// <inheritdoc/>
    public Task<IRehearsal> StartRehearsalAsync(RehearsalRequest request, CancellationToken cancellation) =>
        LinuxRehearsal.StartAsync(request, cancellation);
}
