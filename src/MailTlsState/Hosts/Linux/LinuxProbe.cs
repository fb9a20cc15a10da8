using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts.Linux;

/// <summary>Probes a listener over sockets that <c>make</c> creates: here, or in the namespace of a rehearsal.</summary>
internal static class LinuxProbe
{
    internal static Task<ProbeResult> RunAsync(ProbeRequest request, LinuxConnection.SocketFactory make, CancellationToken cancellation) =>
        MailProbe.RunAsync(request, Connector(request, make), cancellation);

    internal static async Task<TlsScan?> ScanAsync(ProbeRequest request, ProbeResult probe, LinuxConnection.SocketFactory make, CancellationToken deadline) =>
        await TlsScanner.RunAsync(request, probe, Connector(request, make), deadline).ConfigureAwait(false);

    private static Func<CancellationToken, Task<Stream>> Connector(ProbeRequest request, LinuxConnection.SocketFactory make) =>
        inner => LinuxConnection.ConnectAsync(request.Address, request.Port, request.SourceAddress, make, inner);
}
