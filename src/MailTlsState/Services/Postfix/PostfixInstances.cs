using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>Other instances of Postfix on the host, each with a master of its own (MULTI_INSTANCE_README). Pure.</summary>
internal static class PostfixInstances
{
    /// <summary>The listener by which another instance's master keeps the primary's from binding an endpoint, or null. Instances may share a port by addresses.</summary>
    public static Listener? Holder(HostObservation observed, MasterCf master, EndpointManifest endpoint)
    {
        // A primary that only sends mail has no socket of its own, so who holds one is asked of each master's process, and not of the known listeners.
        var primary = observed.Services[ServiceKind.Postfix].MasterProcess;
        var addresses = endpoint.Addresses.Count > 0 ? endpoint.Addresses : Bound(observed, master, endpoint.Port, primary);
        return observed.Listeners.FirstOrDefault(l => l.Port == endpoint.Port
            && l is { Program: "master", ProcessId: { } process } && process != primary && ServiceOwners.OwnerOf(l) == ServiceKind.Postfix
            && BoundAddress.Keeps(l.Address, addresses));
    }

    /// <summary>Where the primary's master binds a port: at the entry's address, else where it has bound its other entries without one (inet_interfaces). Empty where nothing tells.</summary>
    private static IReadOnlyList<string> Bound(HostObservation observed, MasterCf master, int port, int? primary)
    {
        var entries = master.OnPort(port).ToList();
        if (entries.Count > 0 && entries.All(e => e.Address is not null))
        {
            return [.. entries.Select(e => e.Address!)];
        }

        var open = master.Services.Where(s => s is { Port: not null, Address: null }).Select(s => s.Port!.Value).ToHashSet();
        return [.. observed.Listeners.Where(l => primary is not null && l.ProcessId == primary && open.Contains(l.Port)).Select(l => l.Address)];
    }
}
