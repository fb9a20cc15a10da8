namespace MailTlsState.Hosts;

/// <summary>The processes of a host in memory.</summary>
public sealed partial class InMemoryHost
{
    /// <summary>What <see cref="AcceptingProcesses"/> answers.</summary>
    public Func<IReadOnlyList<AcceptingProcess>> Accepting { get; set; } = () => [];

    /// <summary>What <see cref="ObserveServingAsync"/> answers.</summary>
    public IReadOnlyList<ServingProcess> Serving { get; set; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<AcceptingProcess> AcceptingProcesses() => Accepting();

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServingProcess>> ObserveServingAsync(CancellationToken cancellation) => Task.FromResult(Serving);
}
