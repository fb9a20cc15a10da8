using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Other instances of Postfix on the host, each with a master of its own (MULTI_INSTANCE_README). Pure.</summary>
internal static class PostfixInstances
{
    /// <summary>The listener by which another instance's master keeps the primary's from binding an endpoint, or null.</summary>
    public static Listener? Holder(HostObservation observed, MasterCf master, EndpointManifest endpoint)
    {
        var addresses = endpoint.Addresses.Count > 0 ? endpoint.Addresses : Bound(observed, master, endpoint.Port);
        return observed.Known.Holder(observed.Listeners, ServiceKind.Postfix, endpoint.Port, addresses);
    }

    /// <summary>Where the primary's master binds a port: at the entry's address, else where it has bound its other entries without one (inet_interfaces). Empty where nothing tells.</summary>
    private static IReadOnlyList<string> Bound(HostObservation observed, MasterCf master, int port)
    {
        var entries = master.OnPort(port).ToList();
        if (entries.Count > 0 && entries.All(e => e.Address is not null))
        {
            return [.. entries.Select(e => e.Address!)];
        }

        var open = master.Services.Where(s => s is { Port: not null, Address: null }).Select(s => s.Port!.Value).ToHashSet();
        var primary = observed.Services[ServiceKind.Postfix].MasterProcess;
        return [.. observed.Listeners.Where(l => primary is not null && l.ProcessId == primary && open.Contains(l.Port)).Select(l => l.Address)];
    }
}
