using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Hosts;

/// <summary>On a real terminal.</summary>
public sealed class TerminalTests
{
    [Fact]
    public async Task Ctrl_C_ends_the_question_for_a_passphrase_at_once()
    {
        await using var host = await ThrowawayHost.StartAsync(new ThrowawayHostOptions { RepositoryAt = "/repo" });
        await host.RunAsync("sed '/passphrase/d' /repo/examples/offline-ca/ca.yaml >/root/ca.yaml");
        var said = await host.RunAsync("mkfifo /run/in; { sleep 3; printf '\\003'; exec sleep 60; } >/run/in & timeout 20 script -qec 'mailtls ca create /root/ca.yaml; echo ended $?' /run/said </run/in >/dev/null; kill $!; cat /run/said");
        Assert.Contains("Passphrase of the root CA's key", said.Output, StringComparison.Ordinal);
        Assert.Contains("ended 130", said.Output, StringComparison.Ordinal);
    }
}
