using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>Message submission is Postfix's or Dovecot's (package dovecot-submissiond), as the manifest says.</summary>
public sealed class SubmissionTests
{
    private const string Smtp = "smtp: { security: opportunistic }";
    private const string Imap = "imap: { security: required }, imaps: { security: implicit }";
    private const string Submission = "submission: { security: required }, submissions: { security: implicit }";
    private const string Disabled = "submission: { security: disabled }, submissions: { security: disabled }";

    [Theory]
    [InlineData("bookworm")]
    [InlineData("trixie")]
    public async Task Who_serves_it_is_the_manifest_s_choice_and_a_clash_is_found_before_anything_is_written_on(string release)
    {
        var options = new ThrowawayHostOptions { Binds = new Dictionary<string, string> { [LabEnvironment.PackageFor(release, "dovecot-submissiond")] = "/root/submissiond.deb" } };
        await using var lab = await MailLab.StartAsync("intermediate", Named($"{Smtp}, {Submission}", Imap), release, options);
        await lab.Host.EnableSaslAsync();
        await lab.RunAsync("printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; dpkg -i /root/submissiond.deb");
        await lab.Host.StopMailAsync();
        await lab.Host.WriteFileAsync("/etc/dovecot/conf.d/98-relay.conf", "submission_relay_host = 127.0.0.1\nsubmission_relay_trusted = yes\n");

        // As the package leaves it: Dovecot has the ports that the manifest gives to Postfix.
        await lab.Host.StartMailAsync(25, 587, 993);
        await lab.RefusesAsync(1, ["MTS0305: port 587 for postfix submission is held by /usr/", "MTS0411: port 587 is Postfix's submission here", "hint: add submission: { security: disabled } under services.dovecot.endpoints"]);

        await lab.WriteManifestAsync("intermediate", Named(Smtp, $"{Imap}, {Submission}"));
        await lab.ApplyAsync(0);
        Assert.Contains("dovecot submissions", (await lab.VerifyAsync(0)).Output, StringComparison.Ordinal);
        await lab.ConvergedAsync();
        var (clear, secret) = await SaidAsync(lab);
        Assert.Contains("STARTTLS", clear, StringComparison.Ordinal);
        Assert.DoesNotContain("AUTH", clear, StringComparison.Ordinal);
        Assert.DoesNotMatch("(?m)^250 2.1.0", clear);
        Assert.Contains("235 ", secret, StringComparison.Ordinal);
        Assert.Matches("dovecot|submission-login", (await lab.RunAsync("ss -Hltnp 'sport = :587'")).Output);

        // The port goes over by two applies: nothing is written while two want it.
        await lab.WriteManifestAsync("intermediate", Named($"{Smtp}, {Submission}", $"{Imap}, {Disabled}"));
        await lab.RefusesAsync(1, ["MTS0305: port 587 for postfix submission is held by /usr/", "MTS0305: port 465 for postfix submissions is held by /usr/"]);
        await lab.WriteManifestAsync("intermediate", Named(Smtp, $"{Imap}, {Disabled}"));
        await lab.ApplyAsync(0);
        await lab.WriteManifestAsync("intermediate", Named($"{Smtp}, {Submission}", $"{Imap}, {Disabled}"));
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Contains("\"master\"", (await lab.RunAsync("ss -Hltnp 'sport = :587'")).Output, StringComparison.Ordinal);
        (clear, secret) = await SaidAsync(lab);
        Assert.DoesNotContain("AUTH", clear, StringComparison.Ordinal);
        Assert.Contains("235 ", secret, StringComparison.Ordinal);
    }

    /// <summary>What port 587 answers a remote client before TLS, and one that logs in after it.</summary>
    private static async Task<(string Clear, string Secret)> SaidAsync(MailLab lab) => (
        (await lab.Host.RunRemoteAsync("{ sleep 1; for say in 'EHLO x' 'MAIL FROM:<a@example.org>' QUIT; do printf '%s\\r\\n' \"$say\"; sleep 0.3; done; } | bash -c 'exec 3<>/dev/tcp/10.77.0.1/587; timeout 9 cat <&3 & cat >&3; wait'")).Output,
        (await lab.Host.RunRemoteAsync("{ sleep 1; for say in 'EHLO x' \"AUTH PLAIN $(printf '\\0anna\\0apple-cider' | base64)\" QUIT; do printf '%s\\r\\n' \"$say\"; sleep 1; done; } | timeout 20 openssl s_client -quiet -starttls smtp -connect 10.77.0.1:587 2>&1")).Output);

    private static Func<string, string> Named(string postfix, string dovecot) =>
        text => Regex.Replace(text, "(?s)services:.*$", $"services:\n  postfix: {{ endpoints: {{ {postfix} }} }}\n  dovecot: {{ endpoints: {{ {dovecot} }} }}\n");
}
