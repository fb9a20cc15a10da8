using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Planning.AppArmor;
using MailTlsState.Probing;
using MailTlsState.Services;

namespace MailTlsState.Planning;

/// <summary>All that is known of a host for one manifest. A value: planning from it is pure.</summary>
/// <param name="At">When it was observed, by the host's clock.</param>
/// <param name="Host">Facts about the host as a whole.</param>
/// <param name="Files">Every path that was looked at.</param>
/// <param name="Listeners">Every TCP socket that listens.</param>
/// <param name="Services">What each named service says of itself.</param>
/// <param name="Served">What each listener of a named service serves.</param>
/// <param name="Secrets">Whether each referenced secret can be had.</param>
public sealed record HostObservation(
    DateTimeOffset At,
    HostFacts Host,
    IReadOnlyDictionary<string, FileObservation> Files,
    IReadOnlyList<Listener> Listeners,
    IReadOnlyDictionary<ServiceKind, ServiceObservation> Services,
    IReadOnlyList<ServedEndpoint> Served,
    IReadOnlyList<SecretObservation> Secrets)
{
    /// <summary>Where each of the manifest's certificates lies, in the manifest's order.</summary>
    public IReadOnlyList<CertificatePlace> Certificates { get; init; } = [];

    /// <summary>The processes that serve ports.</summary>
    public IReadOnlyList<ServingProcess> Serving { get; init; } = [];

    /// <summary>Certificates of a second kind of key that the manifest does not name.</summary>
    public IReadOnlyList<DroppedPair> Dropped { get; init; } = [];

    /// <summary>Who issued what earlier runs left in service; asked only where a private CA is to sign and no certificate is on disk.</summary>
    public IReadOnlyList<string> FormerIssuers { get; init; } = [];

    /// <summary>What the DNS says of the host's keys; asked only where a key is to change.</summary>
    public IReadOnlyList<TlsaObservation> Tlsa { get; init; } = [];

    /// <summary>SELinux labels by path; asked only where the host has SELinux and the manifest does not leave labels alone.</summary>
    public IReadOnlyDictionary<string, LabelObservation> Labels { get; init; } = new Dictionary<string, LabelObservation>();

    /// <summary>What SELinux says of the ports that the manifest names and nobody serves yet.</summary>
    public IReadOnlyList<PortObservation> PortLabels { get; init; } = [];

    /// <summary>The files of certificates that the services' settings name, whoever wrote them.</summary>
    public IEnumerable<string> NamedCertificates =>
        Services.Values.Where(s => s.Installed).SelectMany(s => MailServices.Of(s.Kind).NamedPairs(s)).Select(p => p.Certificate).Distinct();

    /// <summary>What the services say of what listens.</summary>
    public KnownListeners Known => KnownListeners.Of(Listeners, Services.Values);

    /// <summary>The enforced AppArmor profiles of each service; none where the host has no AppArmor.</summary>
    internal IReadOnlyDictionary<ServiceKind, IReadOnlyList<AppArmorProfile>> Profiles { get; init; } = new Dictionary<ServiceKind, IReadOnlyList<AppArmorProfile>>();

    /// <summary>The observation of <paramref name="path"/>; a path that was not looked at is absent.</summary>
    public FileObservation File(string path) => Files.GetValueOrDefault(Normal(path)) ?? new FileObservation(path, FileKind.Absent);

    /// <summary>What is at the end of a path's links, as it was observed.</summary>
    public FileObservation Resolve(string path)
    {
        var file = File(path);
        for (var links = 0; file.Kind == FileKind.SymbolicLink && links < ObservedFiles.MostLinks; links++)
        {
            file = File(Target(file));
        }

        return file;
    }

    /// <summary>When what a path leads to became what it is: the latest change of the file and of the links on the way to it; null where nothing is known.</summary>
    public DateTimeOffset? ChangedAt(string path)
    {
        var file = File(path);
        var latest = file.Changed;
        for (var links = 0; file.Kind == FileKind.SymbolicLink && links < ObservedFiles.MostLinks; links++)
        {
            file = File(Target(file));
            latest = latest is null || file.Changed > latest ? file.Changed : latest;
        }

        return latest;
    }

    /// <summary>Where a link leads, as an absolute path.</summary>
    internal static string Target(FileObservation link) =>
        link.LinkTarget!.StartsWith('/') ? link.LinkTarget : $"{link.Path[..link.Path.LastIndexOf('/')]}/{link.LinkTarget}";

    // By its text: certbot's links lead to ../../archive. A way out of a directory that is a link itself is not found so.
    internal static string Normal(string path)
    {
        if (!path.Contains("/.", StringComparison.Ordinal))
        {
            return path;
        }

        var names = new List<string>();
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != "."))
        {
            if (name != "..")
            {
                names.Add(name);
            }
            else if (names.Count > 0)
            {
                names.RemoveAt(names.Count - 1);
            }
        }

        return "/" + string.Join('/', names);
    }
}

/// <summary>What one mail server says of itself.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Installed">False when its programs are not there.</param>
/// <param name="Version">For example <c>3.7.11</c>; empty when not installed.</param>
/// <param name="Running">True while its master process lives.</param>
/// <param name="ConfigurationError">What the daemon says of a configuration that it cannot read, or null.</param>
/// <param name="ConfigurationFiles">Paths of its configuration files, in the order in which it reads them.</param>
/// <param name="Answers">The raw answer to each question put to its programs, by the question.</param>
public sealed record ServiceObservation(
    ServiceKind Kind,
    bool Installed,
    string Version,
    bool Running,
    string? ConfigurationError,
    IReadOnlyList<string> ConfigurationFiles,
    IReadOnlyDictionary<string, string> Answers)
{
    /// <summary>The process id of its master, where it is running and tells; not part of a plan's fingerprint.</summary>
    public int? MasterProcess { get; init; }
}

/// <summary>One listener of a named service and what it serves.</summary>
/// <param name="Service">The service that holds it.</param>
/// <param name="Endpoint">Which endpoint it is by port, or by what the manifest says of the port.</param>
/// <param name="Probe">What it served.</param>
public sealed record ServedEndpoint(ServiceKind Service, EndpointKind Endpoint, ProbeResult Probe);
