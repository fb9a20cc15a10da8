using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>The addresses that an endpoint listens on are the manifest's, also where it listens on others before.</summary>
public sealed class AddressTests
{
    private const string Bound = "ss -Hltn '( sport = :25 or sport = :587 or sport = :993 )' | awk '{ print $4 }' | sort";

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Listeners_are_narrowed_moved_and_widened_as_the_manifest_says_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await MailLab.StartAsync("intermediate", At("10.77.0.1"), release);
        await lab.ApplyAsync(0);
        await BoundAsync(lab, "10.77.0.1:25", "10.77.0.1:587", "10.77.0.1:993");

        await lab.WriteManifestAsync("intermediate", At("127.0.0.1, 10.77.0.1"));
        await lab.ApplyAsync(0);
        await BoundAsync(lab, "10.77.0.1:25", "10.77.0.1:587", "10.77.0.1:993", "127.0.0.1:25", "127.0.0.1:587", "127.0.0.1:993");

        await lab.WriteManifestAsync("intermediate", At("127.0.0.1"));
        await lab.ApplyAsync(0);
        await BoundAsync(lab, "127.0.0.1:25", "127.0.0.1:587", "127.0.0.1:993");
    });

    private static async Task BoundAsync(MailLab lab, params string[] sockets)
    {
        Assert.Equal(sockets, (await lab.RunAsync(Bound)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    private static Func<string, string> At(string addresses)
    {
        var at = $"addresses: [{addresses}] }}";
        return text => Regex.Replace(text, "(?s)services:.*$", $"services:\n  postfix: {{ endpoints: {{ smtp: {{ security: opportunistic, {at}, submission: {{ security: required, {at} }} }}\n  dovecot: {{ endpoints: {{ imaps: {{ security: implicit, {at} }} }}\n");
    }
}
