using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>While an apply runs, every client gets TLS with the old or the new certificate: never 454, a reset or a refusal.</summary>
public sealed class InFlightTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("bundle", false)]
    [InlineData("bundle", true)]
    [InlineData("split", false)]
    [InlineData("split", true)]
    public Task A_renewal_never_shows_anything_but_the_old_or_the_new_certificate(string layout, bool rotate) => SampleAsync(
        text => Layout(text, layout),
        // A name more is a new leaf; rotateKey makes a new key with it.
        text => Layout(text, layout).Replace("names: [mail.mydomain.com]", "names: [mail.mydomain.com, imap.mydomain.com]", StringComparison.Ordinal)
            .Replace("keys: [rsa-2048]", rotate ? "keys: [ecdsa-p256]" : "keys: [rsa-2048]", StringComparison.Ordinal));

    [Fact]
    public Task New_settings_and_a_new_key_never_interrupt_anybody() => SampleAsync(
        text => text,
        text => text.Replace("rsa-2048", "ecdsa-p384", StringComparison.Ordinal).Replace("base: article", "base: intermediate", StringComparison.Ordinal));

    [Fact]
    public Task A_changed_layout_never_interrupts_anybody() => SampleAsync(
        text => Layout(text, "split"),
        text => Layout(text, "bundle"));

    [Fact]
    public Task A_layout_changed_the_other_way_never_interrupts_anybody() => SampleAsync(
        text => Layout(text, "bundle"),
        text => Layout(text, "split"));

    private async Task SampleAsync(Func<string, string> first, Func<string, string> second)
    {
        await using var lab = await MailLab.AppliedAsync("article", first);
        using var network = new HostNetwork(lab.Host);
        var old = (await Handshake.TryAsync(network, MailPort.All[0])).Leaf;
        await lab.WriteManifestAsync("article", second);

        var sampler = await Sampler.StartAsync(network, MailPort.All);
        var applied = await lab.Host.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve", timeLimit: TimeSpan.FromMinutes(5));
        var seen = await sampler.StopAsync(MailPort.All);
        applied.Expect(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();

        var now = (await Handshake.TryAsync(network, MailPort.All[0])).Leaf;
        output.WriteLine($"{seen.Count} handshakes: {seen.Count(s => s.Seen.Leaf == old)} old, {seen.Count(s => s.Seen.Leaf == now)} new");
        foreach (var (port, bad, at) in seen.Where(s => s.Seen.Failure is not null))
        {
            output.WriteLine($"{at:HH:mm:ss.fff} port {port}: {bad.Failure}");
        }

        Assert.NotEqual(old, now);
        Assert.All(seen, s => Assert.True(s.Seen.Failure is null && (s.Seen.Leaf == old || s.Seen.Leaf == now), $"{s.At:HH:mm:ss.fff} port {s.Port}: {s.Seen.Failure ?? s.Seen.Leaf}"));
        Assert.All(MailPort.All, p =>
        {
            Assert.Contains(seen, s => s.Port == p.Port && s.Seen.Leaf == old);
            Assert.Contains(seen, s => s.Port == p.Port && s.Seen.Leaf == now);
        });
    }

    private static string Layout(string text, string layout) => text.Replace("layout: bundle", $"layout: {layout}", StringComparison.Ordinal);
}
