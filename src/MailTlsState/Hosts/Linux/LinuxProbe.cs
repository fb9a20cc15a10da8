using MailTlsState.Probing;

namespace MailTlsState.Hosts.Linux;

/// <summary>Probes a listener over sockets that <c>make</c> creates: here, or in the namespace of a rehearsal.</summary>
internal static class LinuxProbe
{
    internal static Task<ProbeResult> RunAsync(ProbeRequest request, LinuxConnection.SocketFactory make, CancellationToken cancellation) =>
        MailProbe.RunAsync(
            request,
            inner => LinuxConnection.ConnectAsync(request.Address, request.Port, request.SourceAddress, make, inner),
            cancellation);
}
