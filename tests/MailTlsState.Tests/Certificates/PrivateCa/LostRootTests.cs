using MailTlsState.Certificates;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Certificates.PrivateCa;

/// <summary>What goes on while the CA cannot sign: everything that needs no signature.</summary>
public sealed class LostRootTests
{
    private const string Key = "/etc/pki/mailtls/ca/ca.key";
    private const string Root = "/etc/pki/mailtls/ca/ca.pem";
    private const string Passphrase = "/root/mail-ca.pass";
    private const string Next = "/etc/pki/mailtls/ca-2031";

    [Theory]
    [InlineData(Key, "MTS0536")]
    [InlineData(Passphrase, "MTS0606")]
    public async Task A_renewal_that_is_merely_due_waits_with_a_warning_while_settings_and_a_successor_go_on(string lost, string code)
    {
        var machine = await DueAsync();
        var pair = machine.Text(ServingMachine.Bundle);
        machine.Host.Unlink(lost);
        var told = await RunAsync(machine, 0, "plan");
        Assert.Matches($"warning {code}.*renewal is due", told.Error);
        Assert.Contains("No changes", told.Output, StringComparison.Ordinal);

        // Settings.
        machine.Edit("base: article", "base: intermediate");
        Assert.Contains("settings", (await RunAsync(machine, 0, "apply", "--auto-approve")).Output, StringComparison.Ordinal);

        // The way without an interruption.
        machine.Host.AddFile("/root/next.pass", "correct horse\n", mode: 0b110_000_000);
        machine.Edit("    lifetime: 1825d", $"    successor: {{ directory: {Next}, passphrase: {{ file: /root/next.pass }}, trusted: false }}\n    lifetime: 1825d");
        await machine.ApplyAsync();
        Assert.Equal(pair, machine.Text(ServingMachine.Bundle));
        machine.Edit("trusted: false", "trusted: true");
        await machine.ApplyAsync();
        Assert.True(SignedBy(machine, Next + "/ca.pem"));
    }

    [Theory]
    [InlineData(Key, "MTS0536")]
    [InlineData(Passphrase, "MTS0606")]
    public async Task What_clients_would_not_accept_cannot_wait_and_neither_does_a_timer(string lost, string code)
    {
        var machine = await DueAsync();
        machine.Host.Unlink(lost);
        Assert.Contains("error " + code, (await RunAsync(machine, 1, "plan", "--only", "certificate")).Error, StringComparison.Ordinal);
        machine.Edit("names: [mail.mydomain.com]", "names: [mail.mydomain.com, smtp.mydomain.com]");
        Assert.Contains("error " + code, (await RunAsync(machine, 1, "plan")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renewal_that_waited_keeps_its_key_and_is_made_once_the_CA_is_back()
    {
        var machine = await DueAsync("  rotateKey: true\n");
        var (pair, key) = (machine.Text(ServingMachine.Bundle), machine.Text(Key));
        machine.Host.Unlink(Key);
        await RunAsync(machine, 0, "apply", "--auto-approve");
        Assert.Equal(pair, machine.Text(ServingMachine.Bundle));
        machine.Host.AddFile(Key, key, mode: 0b110_000_000);
        await machine.ApplyAsync();
        Assert.NotEqual(KeyedPair.Find(pair)!.PublicKeyDigest, KeyedPair.Find(machine.Text(ServingMachine.Bundle))!.PublicKeyDigest);
        Assert.True(SignedBy(machine, Root));
    }

    private static async Task<ServingMachine> DueAsync(string more = "")
    {
        var machine = new ServingMachine();
        machine.Edit("certificate:\n", "certificate:\n" + more);
        await machine.ApplyAsync();
        machine.Wait(TimeSpan.FromDays(300));
        Assert.Contains("renewal is due", (await RunAsync(machine, 0, "plan")).Output, StringComparison.Ordinal);
        return machine;
    }

    private static async Task<(string Output, string Error)> RunAsync(ServingMachine machine, int status, string command, params string[] options)
    {
        var run = await machine.RunAsync([command, ServingMachine.Manifest, .. options]);
        Assert.True(status == run.Status, $"{command}: {run.Status}\n{run.Output}{run.Error}");
        return (run.Output, run.Error);
    }

    private static bool SignedBy(ServingMachine machine, string root) => LeafProfile.IsSignedBy(
        KeyedPair.Find(machine.Text(ServingMachine.Bundle))!.Chain[0], PemFile.Parse(machine.Text(root)).Certificates.Single().Der!);
}
