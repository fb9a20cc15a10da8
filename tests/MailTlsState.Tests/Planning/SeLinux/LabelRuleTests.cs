using MailTlsState.Execution;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Planning.SeLinux;

/// <summary>The local rule that makes a label outlast a relabel: planned, set by semanage, taken back.</summary>
public class LabelRuleTests
{
    private const string Directory = "/etc/pki/mailtls";

    // Of the very pattern of our own rules, as Debian's policy has one for /etc/ssl/dovecot: semanage -a refuses to add another.
    private const string NotForCertificates = $"{Directory}(/.*)?    system_u:object_r:var_t:s0\n";

    [Fact]
    public async Task Where_the_policys_rule_gives_another_type_a_local_rule_is_added_and_rolled_back()
    {
        var host = new LabelledMachine(rules: NotForCertificates);
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(output.Contains($"  + labelRule {Directory}(/.*)?\n      because a relabel would give var_t, which a daemon may not read\n      type  cert_t\n", StringComparison.Ordinal), output + error);
        var applied = await host.Machine.ApplyAsync();
        Assert.Contains($"{Directory}(/.*)?    system_u:object_r:cert_t:s0\n", host.Machine.Text(LabelledMachine.LocalRules), StringComparison.Ordinal);
        Assert.Equal("cert_t", host.TypeOf(Directory));
        await host.NothingToDoAsync();
        var (status, _, said) = await host.Machine.RunAsync("rollback", applied, "--auto-approve");
        Assert.True(status == 0, said);
        Assert.Equal("", host.Machine.Text(LabelledMachine.LocalRules));
    }

    [Fact]
    public async Task A_type_that_the_manifest_chooses_is_set_and_kept_by_a_rule_of_its_own()
    {
        var host = new LabelledMachine();
        host.Choose("tls_privkey_t");
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(output.Contains($"  + labelRule {Directory}(/.*)?\n      because a relabel would give cert_t, where the manifest says tls_privkey_t\n      type  tls_privkey_t\n", StringComparison.Ordinal), output + error);
        await host.Machine.ApplyAsync();
        Assert.All([Directory, ServingMachine.Bundle], p => Assert.Equal("tls_privkey_t", host.TypeOf(p)));
        await host.NothingToDoAsync();
        host.Label(ServingMachine.Bundle, "cert_t");
        Assert.Contains("label  cert_t → tls_privkey_t", (await host.Machine.RunAsync("plan", ServingMachine.Manifest)).Output, StringComparison.Ordinal);
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
        await host.NothingToDoAsync();
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
        await host.NothingToDoAsync();
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
        await host.NothingToDoAsync();
    }

    [Fact]
    public async Task A_rule_of_our_own_follows_the_manifest_to_another_type_and_goes_back_with_a_roll_back()
    {
        var host = new LabelledMachine(rules: NotForCertificates);
        await host.Machine.ApplyAsync();
        host.Choose("tls_privkey_t");
        var (_, output, error) = await host.Machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(output.Contains($"  ~ labelRule {Directory}(/.*)?\n      because a relabel would give cert_t, where the manifest says tls_privkey_t\n      type  cert_t → tls_privkey_t\n", StringComparison.Ordinal), output + error);
        Assert.DoesNotContain("MTS0644", error, StringComparison.Ordinal);
        var applied = await host.Machine.ApplyAsync();
        Assert.Equal([$"{Directory}(/.*)? tls_privkey_t"], host.Kept);
        Assert.Equal(("tls_privkey_t", "tls_privkey_t"), (host.TypeOf(Directory), host.TypeOf(ServingMachine.Bundle)));
        await host.NothingToDoAsync();
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
        host.Choose("tls_privkey_t");
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
        host.Choose("tls_privkey_t");
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
}
