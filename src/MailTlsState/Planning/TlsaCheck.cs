using MailTlsState.Certificates;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Hosts.Dns;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>Whether a new key meets TLSA records that name the present one: hosts that check them (DANE) would keep their mail back.</summary>
internal static class TlsaCheck
{
    /// <summary>Looks the records up where a key will change, all at once; nothing that the network does stands in a plan's way.</summary>
    public static async Task<HostObservation> LookAsync(IHost host, Manifest manifest, HostObservation observed, DateTimeOffset now, CancellationToken cancellation)
    {
        var issuer = CertificateIssuers.Of(manifest);
        if (issuer.Kind == IssuerKind.Existing || !issuer.Examine(manifest, observed, now).Any(s => s.CreateKey))
        {
            return observed;
        }

        var names = manifest.Services.SelectMany(s => s.Endpoints).Where(e => e.Security != EndpointSecurity.Disabled).Select(e => TlsaObservation.NameOf(manifest.Host, e.Port)).Distinct();
        return observed with { Tlsa = await Task.WhenAll(names.Select(n => host.ObserveTlsaAsync(n, cancellation))).ConfigureAwait(false) };
    }

    /// <summary>What there is to say of a plan's new keys.</summary>
    /// <param name="observed">The host.</param>
    /// <param name="changes">The certificate's changes.</param>
    public static IEnumerable<Diagnostic> Judge(HostObservation observed, IReadOnlyList<Change> changes)
    {
        if (!changes.Any(c => c.Kind == "key"))
        {
            return [];
        }

        var failed = observed.Tlsa.Where(t => t.Problem is not null).ToList();
        var diagnostics = observed.Tlsa.Where(t => t.Records.Count > 0).Select(t => PlanDiagnostics.KeyMeetsTlsa(t.Name, t.Records)).ToList();
        if (failed.Count > 0)
        {
            diagnostics.Add(PlanDiagnostics.TlsaNotLookedUp(failed.Select(f => f.Name), failed[0].Problem!));
        }

        return diagnostics;
    }
}
