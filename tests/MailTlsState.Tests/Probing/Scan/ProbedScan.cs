using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Tests.Probing.Scan;

/// <summary>A probe and the scan after it, as <c>verify</c> makes them.</summary>
internal sealed record ProbedScan(ProbeResult Probe, TlsScan? Scan)
{
    public static async Task<ProbedScan> RunAsync(ProbeRequest request, FakeServer server, CancellationToken deadline, ProbeLimits limits)
    {
        var probe = await MailProbe.RunAsync(TlsScanner.Question(request), server.ConnectAsync, deadline, limits);
        return new ProbedScan(probe, TlsScanner.Reaches(probe) ? await TlsScanner.RunAsync(request, probe, server.ConnectAsync, deadline, limits) : null);
    }
}
