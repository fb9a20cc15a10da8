using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Tests.Certificates;
using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>Another tool renews the certificate that it keeps while an apply is at work.</summary>
public class RenewalTests
{
    private const string Archive = "/etc/letsencrypt/archive/";

    [Theory]
    [InlineData("create", "/etc/postfix/.main.cf.mtls-")]
    [InlineData("flush", "/var/lib/mailtlsstate/journal")]
    public async Task A_renewal_before_the_commit_makes_the_plan_stale_and_changes_nothing(string operation, string path)
    {
        // While it is staged, and when the rehearsal was passed.
        var machine = Machine();
        var before = Files(machine);
        machine.Host.BeforeChange = (now, at) =>
        {
            if (now == operation && at.StartsWith(path, StringComparison.Ordinal) && (now == "create" || Journal.Open(machine.Host, Journal.DefaultDirectory)?.State == JournalState.Intent))
            {
                Renew(machine, 2);
            }
        };
        var (status, output, error) = await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
        Assert.True(status == 3, output + error);
        Assert.Contains($"MTS0707: the plan is stale: {ServingMachine.LiveChain} changed after it was observed", error, StringComparison.Ordinal);
        Assert.DoesNotContain("reload", error, StringComparison.Ordinal);
        Assert.Equal(before, Files(machine));
        Assert.Null(Journal.Open(machine.Host, Journal.DefaultDirectory));
    }

    [Fact]
    public async Task A_renewal_after_the_commit_leaves_the_former_settings_and_the_renewed_certificate_without_a_restart()
    {
        var machine = Machine();
        await machine.ApplyAsync();
        var applied = Files(machine);
        machine.Edit("base: article", "base: intermediate");
        var programs = machine.Host.Programs;
        machine.Host.Programs = call =>
        {
            if (call.Arguments is [.., "reload"])
            {
                Renew(machine, 2);
            }

            return programs(call);
        };
        machine.Host.Runs.Clear();
        var (status, output, error) = await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
        Assert.True(status == 5, output + error);
        Assert.Contains("MTS0703", error, StringComparison.Ordinal);
        Assert.Equal(applied, Files(machine));
        Assert.Null(Journal.Open(machine.Host, Journal.DefaultDirectory));
        Assert.DoesNotContain("MTS0717", error, StringComparison.Ordinal);
        Assert.DoesNotContain(machine.Host.Runs, call => call.Arguments is [.., "stop" or "restart"]);

        // The same on the wire, and the next apply takes it as it is.
        machine.Host.Programs = programs;
        await machine.ApplyAsync();
    }

    [Fact]
    public async Task A_leaf_that_no_file_of_the_former_configuration_holds_is_still_a_difference()
    {
        var machine = Machine();
        await machine.ApplyAsync();
        machine.Edit("base: article", "base: intermediate");
        var serve = machine.Host.Probes;
        var programs = machine.Host.Programs;
        machine.Host.Programs = call =>
        {
            if (call.Arguments is [.., "reload"])
            {
                machine.Host.Probes = request => serve(request) with { Chain = [Convert.ToBase64String(Leaf())] };
            }

            return programs(call);
        };
        var (status, output, error) = await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
        Assert.True(status == 6, output + error);
    }

    private static ServingMachine Machine()
    {
        var machine = new ServingMachine();
        machine.Host.AddFile("/etc/ssl/root.pem", Text(BundleWriter.Certificate(Sample.Issuing.Certificate)));
        foreach (var number in new[] { 1, 2 })
        {
            machine.Host.AddFile($"{Archive}fullchain{number}.pem", Text(BundleWriter.Certificate(Leaf())));
            machine.Host.AddFile($"{Archive}privkey{number}.pem", Text(Sample.Key(KeyKind.EcdsaP256).ExportPem()), mode: 0x180);
        }

        Renew(machine, 1);
        var services = machine.ManifestText[machine.ManifestText.IndexOf("policy:", StringComparison.Ordinal)..];
        machine.Write($$"""
            apiVersion: mailtlsstate/v1
            host: mail.mydomain.com
            certificate:
              issuer:
                kind: existing
                trust: { file: /etc/ssl/root.pem }
                files: [{ certificate: {{ServingMachine.LiveChain}}, key: {{ServingMachine.LiveKey}} }]

            """ + services);
        return machine;
    }

    // As certbot does it: new files, and then the links lead to them.
    private static void Renew(ServingMachine machine, int number) => machine.Host
        .AddLink(ServingMachine.LiveChain, $"{Archive}fullchain{number}.pem")
        .AddLink(ServingMachine.LiveKey, $"{Archive}privkey{number}.pem");

    private static byte[] Leaf() => Sample.Leaf(Sample.Key(KeyKind.EcdsaP256), "mail.mydomain.com");

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static IReadOnlyList<string> Files(ServingMachine machine) => [.. machine.Files().Where(l => !l.StartsWith("/etc/letsencrypt", StringComparison.Ordinal))];
}
