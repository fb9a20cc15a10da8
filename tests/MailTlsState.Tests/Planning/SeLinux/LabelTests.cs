using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Planning.SeLinux;

/// <summary>Labels as a part of the desired state: in the plan, from the first byte, and still there after a relabel.</summary>
public class LabelTests
{
    private const string Directory = "/etc/pki/mailtls";
    // Of the very pattern of our own rules, as Debian's policy has one for /etc/ssl/dovecot: semanage -a refuses to add another.
    private const string NotForCertificates = $"{Directory}(/.*)?    system_u:object_r:var_t:s0\n";

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
        await NothingToDoAsync(host);
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
        await NothingToDoAsync(host);
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
        await NothingToDoAsync(host);
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
    public async Task Where_the_policys_rule_gives_another_type_a_local_rule_is_added_and_rolled_back()
    {
        var host = new LabelledMachine(rules: NotForCertificates);
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(output.Contains($"  + labelRule {Directory}(/.*)?\n      because a relabel would give var_t, which a daemon may not read\n      type  cert_t\n", StringComparison.Ordinal), output + error);
        var applied = await host.Machine.ApplyAsync();
        Assert.Contains($"{Directory}(/.*)?    system_u:object_r:cert_t:s0\n", host.Machine.Text(LabelledMachine.LocalRules), StringComparison.Ordinal);
        Assert.Equal("cert_t", host.TypeOf(Directory));
        await NothingToDoAsync(host);
        var (status, _, said) = await host.Machine.RunAsync("rollback", applied, "--auto-approve");
        Assert.True(status == 0, said);
        Assert.Equal("", host.Machine.Text(LabelledMachine.LocalRules));
    }

    [Fact]
    public async Task A_configuration_file_that_its_daemon_may_not_read_is_named()
    {
        var host = new LabelledMachine();
        host.Label(ServingMachine.MainCf, "user_home_t");
        Assert.Contains($"warning MTS0645: {ServingMachine.MainCf} has the label user_home_t, which postfix_smtpd_t may not read. hint: restorecon -v {ServingMachine.MainCf}", (await host.Machine.RunAsync("plan", ServingMachine.Manifest)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_type_that_the_manifest_chooses_is_set_and_kept_by_a_rule_of_its_own()
    {
        var host = new LabelledMachine();
        Choose(host, "tls_privkey_t");
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(output.Contains($"  + labelRule {Directory}(/.*)?\n      because a relabel would give cert_t, where the manifest says tls_privkey_t\n      type  tls_privkey_t\n", StringComparison.Ordinal), output + error);
        await host.Machine.ApplyAsync();
        Assert.All([Directory, ServingMachine.Bundle], p => Assert.Equal("tls_privkey_t", host.TypeOf(p)));
        await NothingToDoAsync(host);
        host.Label(ServingMachine.Bundle, "cert_t");
        Assert.Contains("label  cert_t → tls_privkey_t", (await host.Machine.RunAsync("plan", ServingMachine.Manifest)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dovecot_cert_t", "error MTS0646: /etc/pki/mailtls would get the label dovecot_cert_t, which postfix_smtpd_t may not read")]
    [InlineData("unknown_t", "error MTS0646: the loaded policy has no type unknown_t")]
    public async Task A_type_that_a_daemon_may_not_read_or_that_the_policy_does_not_know_is_refused(string type, string expected)
    {
        var host = new LabelledMachine();
        Choose(host, type);
        var (status, _, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.Equal(1, status);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("link", "/usr/sbin/semanage is no file that root alone may change")]
    [InlineData("writable", "/usr/sbin/semanage is no file that root alone may change")]
    [InlineData("alone", "/usr/bin/flock is no file that root alone may change")]
    public async Task No_rule_is_planned_that_an_apply_could_not_set(string state, string expected)
    {
        var host = new LabelledMachine(semanage: false, NotForCertificates);
        _ = state switch
        {
            "link" => host.Host.AddLink(SecurityContext.SeManage, "semanage-3").AddFile(SecurityContext.Flock, ""),
            "writable" => host.Host.AddFile(SecurityContext.SeManage, "", mode: 0x1FD).AddFile(SecurityContext.Flock, ""),
            _ => host.Host.AddFile(SecurityContext.SeManage, "", mode: 0x1ED),
        };
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.DoesNotContain("labelRule", output, StringComparison.Ordinal);
        Assert.Contains($"a relabel would undo that: {expected}. hint: mend that and plan again, or run semanage fcontext -a -t cert_t '/etc/pki/mailtls(/.*)?'", error, StringComparison.Ordinal);
        await host.Machine.ApplyAsync();
        await NothingToDoAsync(host);
    }

    [Fact]
    public async Task Without_semanage_the_plan_says_what_is_missing()
    {
        var host = new LabelledMachine(semanage: false, NotForCertificates);
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.DoesNotContain("labelRule", output, StringComparison.Ordinal);
        Assert.Contains("warning MTS0644: /etc/pki/mailtls is var_t by the policy, which a daemon may not read; it gets cert_t, and a relabel would undo that: semanage is not installed. hint: install semanage and plan again, or run semanage fcontext -a -t cert_t '/etc/pki/mailtls(/.*)?'", error, StringComparison.Ordinal);
        await host.Machine.ApplyAsync();
        Assert.Equal("cert_t", host.TypeOf(Directory));
        await NothingToDoAsync(host);
    }

    [Theory]
    [InlineData("/etc/pki/.*", "-a -t cert_t '/etc/pki/mailtls(/.*)?'")]
    [InlineData("/etc/pki/mailtls", "-m -t cert_t '/etc/pki/mailtls'")]
    public async Task A_local_rule_of_the_administrators_stays_and_a_bad_line_is_named(string pattern, string remedy)
    {
        var host = new LabelledMachine();
        host.AddRule(pattern, "system_u:object_r:postfix_etc_t:s0");
        host.WriteRule("/etc/half");
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.DoesNotContain("labelRule", output, StringComparison.Ordinal);
        Assert.Contains($"MTS0644: {Directory} is postfix_etc_t by a local rule ({LabelledMachine.LocalRules}:1), which a daemon may not read; a relabel would undo the label that it gets. hint: semanage fcontext {remedy}", error, StringComparison.Ordinal);
        Assert.Contains($"warning MTS0643: {LabelledMachine.LocalRules}:2: it is missing fields. hint: correct the line", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_of_our_pattern_that_was_written_by_hand_is_taken_over_by_semanage()
    {
        var host = new LabelledMachine();
        host.WriteRule($"{Directory}(/.*)?    system_u:object_r:postfix_etc_t:s0");
        Assert.Contains("type  postfix_etc_t → cert_t", (await host.Machine.RunAsync("plan", ServingMachine.Manifest)).Output, StringComparison.Ordinal);
        await host.Machine.ApplyAsync();
        Assert.Equal([$"{Directory}(/.*)? cert_t"], host.Kept);
        await NothingToDoAsync(host);
    }

    [Fact]
    public async Task A_rule_of_our_own_follows_the_manifest_to_another_type_and_goes_back_with_a_roll_back()
    {
        var host = new LabelledMachine(rules: NotForCertificates);
        await host.Machine.ApplyAsync();
        Choose(host, "tls_privkey_t");
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(output.Contains($"  ~ labelRule {Directory}(/.*)?\n      because a relabel would give cert_t, where the manifest says tls_privkey_t\n      type  cert_t → tls_privkey_t\n", StringComparison.Ordinal), output + error);
        Assert.DoesNotContain("MTS0644", error, StringComparison.Ordinal);
        var applied = await host.Machine.ApplyAsync();
        Assert.Equal([$"{Directory}(/.*)? tls_privkey_t"], host.Kept);
        Assert.Equal(("tls_privkey_t", "tls_privkey_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
        await NothingToDoAsync(host);
        var (status, said, why) = await host.Machine.RunAsync("rollback", applied, "--auto-approve");
        Assert.True(status == 0, said + why);
        Assert.Contains($"  ~ labelRule {Directory}(/.*)?\n      because takes back what {applied} did\n      type  tls_privkey_t → cert_t\n", said, StringComparison.Ordinal);
        Assert.Equal([$"{Directory}(/.*)? cert_t"], host.Kept);
        Assert.Equal(("cert_t", "cert_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
    }

    [Fact]
    public async Task A_rule_that_somebody_changed_since_stays_where_an_apply_is_taken_back()
    {
        var host = new LabelledMachine(rules: NotForCertificates);
        var applied = await host.Machine.ApplyAsync();
        Choose(host, "tls_privkey_t");
        await host.Machine.ApplyAsync();
        var (_, output, error) = await host.Machine.RunAsync("rollback", applied, "--auto-approve");
        Assert.Contains($"note MTS0737: the local rule for {Directory}(/.*)? (tls_privkey_t) stays: {applied} left cert_t. hint: before {applied} it was none", error, StringComparison.Ordinal);
        Assert.DoesNotContain("labelRule", output, StringComparison.Ordinal);
        Assert.Equal([$"{Directory}(/.*)? tls_privkey_t"], host.Kept);
    }

    [Fact]
    public async Task A_failed_proof_brings_the_former_rule_back()
    {
        var host = new LabelledMachine(rules: NotForCertificates);
        await host.Machine.ApplyAsync();
        Choose(host, "tls_privkey_t");
        host.Machine.Edit("keys: [ecdsa-p256]", "keys: [ecdsa-p384]");
        host.Machine.Loads = false;
        var (status, output, error) = await host.Machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
        Assert.True(status is 5 or 6, output + error);
        Assert.Equal([$"{Directory}(/.*)? cert_t"], host.Kept);
        Assert.Equal(("cert_t", "cert_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
    }

    [Fact]
    public void A_rule_that_somebody_else_changed_meanwhile_is_left_to_them()
    {
        var host = new LabelledMachine();
        host.AddRule($"{Directory}(/.*)?", "system_u:object_r:usr_t:s0");
        var step = new LabelRuleStep($"{Directory}(/.*)?", "cert_t", "tls_privkey_t", LabelledMachine.LocalRules);
        Assert.Throws<PlanStaleException>(() => step.Do(host.Host));
        step.Undo(host.Host);
        Assert.Equal([$"{Directory}(/.*)? usr_t"], host.Kept);
    }

    // semanage goes on where its starter died, and where it dies itself it has written its own store first.
    [Theory]
    [InlineData(null, "tls_privkey_t", true)]
    [InlineData(null, "tls_privkey_t", false)]
    [InlineData("cert_t", "tls_privkey_t", true)]
    [InlineData("cert_t", "tls_privkey_t", false)]
    [InlineData("cert_t", null, true)]
    [InlineData("cert_t", null, false)]
    public void A_death_before_while_or_after_semanage_changes_a_rule_leaves_the_former_rule(string? old, string? wanted, bool installs)
    {
        var host = new LabelledMachine();
        if (old is not null)
        {
            host.AddRule($"{Directory}(/.*)?", $"system_u:object_r:{old}:s0");
        }

        var before = host.Kept.ToList();
        var step = new LabelRuleStep($"{Directory}(/.*)?", old, wanted, LabelledMachine.LocalRules);
        step.Undo(host.Host);
        Assert.Equal(before, host.Kept);

        host.BeforeInstall = () => throw new InvalidOperationException("the process dies");
        if (installs)
        {
            host.BeforeInstall = () => { };
            step.Do(host.Host);
            Assert.True(step.IsDone(host.Host));
        }
        else
        {
            Assert.Throws<InvalidOperationException>(() => step.Do(host.Host));
            Assert.False(step.IsDone(host.Host));
        }

        Assert.NotEqual(before, host.Kept);
        host.BeforeInstall = () => { };
        step.Undo(host.Host);
        Assert.Equal(before, host.Kept);
        Assert.Equal(string.Concat(before.Select(r => $"{r.Replace(" ", "    system_u:object_r:", StringComparison.Ordinal)}:s0\n")), host.Machine.Text(LabelledMachine.LocalRules));
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

    private static void Choose(LabelledMachine host, string type) => host.Machine.Edit("keys: [ecdsa-p256]", $"keys: [ecdsa-p256]\n  selinuxType: {type}");

    private static async Task NothingToDoAsync(LabelledMachine host)
    {
        var (status, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest, "--detailed-exitcode");
        Assert.True(status == 0, output + error);
    }
}
