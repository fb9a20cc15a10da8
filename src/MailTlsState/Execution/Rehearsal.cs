using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Verification;

namespace MailTlsState.Execution;

/// <summary>How a rehearsal ended.</summary>
/// <param name="Passed">True when every endpoint answered as planned, or no rehearsal could be had.</param>
/// <param name="Diagnostics">What was seen.</param>
/// <param name="Report">The endpoints, or null when there was no rehearsal.</param>
internal sealed record RehearsalResult(bool Passed, IReadOnlyList<Diagnostic> Diagnostics, VerificationReport? Report);

/// <summary>Tries staged files on the real daemons, in namespaces of their own.</summary>
internal sealed class Rehearsal(IHost host, IHostWriter writer, ApplyLimits limits)
{
    /// <summary>Runs the rehearsal.</summary>
    /// <param name="entry">The staged files.</param>
    /// <param name="plan">What is to be done.</param>
    /// <param name="wanted">What has to be seen.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<RehearsalResult> TryAsync(JournalEntry entry, Plan plan, IExpectedState wanted, CancellationToken cancellation)
    {
        var expectations = wanted.Rehearsed();
        var services = plan.Changes.Select(c => c.Work).OfType<ActivateService>().Where(w => w.Activation != Activation.Stop).Select(w => w.Service).ToHashSet();
        expectations = [.. expectations.Where(e => services.Contains(e.Service))];

        // Only settings tell the addresses of a port apart, and only they say which versions are spoken.
        var settings = plan.Changes.Any(c => c.Work is EditText or RemoveText);
        if (!settings)
        {
            expectations = [.. expectations.DistinctBy(e => (e.Service, e.Kind, e.Port, e.ServerName))];
        }

        if (expectations.Count == 0)
        {
            return new RehearsalResult(true, [], null);
        }

        try
        {
            var started = services.Concat(await BesideAsync(services, cancellation).ConfigureAwait(false)).ToHashSet();
            await using var rehearsal = await writer.StartRehearsalAsync(Request(entry.Steps, started), cancellation).ConfigureAwait(false);
            return await JudgeAsync(rehearsal, expectations, settings, wanted, services, cancellation).ConfigureAwait(false);
        }
        catch (RehearsalUnavailableException e)
        {
            return new RehearsalResult(true, [ExecutionDiagnostics.NotRehearsed(e.Message)], null);
        }
    }

    /// <summary>Why a service would not start on the files as they lie, in its own words; null where it would, or where nobody can tell.</summary>
    public async Task<string?> RefusalAsync(ServiceKind kind)
    {
        try
        {
            await using var rehearsal = await writer.StartRehearsalAsync(Request([], [kind]), CancellationToken.None).ConfigureAwait(false);
            return rehearsal.IsAlive(kind) ? null : Words(rehearsal);
        }
        catch (RehearsalUnavailableException)
        {
            return null;
        }
    }

    /// <summary>
    /// What a rehearsed service asks runs beside it, as it is on the host, and is not judged: smtpd dies where Dovecot, which it asks
    /// for passwords, does not listen. The host's own sockets are no choice: the view has other inodes, and a staged
    /// configuration must not talk to a live daemon.
    /// </summary>
    private async Task<IReadOnlyList<ServiceKind>> BesideAsync(HashSet<ServiceKind> services, CancellationToken cancellation)
    {
        var beside = new List<ServiceKind>();
        foreach (var other in Enum.GetValues<ServiceKind>().Where(k => !services.Contains(k)))
        {
            var asks = await Task.WhenAll(services.Select(s => MailServices.Of(s).AsksAsync(other, host, cancellation))).ConfigureAwait(false);

            // Where it is down, nobody can log in after the apply either, and the rehearsal says so.
            if (asks.Contains(true) && await MailServices.Of(other).IsRunningAsync(host, cancellation).ConfigureAwait(false))
            {
                beside.Add(other);
            }
        }

        return beside;
    }

    private async Task<RehearsalResult> JudgeAsync(
        IRehearsal rehearsal,
        IReadOnlyList<EndpointExpectation> expectations,
        bool withOffers,
        IExpectedState wanted,
        HashSet<ServiceKind> services,
        CancellationToken cancellation)
    {
        var start = host.Clock.GetTimestamp();
        for (var round = 1; ; round++)
        {
            var reports = await Task.WhenAll(expectations.Select(async e =>
            {
                var result = await rehearsal.ProbeAsync(e.Question(withOffers), cancellation).ConfigureAwait(false);
                return new EndpointReport(e, result, [.. wanted.Judge(e, result, host.Clock.GetUtcNow()).Where(f => Judged(f, result))]);
            })).ConfigureAwait(false);
            var report = new VerificationReport(reports);
            var dead = services.Where(s => !rehearsal.IsAlive(s)).ToList();
            var found = wanted.Faults(report);
            if (found.Count == 0 && dead.Count == 0)
            {
                return new RehearsalResult(true, [], report);
            }

            // On a busy host the first round alone may take longer, since the daemons are still starting: one more in any case.
            if ((round > 1 && host.Clock.GetElapsedTime(start) > limits.Rehearsal) || dead.Count > 0)
            {
                var faults = dead.Select(s => $"{s} did not stay up").Concat(found.Select(f => f.Words)).ToList();
                var words = Words(rehearsal);
                var fact = string.Join("; ", faults) + (words.Length == 0 ? "" : $" (the daemons said: {words})");
                return new RehearsalResult(false, [ExecutionDiagnostics.RehearsalFailed(fact)], report);
            }

            await Task.Delay(limits.Pause, host.Clock, cancellation).ConfigureAwait(false);
        }
    }

    // What follows TLS may need a back end that is absent there; what TLS shows does not.
    private static bool Judged(Finding finding, ProbeResult result) =>
        finding.Class == FindingClass.Activation && result.Outcome != ProbeOutcome.NoAnswerOverTls;

    private static string Words(IRehearsal rehearsal) =>
        string.Join(" / ", DaemonLog.Telling(rehearsal.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)));

    private static RehearsalRequest Request(IReadOnlyList<Step> steps, HashSet<ServiceKind> services) => new(
        steps.OfType<ReplaceFileStep>().ToDictionary(s => s.Path, s => s.Staged),
        [.. steps.OfType<CreateDirectoryStep>().Select(d => new RehearsalDirectory(d.Path, d.Owner, d.Group, d.Mode))],
        [],
        services.Contains(ServiceKind.Postfix) ? MailServices.Of(ServiceKind.Postfix).ConfigurationPath : null,
        services.Contains(ServiceKind.Dovecot) ? MailServices.Of(ServiceKind.Dovecot).ConfigurationPath : null);
}
