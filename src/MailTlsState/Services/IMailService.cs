using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Planning.Review;
using MailTlsState.Policies;

namespace MailTlsState.Services;

/// <summary>A mail server that MailTlsState configures. A new one is a folder of its own and a line in <see cref="MailServices.All"/>.</summary>
public interface IMailService
{
    /// <summary>Which server it is.</summary>
    ServiceKind Kind { get; }

    /// <summary>The configuration file or directory that a rehearsal starts the daemon with.</summary>
    string ConfigurationPath { get; }

    /// <summary>The directory of its configuration files.</summary>
    string ConfigurationDirectory { get; }

    /// <summary>The name of its master process (<c>/proc/PID/comm</c>), which binds its ports.</summary>
    string MasterProgram { get; }

    /// <summary>The configuration file whose readers wait for a fresh time stamp to age, so that an edit sets it back; null where there is none.</summary>
    string? AgedFile { get; }

    /// <summary>The SELinux domain of the process that binds its ports.</summary>
    string SeLinuxMaster { get; }

    /// <summary>The SELinux domains of the processes that read key and certificate; the same in Debian's policy and Fedora's.</summary>
    IReadOnlyList<string> SeLinuxDomains { get; }

    /// <summary>Parts of the names, in the kernel or of their files, of the AppArmor profiles that confine what reads key and certificate (Debian's apparmor-profiles, openSUSE, Ubuntu).</summary>
    IReadOnlyList<string> AppArmorNames { get; }

    /// <summary>Asks the server's programs and files what they say; changes nothing.</summary>
    Task<ServiceObservation> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation);

    /// <summary>True while its master process lives.</summary>
    Task<bool> IsRunningAsync(IHost host, CancellationToken cancellation);

    /// <summary>True when its configuration makes it ask another service, without whose sockets it cannot serve.</summary>
    /// <param name="other">The other service.</param>
    /// <param name="host">The host.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<bool> AsksAsync(ServiceKind other, IHost host, CancellationToken cancellation);

    /// <summary>The file that it logs to, or null for the system's log.</summary>
    Task<string?> LogFileAsync(IHost host, CancellationToken cancellation);

    /// <summary>The changes that bring its configuration to the manifest's state. Pure.</summary>
    ServiceChanges Plan(ServicePlanRequest request);

    /// <summary>Findings about the text of its configuration as it stands. Pure.</summary>
    IEnumerable<Diagnostic> Review(HostObservation observed);

    /// <summary>The files of keys and certificates that it names now, by its own answers. <see cref="PairFiles"/> knows which files of a list belong together.</summary>
    IEnumerable<NamedPair> NamedPairs(ServiceObservation observed);

    /// <summary>What its configuration says of its listeners, by its own answers; those whose protocol or security is not clear are left out. Pure.</summary>
    IEnumerable<ConfiguredListener> Listeners(ServiceObservation observed);

    /// <summary>The program call that activates the configuration.</summary>
    ProcessCall Activate(Activation activation, bool systemd);

    /// <summary>The program call that stops a service that this run started.</summary>
    ProcessCall Stop(bool systemd);
}

/// <summary>What a service plans from.</summary>
/// <param name="Manifest">The manifest.</param>
/// <param name="Desired">The service's own part of it.</param>
/// <param name="Policy">The resolved policy.</param>
/// <param name="Pairs">Where keys and chains will lie: one pair, or two of different algorithms.</param>
/// <param name="Observed">The host.</param>
public sealed record ServicePlanRequest(Manifest Manifest, ServiceManifest Desired, TlsPolicy Policy, IReadOnlyList<CertificateFiles> Pairs, HostObservation Observed)
{
    /// <summary>What has to be said about <paramref name="losses"/>: that more is accepted each time, that less is offered only where something changes.</summary>
    /// <param name="service">Name and version.</param>
    /// <param name="losses">What the version cannot express.</param>
    /// <param name="changes">True when the plan has changes.</param>
    internal IEnumerable<Diagnostic> Losses(string service, IEnumerable<PolicyLoss> losses, bool changes) => losses
        .Where(l => l.AcceptsMore || changes)
        .Select(l => ServiceDiagnostics.Inexpressible(Manifest.Source.Locate("/policy"), service, Policy.Name, l.Text, l.AcceptsMore));
}

/// <summary>What a service wants changed.</summary>
/// <param name="Changes">In the order in which they keep TLS up in flight.</param>
/// <param name="Diagnostics">Errors end the plan.</param>
public sealed record ServiceChanges(IReadOnlyList<Change> Changes, IReadOnlyList<Diagnostic> Diagnostics)
{
    /// <summary>Why a reload will not do, or null where it does.</summary>
    public string? Restart { get; init; }
}
