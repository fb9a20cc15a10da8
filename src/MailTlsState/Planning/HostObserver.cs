using MailTlsState.Certificates;
using MailTlsState.Certificates.HostTrust;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Planning.AppArmor;
using MailTlsState.Planning.Review;
using MailTlsState.Planning.SeLinux;
using MailTlsState.Policies;
using MailTlsState.Services;
using MailTlsState.Services.Systemd;

namespace MailTlsState.Planning;

/// <summary>Asks a host everything that planning for one manifest needs, all questions side by side. Changes nothing.</summary>
public static class HostObserver
{
    /// <summary>Observes <paramref name="host"/> for <paramref name="manifest"/>.</summary>
    public static async Task<HostObservation> ObserveAsync(IHost host, Manifest manifest, TlsPolicy policy, CancellationToken cancellation)
    {
        var at = host.Clock.GetUtcNow();
        var files = new ObservedFiles(host);
        var issuer = CertificateIssuers.Of(manifest);
        var facts = host.ObserveHostAsync(cancellation);
        var listeners = host.ObserveListenersAsync(cancellation);
        var services = manifest.Services.ToDictionary(s => s.Kind, s => MailServices.Of(s.Kind).ObserveAsync(host, files, manifest, cancellation));
        var served = ServedAsync(host, manifest, policy, listeners, services.Values, cancellation);
        var secrets = issuer.Secrets(manifest).Select(s => host.ObserveSecretAsync(s, cancellation)).ToList();
        if ((await facts.ConfigureAwait(false)).Systemd)
        {
            await RecoveryUnit.LookAsync(files, cancellation).ConfigureAwait(false);
        }

        if (LabelQuestions.Apply(manifest, await facts.ConfigureAwait(false)))
        {
            await files.LookAsync(SecurityContext.SeManage, cancellation).ConfigureAwait(false);
            await files.ResolveAsync(SecurityContext.Flock, cancellation).ConfigureAwait(false);
        }

        var certificates = issuer.ObserveAsync(host, files, manifest, cancellation);
        var trust = HostTrustPlanner.LookAsync(files, manifest, issuer.HostAnchors(manifest).Count > 0, cancellation);
        await Task.WhenAll([facts, listeners, served, .. services.Values, .. secrets, certificates, trust]).ConfigureAwait(false);
        var dropped = await DroppedPairs.ObserveAsync(host, files, manifest, cancellation).ConfigureAwait(false);
        await PairFiles.LookAsync(host, files, services.Values.Select(s => s.Result).Where(s => s.Installed), cancellation).ConfigureAwait(false);
        var looks = manifest.Certificate.Issuer.Kind == IssuerKind.PrivateCa;
        foreach (var place in await certificates.ConfigureAwait(false))
        {
            looks &= await files.LookAsync(place.Files.Chain, cancellation).ConfigureAwait(false) is { Kind: FileKind.Absent, Problem: null };
        }

        var profiles = await AppArmorCheck.LookAsync(host, files, manifest, facts.Result, cancellation).ConfigureAwait(false);
        var observed = new HostObservation(
            at,
            await facts.ConfigureAwait(false),
            await files.AllAsync().ConfigureAwait(false),
            await listeners.ConfigureAwait(false),
            services.ToDictionary(s => s.Key, s => s.Value.Result),
            await served.ConfigureAwait(false),
            [.. secrets.Select(s => s.Result)])
        {
            Certificates = await certificates.ConfigureAwait(false),
            // Last: what was told to end has ended by now.
            Serving = await host.ObserveServingAsync(cancellation).ConfigureAwait(false),
            Dropped = dropped,
            FormerIssuers = looks ? await Planning.FormerIssuers.LookAsync(host, cancellation).ConfigureAwait(false) : [],
            Profiles = profiles,
        };
        return await LabelQuestions.LookAsync(host, manifest, observed, cancellation).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<ServedEndpoint>> ServedAsync(
        IHost host, Manifest manifest, TlsPolicy policy, Task<IReadOnlyList<Listener>> listeners, IEnumerable<Task<ServiceObservation>> services, CancellationToken cancellation)
    {
        var bound = await listeners.ConfigureAwait(false);
        var known = KnownListeners.Of(bound, await Task.WhenAll(services).ConfigureAwait(false));
        var targets = EndpointTarget.Of(manifest, bound, known).Where(t => t.Listening).ToList();

        // A floor belongs to the whole service, so one listener of each tells whether the running daemon has it; verify asks all of them.
        var asked = targets.Where(t => t.Named is not null).GroupBy(t => t.Service).Select(g => g.First()).ToHashSet();
        var probes = await Task.WhenAll(targets.Select(t => host.ProbeAsync(t.Question(manifest.Host, asked.Contains(t) ? ForbiddenVersions(policy) : [], manifest.Certificate.Families), cancellation))).ConfigureAwait(false);
        return [.. targets.Zip(probes, (t, p) => new ServedEndpoint(t.Service, t.Endpoint, p))];
    }

    /// <summary>The versions that the policy forbids; each is offered alone to see that it is refused.</summary>
    private static IReadOnlyList<TlsVersion> ForbiddenVersions(TlsPolicy policy) => [.. Enum.GetValues<TlsVersion>().Where(v => v < policy.Minimum)];
}
