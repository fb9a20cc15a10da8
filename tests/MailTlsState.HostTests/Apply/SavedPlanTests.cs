using System.Text.RegularExpressions;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>A saved plan is applied as it was shown, or not at all.</summary>
public sealed class SavedPlanTests
{
    [Fact]
    public async Task A_saved_plan_that_no_longer_holds_is_refused_and_the_true_one_is_applied()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync($"mailtls plan {MailLab.Manifest} -o /root/plan.json");
        var text = await lab.Host.ReadFileAsync("/root/plan.json");
        Assert.Contains("Plan: 9 to add", (await lab.RunAsync("mailtls show /root/plan.json")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", text, StringComparison.Ordinal);

        await lab.RunAsync("cp -p /etc/postfix/main.cf /root/main.cf; echo '# a note' >>/etc/postfix/main.cf; touch -d '1 minute ago' /etc/postfix/main.cf");
        await lab.RefusesAsync(3, ["/etc/postfix/main.cf"], "/root/plan.json");
        await lab.RunAsync("cp -p /root/main.cf /etc/postfix/main.cf");

        await lab.Host.WriteFileAsync("/root/edited.json", text.Replace("lifetime: 1825d", "lifetime: 1826d", StringComparison.Ordinal));
        await lab.RefusesAsync(3, ["manifest"], "/root/edited.json");

        var changed = text.Replace("smtpd_tls_auth_only=yes", "smtpd_tls_auth_only=no", StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        await lab.Host.WriteFileAsync("/root/edited.json", changed);
        await lab.RefusesAsync(3, [], "/root/edited.json");

        await lab.Host.WriteFileAsync("/root/edited.json", text[..(text.Length / 2)]);
        await lab.RefusesAsync(1, ["MTS0"], "/root/edited.json");

        await lab.Host.WriteFileAsync("/root/other.yaml", (await lab.Host.ReadFileAsync(MailLab.Manifest)).Replace("rsa-2048", "rsa-3072", StringComparison.Ordinal));
        await lab.RefusesAsync(3, ["/root/other.yaml"], "/root/plan.json --manifest /root/other.yaml");

        await lab.ApplyAsync(0, $"/root/plan.json --manifest {MailLab.Manifest}");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        (await lab.Host.RunAsync("mailtls apply /root/plan.json --auto-approve")).Expect(3);
    }

    [Fact]
    public async Task A_plan_made_from_an_observation_by_another_user_is_the_hosts_own_and_can_be_applied()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync($"mailtls observe {MailLab.Manifest} -o /root/observation.json");

        // The key that Debian made is looked at for what it is; not one of its lines is written down.
        var observation = await lab.Host.ReadFileAsync("/root/observation.json");
        var key = (await lab.Host.ReadFileAsync("/etc/ssl/private/ssl-cert-snakeoil.key")).Split('\n').Where(l => l.Length > 20 && !l.StartsWith("-----", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(key);
        Assert.All(key, line => Assert.DoesNotContain(line, observation, StringComparison.Ordinal));
        var here = (await lab.PlanAsync(2)).Output;

        await lab.RunAsync($"mkdir /srv/review; cp {MailLab.Manifest} /root/observation.json /srv/review; chown -R nobody /srv/review");
        var there = await lab.RunAsync(
            "cd /srv/review; setpriv --reuid=nobody --clear-groups mailtls plan manifest.yaml --observation observation.json --detailed-exitcode -o plan.json", 2);
        Assert.Equal(WithoutTimes(here), WithoutTimes(there.Output));
        (await lab.Host.RunAsync($"mailtls observe {MailLab.Manifest} -o /root/observation.json")).Expect(1);

        await lab.ApplyAsync(0, "/srv/review/plan.json");
        await lab.ConvergedAsync();
    }

    private static string WithoutTimes(string plan) => Regex.Replace(plan, @"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME");
}
