using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Execution;

/// <summary>A plan and the observation that it rests on.</summary>
/// <param name="Observed">The host.</param>
/// <param name="Planning">The plan, or why there is none.</param>
public sealed record SourcedPlan(HostObservation Observed, PlanningResult Planning)
{
    /// <summary>Digests of the leaves on disk.</summary>
    public IReadOnlyList<string> LeavesOnDisk { get; init; } = [];

    /// <summary>Files of certificates that the services name now.</summary>
    public IReadOnlyList<string> CertificateFiles { get; init; } = [];

    /// <summary>Files that the plan rests on and another tool keeps, with their digests, links followed; null where nothing was.</summary>
    public IReadOnlyDictionary<string, string?> KeptByOthers { get; init; } = new Dictionary<string, string?>();

    /// <summary>Places where a service could listen and does not.</summary>
    public IReadOnlyList<JournalEndpoint> Silent { get; init; } = [];
}

/// <summary>Who runs an apply, and by which command.</summary>
/// <param name="CommandLine">The command as typed.</param>
/// <param name="UserId">Effective user id.</param>
/// <param name="Login">Name under which that person logged in, or null where it is not known.</param>
public sealed record Invocation(string CommandLine, int UserId = 0, string? Login = null);

/// <summary>
/// Where a plan comes from: a manifest, or an apply of the past. The executor makes the plan again under the lock and goes on
/// only when it is the approved one, so every way of changing a host is one path.
/// </summary>
public abstract class PlanSource
{
    /// <summary>The host's name: the SNI name of the probes.</summary>
    public abstract string Host { get; }

    /// <summary>Observes and plans.</summary>
    /// <param name="host">The host; it is only read.</param>
    /// <param name="now">The planner's clock; null takes the observation's time. A plan is made again with its own.</param>
    /// <param name="cancellation">Ends the observation.</param>
    public abstract Task<SourcedPlan> MakeAsync(IHost host, DateTimeOffset? now, CancellationToken cancellation);

    /// <summary>What has to be seen on the wire once the plan is carried out.</summary>
    internal abstract IExpectedState Expect(SourcedPlan made, Stager stager, DateTimeOffset now);

    /// <summary>What history keeps of the run.</summary>
    internal abstract ApplyRecord Record(SourcedPlan made, Stager stager, Invocation invocation);
}
