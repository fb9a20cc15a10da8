using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;

namespace MailTlsState.Verification;

/// <summary>Processes of before, which no handshake may meet while younger ones take the connections: looked for on the host itself.</summary>
public static class FormerProcessCheck
{
    /// <summary>A process that is older than the certificate's files.</summary>
    /// <param name="Service">Its service.</param>
    /// <param name="Process">The process.</param>
    /// <param name="Changed">When the files came to be what they are.</param>
    public sealed record Former(ServiceKind Service, ServingProcess Process, DateTimeOffset Changed);

    /// <summary>Looks for them. Changes nothing.</summary>
    /// <param name="host">The host.</param>
    /// <param name="files">The files that were looked at, those of the certificates among them.</param>
    /// <param name="manifest">The desired state.</param>
    /// <param name="places">Where the certificates lie.</param>
    /// <param name="listeners">What listens.</param>
    /// <param name="known">What the services say of it.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<IReadOnlyList<Former>> LookAsync(
        IHost host, ObservedFiles files, Manifest manifest, IReadOnlyList<CertificatePlace> places, IReadOnlyList<Listener> listeners, KnownListeners known, CancellationToken cancellation)
    {
        await Task.WhenAll(places.SelectMany(p => new[] { p.Files.Key, p.Files.Chain }).Select(f => files.ResolveAsync(f, cancellation))).ConfigureAwait(false);
        var observed = new HostObservation(
            host.Clock.GetUtcNow(),
            await host.ObserveHostAsync(cancellation).ConfigureAwait(false),
            await files.AllAsync().ConfigureAwait(false),
            listeners,
            new Dictionary<ServiceKind, ServiceObservation>(),
            [],
            [])
        {
            Certificates = places,
            Serving = await host.ObserveServingAsync(cancellation).ConfigureAwait(false),
        };
        return [.. manifest.Services.SelectMany(s => FormerProcesses.Find(s.Kind, observed, known).Select(f => new Former(s.Kind, f.Process, f.Changed)))];
    }

    /// <summary>Adds a finding to each endpoint that such a process takes connections of, unless it was met and its leaf is a finding already.</summary>
    public static VerificationReport Add(VerificationReport report, IReadOnlyList<Former> former)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report with { Endpoints = [.. report.Endpoints.Select(Added)] };

        EndpointReport Added(EndpointReport endpoint)
        {
            var e = endpoint.Expectation;
            var found = former.Where(f => f.Service == e.Service && f.Process.Port == e.Port).MinBy(f => f.Process.Started);
            return found is null || e.FurtherName || endpoint.Result?.Outcome != ProbeOutcome.Completed || endpoint.Findings.Any(f => f.Code == VerificationDiagnostics.OtherLeaf)
                ? endpoint
                : endpoint with { Findings = [.. endpoint.Findings, Finding(e.Endpoint, found)] };
        }
    }

    private static Finding Finding(FindingEndpoint endpoint, Former former) => new(
        VerificationDiagnostics.FormerProcess,
        FindingClass.Report,
        FindingSeverity.Failure,
        endpoint,
        $"processes younger than the certificate's files of {AttributeChange.Time(former.Changed)}",
        $"{former.Process.Program} of {AttributeChange.Time(former.Process.Started)}",
        "manifest",
        $"reload {former.Service.Name()}; apply does it");
}
