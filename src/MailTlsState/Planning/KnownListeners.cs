using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Planning;

/// <summary>
/// What the services' own answers tell of listening sockets: whether they are theirs, and what is spoken on ports that say nothing by themselves. It holds for later looks at the
/// host as well: what an apply starts is ours.
/// </summary>
public sealed class KnownListeners
{
    private readonly HashSet<int> _otherMasters;
    private readonly Dictionary<ServiceKind, IReadOnlyList<ConfiguredListener>> _configured;

    private KnownListeners(HashSet<int> otherMasters, Dictionary<ServiceKind, IReadOnlyList<ConfiguredListener>> configured) =>
        (_otherMasters, _configured) = (otherMasters, configured);

    /// <summary>Where nothing was asked, as off the host.</summary>
    public static KnownListeners None { get; } = new([], []);

    /// <summary>From what was observed together.</summary>
    /// <param name="listeners">The sockets.</param>
    /// <param name="services">What each service says of itself.</param>
    public static KnownListeners Of(IReadOnlyList<Listener> listeners, IEnumerable<ServiceObservation> services)
    {
        // Of a service that cannot read its configuration nobody knows which master is its own.
        var told = services.Where(s => s.Installed && s.ConfigurationError is null).ToList();
        return new KnownListeners(
            // A master that holds none of the sockets was started while they were looked at.
            [.. told.Where(s => s.MasterProcess is not { } own || listeners.Any(l => l.ProcessId == own)).SelectMany(s => listeners.Where(l => IsOtherMaster(l, s)).Select(l => l.ProcessId!.Value))],
            told.ToDictionary(s => s.Kind, s => (IReadOnlyList<ConfiguredListener>)[.. MailServices.Of(s.Kind).Listeners(s)]));
    }

    /// <summary>Asks the services of a manifest about the sockets, if they can tell anything. Changes nothing.</summary>
    public static async Task<KnownListeners> LookAsync(IHost host, ObservedFiles files, Manifest manifest, Task<IReadOnlyList<Listener>> listeners, CancellationToken cancellation)
    {
        var bound = await listeners.ConfigureAwait(false);
        return AreTelling(manifest, bound)
            ? Of(bound, await Task.WhenAll(manifest.Services.Select(s => MailServices.Of(s.Kind).ObserveAsync(host, files, manifest, cancellation))).ConfigureAwait(false))
            : None;
    }

    /// <summary>
    /// False where the manifest names every port that its services hold, and each service has one master: then their answers would tell
    /// nothing, and need not be waited for.
    /// </summary>
    internal static bool AreTelling(Manifest manifest, IReadOnlyList<Listener> listeners) => manifest.Services.Any(service =>
    {
        var named = service.Endpoints.Select(e => e.Port).ToHashSet();
        var held = listeners.Where(l => ServiceOwners.OwnerOf(l) == service.Kind).ToList();
        return held.Exists(l => !named.Contains(l.Port))
            || held.Where(l => l.Program == MailServices.Of(service.Kind).MasterProgram).Select(l => l.ProcessId).Distinct().Skip(1).Any();
    });

    /// <summary>True for a socket of another instance of a mail server: a service that is managed has one instance (MULTI_INSTANCE_README of Postfix; <c>dovecot -c</c>).</summary>
    public bool IsOthers(Listener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        return listener.ProcessId is { } process && _otherMasters.Contains(process);
    }

    /// <summary>The sockets but for those of other instances.</summary>
    public IReadOnlyList<Listener> Own(IReadOnlyList<Listener> listeners) => [.. listeners.Where(l => !IsOthers(l))];

    /// <summary>The endpoint that a socket of <paramref name="service"/> is without being named in the manifest, or null where it is not to be asked.</summary>
    public EndpointKind? Unnamed(ServiceKind service, Listener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var told = (_configured.GetValueOrDefault(service) ?? []).Where(c => c.Made(listener)).MaxBy(c => c.Address is not null);
        EndpointKind? byPort = Enum.GetValues<EndpointKind>().Where(k => k.DefaultPort() == listener.Port).Select(k => (EndpointKind?)k).FirstOrDefault();
        if (told is null || told.BehindProxy)
        {
            return told is null ? byPort : null;
        }

        // Submission is spoken like relay, so the port decides between them.
        return byPort is { } usual && usual.Protocol() == told.Kind.Protocol() && usual.IsImplicit() == told.Kind.IsImplicit() ? usual
            : byPort is not null || told.FollowsService ? told.Kind
            : null;
    }

    private static bool IsOtherMaster(Listener listener, ServiceObservation service) =>
        listener is { Program: { } program, ProcessId: { } process } && program == MailServices.Of(service.Kind).MasterProgram
        && process != service.MasterProcess && ServiceOwners.OwnerOf(listener) == service.Kind;
}
