using MailTlsState.Certificates.HostTrust;
using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Certificates;

/// <summary>A kind of issuer. A new one is a folder of its own and a line in <see cref="CertificateIssuers.All"/>.</summary>
public interface ICertificateIssuer
{
    /// <summary>Which kind it is.</summary>
    IssuerKind Kind { get; }

    /// <summary>The secrets that an apply needs.</summary>
    IEnumerable<SecretReference> Secrets(Manifest manifest);

    /// <summary>Files of the roots that clients are taken to trust, in PEM; the first that exists counts.</summary>
    IReadOnlyList<string> TrustFiles(Manifest manifest);

    /// <summary>The roots that the host itself is to trust.</summary>
    IReadOnlyList<HostAnchor> HostAnchors(Manifest manifest) => [];

    /// <summary>The directories that MailTlsState keeps for it, each with the manifest's setting of it; none where another tool keeps the files.</summary>
    IReadOnlyDictionary<string, string> Directories(Manifest manifest) => new Dictionary<string, string>();

    /// <summary>Looks at everything that planning needs, and says where each certificate lies. Changes nothing.</summary>
    /// <returns>One place for each certificate, in the manifest's order.</returns>
    Task<IReadOnlyList<CertificatePlace>> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation);

    /// <summary>What lies at each of the observed places. Pure.</summary>
    IReadOnlyList<CertificateState> Examine(Manifest manifest, HostObservation observed, DateTimeOffset now);

    /// <summary>What is to be done. Pure.</summary>
    CertificateChanges Plan(CertificatePlanRequest request);
}

/// <summary>What an issuer plans from.</summary>
/// <param name="Manifest">The desired state.</param>
/// <param name="Observed">The host.</param>
/// <param name="Now">The planner's clock.</param>
/// <param name="Effects">What follows from another certificate: reloads.</param>
public sealed record CertificatePlanRequest(Manifest Manifest, HostObservation Observed, DateTimeOffset Now, IReadOnlyList<string> Effects)
{
    /// <summary>Files that a CA sent, where they are to be put into place; else null.</summary>
    public IReadOnlyList<VendorFile>? Imported { get; init; }

    /// <summary>How much of the manifest is brought about.</summary>
    public PlanScope Scope { get; init; }

    /// <summary>True when whoever asked knows that clients will have to trust another root.</summary>
    public bool AcceptNewRoot { get; init; }
}

/// <summary>What is to be done for directories, CA, keys and certificates.</summary>
/// <param name="Changes">In the order of apply.</param>
/// <param name="Diagnostics">Errors end the plan.</param>
/// <param name="Pairs">Where the keys and certificates lie afterwards; none while one is waited for and nothing can be served yet: the services then stay as they are.</param>
public sealed record CertificateChanges(IReadOnlyList<Change> Changes, IReadOnlyList<Diagnostic> Diagnostics, IReadOnlyList<CertificateFiles> Pairs);
