using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>One binary for every supported release.</summary>
public sealed class BinaryTests
{
    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task The_binary_starts_and_reads_a_manifest_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var host = await ThrowawayHost.StartAsync(new ThrowawayHostOptions { Release = release, RepositoryAt = "/repo" });
        Assert.Matches(@"\d+\.\d+", (await host.RunAsync("mailtls --version")).Expect(0).Output);
        (await host.RunAsync("mailtls validate /repo/examples/article/manifest.yaml")).Expect(0);
    });
}
