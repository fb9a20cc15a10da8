using MailTlsState.Probing;

namespace MailTlsState.Hosts.Linux;

/// <summary>Probes a listener over a socket of this host.</summary>
internal static class LinuxProbe
{
    internal static async Task<ProbeResult> RunAsync(ProbeRequest request, LinuxConnection.SocketFactory make, CancellationToken cancellation)
    {
        await using var stream = await LinuxConnection.ConnectAsync(request.Address, request.Port, request.SourceAddress, make, cancellation).ConfigureAwait(false);
        throw new NotSupportedException("the dialogue over a connection is not part of this build");
    }
}
