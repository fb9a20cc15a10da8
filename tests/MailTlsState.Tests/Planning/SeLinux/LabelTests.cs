using MailTlsState.Hosts;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Planning.SeLinux;

/// <summary>Labels as a part of the desired state: in the plan, from the first byte, and still there after a relabel.</summary>
public class LabelTests
{
    private const string Directory = "/etc/pki/mailtls";

    [Fact]
    public async Task What_an_apply_makes_has_the_policys_label_from_its_creation_on_and_a_second_apply_has_nothing_to_do()
    {
        var host = new LabelledMachine();
        var moments = new List<string>();
        host.Host.BeforeChange = (operation, path) =>
        {
            if (operation == "write to" && path.StartsWith("/etc/.", StringComparison.Ordinal))
            {
                moments.Add(host.TypeOf(path) ?? "none");
            }
        };
        var plan = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.Contains("      label  cert_t\n", plan.Output, StringComparison.Ordinal);
        await host.Machine.ApplyAsync();
        Assert.All([Directory, Directory + "/ca", Directory + "/ca/ca.key", Directory + "/ca/ca.pem", ServingMachine.Bundle], p => Assert.Equal("cert_t", host.TypeOf(p)));
        Assert.True(moments.Count >= 3 && moments.TrueForAll(m => m == "cert_t"), string.Join(", ", moments));
        await host.NothingToDoAsync();
    }

    [Fact]
    public async Task A_label_that_keeps_a_daemon_out_is_drift_that_apply_mends_and_reloads_for()
    {
        var host = new LabelledMachine();
        await host.Machine.ApplyAsync();
        host.Label(ServingMachine.Bundle, "user_home_t");
        host.Label(Directory, "dovecot_cert_t");
        var (_, output, _) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.Contains($"  ~ label {Directory}\n      because postfix_smtpd_t may not look into it\n      label  dovecot_cert_t → cert_t\n", output, StringComparison.Ordinal);
        Assert.Contains($"  ~ label {ServingMachine.Bundle}\n      because postfix_smtpd_t and dovecot_t may not read it\n      label  user_home_t → cert_t\n", output, StringComparison.Ordinal);
        Assert.Contains("Plan: 0 to add, 2 to change, 0 to destroy; 2 services to reload.", output, StringComparison.Ordinal);
        await host.Machine.ApplyAsync();
        Assert.Equal("system_u:object_r:cert_t:s0", host.Host.LabelOf(ServingMachine.Bundle));
        await host.NothingToDoAsync();
    }

    [Fact]
    public async Task A_renewal_replaces_a_wrong_label_and_the_former_pair_gets_the_right_one()
    {
        var host = new LabelledMachine();
        await host.Machine.ApplyAsync();
        host.Label(ServingMachine.Bundle, "user_home_t");
        host.Machine.Edit("keys: [ecdsa-p256]", "keys: [ecdsa-p384]");
        await host.Machine.ApplyAsync();
        Assert.Equal(("cert_t", "cert_t"), (host.TypeOf(ServingMachine.Bundle), host.TypeOf(ServingMachine.Previous)));
        await host.NothingToDoAsync();
    }

    [Fact]
    public async Task A_roll_back_brings_the_former_labels_back()
    {
        var host = new LabelledMachine();
        await host.Machine.ApplyAsync();
        host.Label(ServingMachine.Bundle, "user_home_t");
        host.Label(Directory + "/ca/ca.pem", "var_t");
        var before = host.Machine.Files();
        host.Machine.Edit("keys: [ecdsa-p256]", "keys: [ecdsa-p384]");
        host.Machine.Loads = false;
        var (status, output, error) = await host.Machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
        Assert.True(status is 5 or 6, output + error);
        Assert.Equal(before, host.Machine.Files());
        Assert.Equal(("user_home_t", "var_t"), (host.TypeOf(ServingMachine.Bundle), host.TypeOf(Directory + "/ca/ca.pem")));
    }

    [Fact]
    public async Task Taking_an_apply_of_the_past_back_brings_its_labels_back_and_again_forth()
    {
        var host = await MislabelledAsync();
        var applied = await host.Machine.ApplyAsync();
        Assert.Equal(("cert_t", "cert_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
        var (status, output, error) = await host.Machine.RunAsync("rollback", applied, "--auto-approve");
        Assert.True(status == 0, output + error);
        Assert.Contains($"  ~ label {ServingMachine.Bundle}\n      because takes back what {applied} did\n      label  cert_t → user_home_t\n", output, StringComparison.Ordinal);
        Assert.Equal(("default_t", "user_home_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
        (status, output, error) = await host.Machine.RunAsync("rollback", "--auto-approve");
        Assert.True(status == 0, output + error);
        Assert.Equal(("cert_t", "cert_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
    }

    [Fact]
    public async Task A_label_that_somebody_set_since_stays_where_an_apply_is_taken_back()
    {
        var host = await MislabelledAsync();
        var applied = await host.Machine.ApplyAsync();
        host.Label(Directory, "dovecot_cert_t");
        var (status, output, error) = await host.Machine.RunAsync("rollback", applied, "--auto-approve");
        Assert.True(status == 0, output + error);
        Assert.Matches($"note MTS0737: {Directory} keeps its label unconfined_u:object_r:dovecot_cert_t:s0", error);
        Assert.Equal(("dovecot_cert_t", "user_home_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
    }

    [Fact]
    public async Task A_failure_or_death_before_a_change_leaves_the_old_labels_or_the_new_ones()
    {
        for (var at = 1; ; at++)
        {
            var host = await MislabelledAsync();
            var (count, failed) = (0, false);
            host.Host.BeforeChange = (operation, path) =>
            {
                if (++count == at && !failed)
                {
                    failed = true;
                    throw at % 2 == 0 ? new HostWriteException(operation, path, 28, "no space left on device") : new InvalidOperationException("the process dies");
                }
            };
            await host.Machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
            host.Host.BeforeChange = (_, _) => { };
            if (!failed)
            {
                Assert.True(at > 15, $"{at}");
                return;
            }

            await host.Machine.RunAsync("recover");
            var labels = (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle));
            Assert.True(labels == ("default_t", "user_home_t") || labels == ("cert_t", "cert_t"), $"change {at}: {labels}");
        }
    }

    [Fact]
    public async Task A_configuration_file_that_its_daemon_may_not_read_is_named()
    {
        var host = new LabelledMachine();
        host.Label(ServingMachine.MainCf, "user_home_t");
        Assert.Contains($"warning MTS0645: {ServingMachine.MainCf} has the label user_home_t, which postfix_smtpd_t may not read. hint: restorecon -v {ServingMachine.MainCf}", (await host.Machine.RunAsync("plan", ServingMachine.Manifest)).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dovecot_cert_t", "error MTS0646: /etc/pki/mailtls would get the label dovecot_cert_t, which postfix_smtpd_t may not read")]
    [InlineData("unknown_t", "error MTS0646: the loaded policy has no type unknown_t")]
    public async Task A_type_that_a_daemon_may_not_read_or_that_the_policy_does_not_know_is_refused(string type, string expected)
    {
        var host = new LabelledMachine();
        host.Choose(type);
        var (status, _, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.Equal(1, status);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("auto", false, 0)]
    [InlineData("ignore", true, 0)]
    [InlineData("required", true, 0)]
    [InlineData("required", false, 1)]
    public async Task The_manifest_says_whether_labels_are_managed(string setting, bool present, int status)
    {
        var host = new LabelledMachine();
        host.Host.Facts = host.Host.Facts with { SeLinux = present };
        host.Machine.Write(host.Machine.ManifestText + $"selinux: {setting}\n");
        var (exit, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(status == exit, output + error);
        Assert.Equal(setting == "required" && present, output.Contains("label", StringComparison.Ordinal));
        Assert.Equal(status == 1, error.Contains("MTS0607: selinux is required", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(587, "postfix: { endpoints: { submission: { security: required } } }", true, null)]
    [InlineData(2525, "postfix: { endpoints: { submission: { security: required, port: 2525 } } }", true, "error MTS0649: the policy does not let Postfix (postfix_master_t) bind port 2525, which is unreserved_port_t. hint: semanage port -a -t smtp_port_t -p tcp 2525")]
    [InlineData(2525, "postfix: { endpoints: { submission: { security: required, port: 2525 } } }", false, "warning MTS0649: the policy does not let Postfix (postfix_master_t) bind port 2525, which is unreserved_port_t.")]
    [InlineData(587, "dovecot: { endpoints: { submission: { security: required } } }", true, "error MTS0649: the policy does not let Dovecot (dovecot_t) bind port 587, which is smtp_port_t. hint: another port, or another service for it: smtp_port_t is not dovecot_t's")]
    public async Task A_port_that_the_policy_does_not_let_the_daemon_bind_is_found_before_apply(int port, string services, bool enforcing, string? expected)
    {
        var host = new LabelledMachine();
        host.Host.Facts = host.Host.Facts with { Enforcing = enforcing };
        host.Host.PortRules = (p, domain) => new(p, domain, p == 587 ? "smtp_port_t" : "unreserved_port_t", p == 587 && domain == "postfix_master_t");
        host.Machine.Write(host.Machine.ManifestText[..host.Machine.ManifestText.IndexOf("services:", StringComparison.Ordinal)] + $"services:\n  {services}\n");
        var (_, _, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.Equal(expected is not null, error.Contains("MTS0649", StringComparison.Ordinal));
        Assert.True(expected is null || error.Contains(expected, StringComparison.Ordinal), $"{port}: {error}");
    }

    [Theory]
    [InlineData(25, "smtp_port_t")]
    [InlineData(2525, "unreserved_port_t")]
    [InlineData(8025, "local_port_t")]
    [InlineData(24, null)]
    public void A_ports_type_is_that_of_the_smallest_range(int port, string? type) => Assert.Equal(
        type,
        MailTlsState.Hosts.Linux.LinuxPortLabels.TypeOf(port, "smtp_port_t                    tcp      25, 465, 587\nunreserved_port_t              sctp     1024-65535\nunreserved_port_t              tcp      1024-65535\nlocal_port_t tcp 8000-8100\nsmtp_port_t udp 24\n"));

    [Fact]
    public async Task A_plan_with_labels_is_the_same_from_a_recording()
    {
        var host = new LabelledMachine();
        var recorder = new RecordingHost(host.Host);
        var manifest = MailTlsState.Manifests.ManifestReader.Read("m.yaml", System.Text.Encoding.UTF8.GetBytes(host.Machine.ManifestText)).Manifest!;
        var live = await MailTlsState.Planning.PlanMaker.MakeAsync(recorder, manifest, null, CancellationToken.None);
        var recorded = new RecordedHost(RecordingJson.Read(RecordingJson.Write(recorder.Recording)));
        var replayed = await MailTlsState.Planning.PlanMaker.MakeAsync(recorded, manifest, null, CancellationToken.None);
        Assert.NotEmpty(live.Planning.Plan!.Labels);
        Assert.Equal(live.Planning.Plan.Labels, replayed.Planning.Plan!.Labels);
        Assert.Equal(MailTlsState.Planning.PlanFile.Write(live.Planning.Plan), MailTlsState.Planning.PlanFile.Write(replayed.Planning.Plan));
    }

    private static async Task<LabelledMachine> MislabelledAsync()
    {
        var host = new LabelledMachine();
        await host.Machine.ApplyAsync();
        host.Label(Directory, "default_t");
        host.Label(ServingMachine.Bundle, "user_home_t");
        return host;
    }
}
