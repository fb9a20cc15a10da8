using MailTlsState.Probing;
using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>What an apply of the certificate alone looks at on the wire.</summary>
public class CertificateScopeProofTests
{
    [Theory]
    [InlineData(ProbeOutcome.StartTlsRefused)]
    [InlineData(ProbeOutcome.HandshakeFailed)]
    public async Task A_listener_whose_TLS_failed_before_is_looked_at_too(ProbeOutcome before)
    {
        var machine = await AppliedAsync();
        var old = machine.Text(ServingMachine.Bundle);
        var all = await VerifiedAsync(machine, "ecdsa-p384", _ => null);
        var repaired = await VerifiedAsync(machine, "ecdsa-p256", r => r.Port == 143 && machine.Text(ServingMachine.Bundle) == old ? before : null);
        Assert.StartsWith("Verified: ", repaired, StringComparison.Ordinal);
        Assert.Equal(all, repaired);

        var left = await VerifiedAsync(machine, "ecdsa-p384", r => r.Port == 143 ? before : null);
        Assert.StartsWith("Not verified: ", left, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_listener_that_offers_no_TLS_is_left_to_its_administrator()
    {
        var machine = await AppliedAsync();
        Assert.StartsWith("Verified: ", await VerifiedAsync(machine, "ecdsa-p384", r => r.Port == 143 ? ProbeOutcome.StartTlsNotOffered : null), StringComparison.Ordinal);
    }

    private static async Task<ServingMachine> AppliedAsync()
    {
        var machine = new ServingMachine();
        await machine.ApplyAsync();
        return machine;
    }

    // A renewal by another kind of key, and the summary of what was seen of it.
    private static async Task<string> VerifiedAsync(ServingMachine machine, string key, Func<ProbeRequest, ProbeOutcome?> fault)
    {
        machine.Write(System.Text.RegularExpressions.Regex.Replace(machine.ManifestText, @"keys: \[.*\]", $"keys: [{key}]"));
        var serve = machine.Host.Probes;
        machine.Host.Probes = r => fault(r) is { } outcome ? new ProbeResult(r, outcome, "no TLS", null, [], [], null, null, [], new Dictionary<MailTlsState.Policies.TlsVersion, OfferOutcome>()) : serve(r);
        var (status, output, error) = await machine.RunAsync("apply", ServingMachine.Manifest, "--only", "certificate", "--auto-approve");
        machine.Host.Probes = serve;
        Assert.True(status == 0, output + error);
        return output.Split('\n').Single(l => l.Contains("erified: ", StringComparison.Ordinal));
    }
}
