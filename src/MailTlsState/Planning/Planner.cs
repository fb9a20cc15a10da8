using MailTlsState.Certificates;
using MailTlsState.Certificates.HostTrust;
using MailTlsState.Certificates.Import;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning.AppArmor;
using MailTlsState.Planning.Review;
using MailTlsState.Planning.SeLinux;
using MailTlsState.Policies;
using MailTlsState.Probing;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Services.Systemd;

namespace MailTlsState.Planning;

/// <summary>A plan, or why there is none.</summary>
/// <param name="Plan">Null when there are errors.</param>
/// <param name="Diagnostics">Everything that was found, errors included.</param>
public sealed record PlanningResult(Plan? Plan, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>Makes the plan from manifest, policy, observation and a time. Pure: the same input gives the same plan, on any machine.</summary>
public static class Planner
{
    // A clock outside of these is wrong: the program did not exist before, and no certificate of ours lasts until then.
    private static readonly DateTimeOffset Earliest = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Latest = new(2070, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Plans.</summary>
    /// <param name="manifest">The desired state.</param>
    /// <param name="policy">Its policy, resolved.</param>
    /// <param name="observed">The host.</param>
    /// <param name="now">The planner's clock.</param>
    /// <param name="scope">How much of the manifest is brought about.</param>
    /// <param name="imported">Files that a CA sent, where they are to be put into place.</param>
    /// <param name="acceptNewRoot">True when clients may have to trust another root.</param>
    public static PlanningResult Plan(
        Manifest manifest, TlsPolicy policy, HostObservation observed, DateTimeOffset now, PlanScope scope = PlanScope.Everything, IReadOnlyList<VendorFile>? imported = null, bool acceptNewRoot = false)
    {
        var diagnostics = new List<Diagnostic>();
        if (now < Earliest || now > Latest)
        {
            return new PlanningResult(null, [PlanDiagnostics.Clock(now)]);
        }

        diagnostics.AddRange(NotPermitted(observed));
        diagnostics.AddRange(SeLinux(manifest, observed));
        diagnostics.AddRange(PolicyKeyCheck.Judge(manifest, policy));
        if (diagnostics.Any(d => d.Severity == Severity.Error))
        {
            return new PlanningResult(null, diagnostics);
        }

        diagnostics.AddRange(HostReview.Of(observed, issues: manifest.Certificate.Issuer.Kind == IssuerKind.PrivateCa));
        diagnostics.AddRange(OtherServers.Of(manifest, observed));
        bool Reloads(ServiceKind service) => scope == PlanScope.Everything || (CertificateScope.Uses(observed, service) && observed.Services[service].Running);
        var effects = manifest.Services.Where(s => Reloads(s.Kind)).Select(s => $"reload {s.Kind.Name()}").ToList();
        var issuer = CertificateIssuers.Of(manifest);
        var certificate = issuer.Plan(new CertificatePlanRequest(manifest, observed, now, effects) { Imported = imported, Scope = scope, AcceptNewRoot = acceptNewRoot });
        diagnostics.AddRange(certificate.Diagnostics);
        var trust = HostTrustPlanner.Plan(manifest, issuer.HostAnchors(manifest), observed, certificate.Changes);
        diagnostics.AddRange(trust.Diagnostics);
        diagnostics.AddRange(TlsaCheck.Judge(observed, certificate.Changes));
        var labels = LabelPlanner.Plan(manifest, observed, certificate.Changes);
        diagnostics.AddRange(labels.Diagnostics);
        diagnostics.AddRange(AppArmorCheck.Judge(observed, certificate.Pairs));
        var rest = scope == PlanScope.Everything ? null : new List<Change>();
        var recovery = RecoveryUnit.Plan(observed);
        diagnostics.AddRange(rest is null ? recovery.Diagnostics : []);
        rest?.AddRange(recovery.Changes);
        var changes = new List<Change>([.. rest is null ? recovery.Changes : [], .. labels.Before, .. labels.Files, .. rest is null ? trust.Changes : []]);
        rest?.AddRange(trust.Changes);
        var configured = new HashSet<ServiceKind>();
        var restarts = new Dictionary<ServiceKind, string>();

        // Without a certificate to serve, the services keep what they serve.
        IReadOnlyList<ServiceManifest> services = certificate.Pairs.Count == 0 ? [] : [.. manifest.Services];
        foreach (var service in services)
        {
            var planned = MailServices.Of(service.Kind).Plan(new ServicePlanRequest(manifest, service, policy, certificate.Pairs, observed));
            if (rest is not null)
            {
                rest.AddRange(planned.Changes);
                diagnostics.AddRange(planned.Diagnostics.Where(d => d.Severity == Severity.Error).Select(d => PlanDiagnostics.LeftAlone($"{service.Kind.Name()}: {d.Fact}")));
                if (!observed.Services[service.Kind].Installed)
                {
                    continue;
                }

                planned = CertificateScope.Rename(observed, service.Kind, certificate.Pairs);
            }

            diagnostics.AddRange(planned.Diagnostics);
            changes.AddRange(planned.Changes);
            if (planned.Changes.Count > 0)
            {
                configured.Add(service.Kind);
            }

            if (planned.Restart is { } why)
            {
                restarts[service.Kind] = why;
            }
        }

        if (diagnostics.Any(d => d.Severity == Severity.Error))
        {
            return new PlanningResult(null, diagnostics);
        }

        // Settings of services that keep what they have may name it.
        if (rest is null && services.Count > 0)
        {
            changes.AddRange(DroppedPairs.Plan(manifest, observed, now));
        }

        var newFiles = certificate.Changes.Any(c => c.Work is MakeCertificates { Pairs.Count: > 0 } or SetAttributes) || labels.Before.Any(c => c.Work is SetLabel);
        var states = issuer.Examine(manifest, observed, now);
        var onDisk = states.Select(s => s.Leaf).OfType<CertificateFacts>().ToList();
        diagnostics.AddRange(states.Zip(observed.Certificates).Where(s => s.First.IsCurrent && s.First.RenewalTime > now).Select(s => PlanDiagnostics.Renews(s.Second.Files.Chain, s.First.RenewalTime!.Value, now)));
        foreach (var service in services)
        {
            if (Activation(manifest, rest is null ? policy : null, service, observed, onDisk, configured.Contains(service.Kind), newFiles, restarts.GetValueOrDefault(service.Kind)) is not { } change)
            {
                continue;
            }

            // What is down, or serves another certificate because it is told to, is not the certificate's affair.
            if (Reloads(service.Kind))
            {
                changes.Add(change);
            }
            else
            {
                rest!.Add(observed.Services[service.Kind].Running ? change with { Reason = "it does not use the manifest's certificate" } : change);
            }
        }

        diagnostics.AddRange(CertificateScope.Drift(rest ?? []));

        if (changes.Count > 0 && labels.Labels.Count > 0)
        {
            diagnostics.Add(SeLinuxDiagnostics.NotRehearsed());
        }

        if (changes.Count > 0 && rest is null)
        {
            diagnostics.AddRange(policy.Notes.Select(n => PlanDiagnostics.PolicyNote(manifest.Source.Locate("/policy/base"), policy.Name, n)));
        }

        var plan = new Plan(
            manifest.Source.File,
            manifest.Source.Text,
            manifest.Source.Digest,
            manifest.Host,
            now,
            Fingerprint.Of(observed),
            changes,
            diagnostics,
            [.. EndpointTarget.Of(manifest, observed).Where(t => t.Named is null).Select(t => $"{t.Service.Name()} {t.Endpoint.Name()} on {t.Address} port {t.Port}")])
        {
            PolicyFile = manifest.Source.PolicyFile,
            Scope = scope,
            AcceptsNewRoot = acceptNewRoot,
            Labels = labels.Labels,
        };
        return new PlanningResult(plan, diagnostics);
    }

    private static IEnumerable<Diagnostic> NotPermitted(HostObservation observed) => observed.Host.UserId == 0
        ? []
        : observed.Files.Values.Where(f => f.Problem is not null).Select(f => PlanDiagnostics.NotPermitted(f.Path, f.Problem!));

    private static IEnumerable<Diagnostic> SeLinux(Manifest manifest, HostObservation observed)
    {
        var at = manifest.Source.Locate("/selinux");
        if (manifest.SeLinux == SeLinuxMode.Required && !observed.Host.SeLinux)
        {
            yield return PlanDiagnostics.SeLinuxAbsent(at);
        }
    }

    /// <summary>
    /// The activation of a service: because its files change, because it is down, or because it serves something else than
    /// what is on disk. The last is derived from what is served, so a run that died before its reload is finished by the next.
    /// </summary>
    private static Change? Activation(
        Manifest manifest, TlsPolicy? policy, ServiceManifest service, HostObservation observed, IReadOnlyList<CertificateFacts> onDisk, bool configured, bool newFiles, string? restart)
    {
        if (!observed.Services[service.Kind].Running)
        {
            return service.State == DesiredServiceState.AsFound
                ? null
                : Change.Activate(service.Kind, Planning.Activation.Start, "it is not running", new AttributeChange("state", "stopped", "running"));
        }

        var reasons = new List<string>();
        if (configured)
        {
            reasons.Add("its configuration changes");
        }

        if (newFiles)
        {
            reasons.Add("key or certificate change");
        }

        var attributes = new List<AttributeChange>();
        if (reasons.Count == 0)
        {
            attributes.AddRange(ServedOtherwise(manifest, policy, service, observed, onDisk));
            if (attributes.Count > 0)
            {
                reasons.Add("it serves something else than what is on disk");
            }
            else if (FormerProcesses.Of(service.Kind, observed) is { Count: > 0 } former)
            {
                reasons.Add("some of its processes are older than the certificate's files, and may still serve the former ones");
                attributes.AddRange(former);
            }
            else
            {
                return null;
            }
        }

        return restart is null
            ? Change.Activate(service.Kind, Planning.Activation.Reload, string.Join(" and ", reasons), attributes)
            : Change.Activate(service.Kind, Planning.Activation.Restart, $"{string.Join(" and ", reasons)}, and {restart}", attributes);
    }

    private static IEnumerable<AttributeChange> ServedOtherwise(Manifest manifest, TlsPolicy? policy, ServiceManifest service, HostObservation observed, IReadOnlyList<CertificateFacts> onDisk)
    {
        foreach (var target in EndpointTarget.Of(manifest, observed).Where(t => t.Service == service.Kind && t.Named is not null))
        {
            var place = $"{target.Endpoint.Name()} on {target.Address} port {target.Port}";
            var probe = observed.Served.FirstOrDefault(s => s.Probe.Request.Address == target.Address && s.Probe.Request.Port == target.Port)?.Probe;
            if (probe is null)
            {
                if (policy is null)
                {
                    continue;
                }

                yield return new AttributeChange(place, "not listening", "listening");
                continue;
            }

            var leaf = LeafOf(probe.Chain);
            if (leaf is null ? onDisk.Count > 0 : onDisk.All(d => d.Fingerprint != leaf))
            {
                yield return new AttributeChange($"leaf served by {place}", leaf ?? "none: " + (probe.Failure ?? probe.Outcome.ToString()), onDisk.Count == 0 ? null : string.Join(" or ", onDisk.Select(d => d.Fingerprint)));
            }

            // To a client that takes the other kind of key alone.
            foreach (var (family, answer) in probe.ByFamily.Where(a => a.Value.Chain.FirstOrDefault() != probe.Chain.FirstOrDefault()).OrderBy(a => a.Key))
            {
                var wanted = onDisk.FirstOrDefault(d => d.Family == family)?.Fingerprint;
                if (LeafOf(answer.Chain) is var served && served != wanted)
                {
                    yield return new AttributeChange($"{KeyKinds.Text(family)} leaf served by {place}", served ?? "none: " + answer.Failure, wanted);
                }
            }

            foreach (var version in probe.Offers.Where(o => o.Value == OfferOutcome.Accepted && o.Key < policy?.Minimum).Select(o => o.Key))
            {
                yield return new AttributeChange($"{version} on {place}", "accepted", "refused");
            }
        }
    }

    private static string? LeafOf(IReadOnlyList<string> chain) => chain.Count == 0 ? null : CertificateFacts.Sha256(Convert.FromBase64String(chain[0]));
}
