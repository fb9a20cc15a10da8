using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts;

/// <summary>
/// What MailTlsState may ask of a host. Everything it learns comes through here, so that an observation can be
/// recorded on one machine and replayed on another. Reading changes nothing, ever.
/// </summary>
public interface IHost
{
    /// <summary>The host's clock.</summary>
    TimeProvider Clock { get; }

    /// <summary>Facts about the host as a whole.</summary>
    Task<HostFacts> ObserveHostAsync(CancellationToken cancellation);

    /// <summary>Observes one path without following a link at its end. Never throws for what the path is; see <see cref="FileObservation.Problem"/>.</summary>
    Task<FileObservation> ObserveFileAsync(string path, CancellationToken cancellation);

    /// <summary>Names in a directory in ordinal order; empty when there is none.</summary>
    Task<IReadOnlyList<string>> ListDirectoryAsync(string path, CancellationToken cancellation);

    /// <summary>Runs a program that only reads (<c>postconf</c>, <c>doveconf</c>).</summary>
    Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation);

    /// <summary>All TCP sockets that listen, with their owners.</summary>
    Task<IReadOnlyList<Listener>> ObserveListenersAsync(CancellationToken cancellation);

    /// <summary>The processes that may take connections and were not told to end (a master itself is none); nothing of other users' where this process may not look.</summary>
    Task<IReadOnlyList<ServingProcess>> ObserveServingAsync(CancellationToken cancellation);

    /// <summary>Asks one listener what it serves.</summary>
    Task<ProbeResult> ProbeAsync(ProbeRequest request, CancellationToken cancellation);

    /// <summary>Asks one listener everything that it accepts (see <see cref="Probing.Scan.TlsScanner"/>).</summary>
    /// <param name="request">The listener.</param>
    /// <param name="probe">What it serves.</param>
    /// <param name="deadline">When it is reached, the scan ends with what it has.</param>
    /// <returns>Null from a host that is not real.</returns>
    Task<TlsScan?> ScanAsync(ProbeRequest request, ProbeResult probe, CancellationToken deadline);

    /// <summary>True for an address of the host itself: a server may trust a client that comes from there.</summary>
    bool IsOwnAddress(string address);

    /// <summary>Checks that a secret can be had, without keeping it.</summary>
    Task<SecretObservation> ObserveSecretAsync(SecretReference reference, CancellationToken cancellation);

    /// <summary>The addresses of a name as every program of the host finds them; none where it has none.</summary>
    Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellation);

    /// <summary>Asks the host's resolvers for TLSA records. Never throws for what the network does; see <see cref="TlsaObservation.Problem"/>.</summary>
    Task<TlsaObservation> ObserveTlsaAsync(string name, CancellationToken cancellation);

    /// <summary>The SELinux label of a path, and what the policy says of it. Asked only where the kernel has SELinux.</summary>
    Task<LabelObservation> ObserveLabelAsync(LabelQuestion question, CancellationToken cancellation);

    /// <summary>Whether the SELinux policy lets a domain listen on a TCP port. Asked only where the kernel has SELinux.</summary>
    Task<PortObservation> ObservePortLabelAsync(int port, string domain, CancellationToken cancellation);
}

/// <summary>Facts about a host as a whole.</summary>
/// <param name="Name">Kernel's host name.</param>
/// <param name="UserId">Effective user id of this process.</param>
/// <param name="Systemd">True when systemd is the init that runs (sd_booted(3)).</param>
/// <param name="SeLinux">True when SELinux is enabled in the kernel.</param>
public sealed record HostFacts(string Name, int UserId, bool Systemd, bool SeLinux)
{
    /// <summary>With SELinux: true when it enforces its policy, false when it only reports.</summary>
    public bool Enforcing { get; init; }

    /// <summary>With SELinux: name of the policy that is installed (<c>default</c>, <c>targeted</c>), or null.</summary>
    public string? SeLinuxPolicy { get; init; }

    /// <summary>True when AppArmor is enabled in the kernel.</summary>
    public bool AppArmor { get; init; }

    /// <summary>Where systemd runs: path of this program, if a unit may start it as root later; else null.</summary>
    public string? Program { get; init; }

    /// <summary>Where systemd runs: why there is no <see cref="Program"/>, else null.</summary>
    public string? ProgramProblem { get; init; }
}

/// <summary>What a path is.</summary>
public enum FileKind
{
    /// <summary>Nothing is there.</summary>
    Absent,

    /// <summary>A regular file.</summary>
    Regular,

    /// <summary>A directory.</summary>
    Directory,

    /// <summary>A symbolic link.</summary>
    SymbolicLink,

    /// <summary>A device, socket or pipe.</summary>
    Other,
}

/// <summary>One path as it is now. Private keys and secret settings are redacted before the text leaves the host.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Kind">What it is.</param>
public sealed record FileObservation(string Path, FileKind Kind)
{
    /// <summary>Numeric owner.</summary>
    public int Owner { get; init; }

    /// <summary>Numeric group.</summary>
    public int Group { get; init; }

    /// <summary>Permission bits, 07777.</summary>
    public int Mode { get; init; }

    /// <summary>Number of hard links; those that an apply of this tool keeps of it do not count.</summary>
    public int HardLinks { get; init; } = 1;

    /// <summary>Size in bytes of a regular file.</summary>
    public long Size { get; init; }

    /// <summary>Modification time of a regular file, or null where it is not known.</summary>
    public DateTimeOffset? Modified { get; init; }

    /// <summary>
    /// When a regular file or a link was last put here or changed, content or attributes (st_ctime of stat(2), which nobody can set back), or null where it is
    /// not known.
    /// </summary>
    public DateTimeOffset? Changed { get; init; }

    /// <summary><c>sha256:</c> and hex of the raw bytes of a regular file that could be read, else null.</summary>
    public string? Digest { get; init; }

    /// <summary>
    /// The content, each byte one character (Latin-1, so that nothing is lost), with secrets redacted by
    /// <see cref="Redaction"/>; null for what is not a regular file of at most 16 MiB that could be read.
    /// </summary>
    public string? Text { get; init; }

    /// <summary>Target of a symbolic link.</summary>
    public string? LinkTarget { get; init; }

    /// <summary>True when the file system (of the path, or of the nearest parent that exists) is mounted read-only.</summary>
    public bool ReadOnlyFileSystem { get; init; }

    /// <summary>True when something is mounted on the file itself.</summary>
    public bool MountPoint { get; init; }

    /// <summary>The path, or the nearest directory above it that exists, if that has the attribute immutable or append-only (chattr(1)); else null.</summary>
    public string? Immutable { get; init; }

    /// <summary>
    /// The first directory on the way (links resolved) that somebody other than root may change, else null. A sticky directory of root's counts as
    /// safe to pass through.
    /// </summary>
    public string? ChangeableBy { get; init; }

    /// <summary>Why it could not be observed in full (for example "permission denied"), else null.</summary>
    public string? Problem { get; init; }
}

/// <summary>One run of a program.</summary>
/// <param name="Program">Absolute path; it and its directories must belong to root and be writable by nobody else.</param>
/// <param name="Arguments">Arguments, passed as they are.</param>
/// <param name="TimeLimit">After it the program is ended; null means 30 seconds.</param>
public sealed record ProcessCall(string Program, IReadOnlyList<string> Arguments, TimeSpan? TimeLimit = null)
{
    /// <summary>The time limit of a call that names none.</summary>
    public static TimeSpan DefaultTimeLimit { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The call as a person would type it.</summary>
    public override string ToString() => string.Join(' ', [Program, .. Arguments]);
}

/// <summary>How a run ended.</summary>
/// <param name="ExitCode">Exit status; 127 when the program does not exist, 124 when its time was up.</param>
/// <param name="Output">Standard output, Latin-1, redacted.</param>
/// <param name="Error">Standard error, Latin-1, redacted.</param>
public sealed record ProcessResult(int ExitCode, string Output, string Error);

/// <summary>One listening TCP socket.</summary>
/// <param name="Address">Local IP address, <c>0.0.0.0</c> or <c>::</c> for all.</param>
/// <param name="Port">Local port.</param>
/// <param name="ProcessId">One process that holds it, or null when it could not be found.</param>
/// <param name="Program">That process's name (<c>/proc/PID/comm</c>), or null.</param>
/// <param name="Executable">That process's executable (<c>/proc/PID/exe</c>), or null.</param>
public sealed record Listener(string Address, int Port, int? ProcessId, string? Program, string? Executable);

/// <summary>A process that serves a port for a master.</summary>
/// <param name="Port">Local TCP port.</param>
/// <param name="Program">Its name (<c>/proc/PID/comm</c>).</param>
/// <param name="Started">When it began, to a few hundredths of a second.</param>
public sealed record ServingProcess(int Port, string Program, DateTimeOffset Started);

/// <summary>Whether a secret can be had.</summary>
/// <param name="Reference">Where it should come from.</param>
/// <param name="Problem">Why it cannot, else null. Never holds any part of the secret.</param>
public sealed record SecretObservation(SecretReference Reference, string? Problem)
{
    /// <summary>Id of the problem's diagnostic code, else null; <see cref="Diagnostics.HostDiagnostics.ForSecret"/> makes the diagnostic.</summary>
    public string? Code { get; init; }
}
