using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>The configuration of one release on the next one, as an upgrade of the host leaves it.</summary>
public sealed class UpgradeTests
{
    private const string Kept = "/etc/postfix/main.cf /etc/postfix/master.cf /etc/pki /root/manifest.yaml /root/mail-ca.pass";

    [Theory]
    [InlineData("bullseye", "bookworm", ">=TLSv1.2")]
    [InlineData("bookworm", "trixie", ">=TLSv1.2")]
    public async Task Postfix_serves_the_same_after_an_upgrade_of(string from, string to, string floor)
    {
        string kept;
        await using (var old = await MailLab.AppliedAsync("intermediate", Postfix, from))
        {
            kept = (await old.RunAsync($"tar -C / -cf - {Kept.Replace(" /", " ", StringComparison.Ordinal)[1..]} | base64 -w0")).Output;
        }

        await using var lab = await MailLab.StartAsync("intermediate", Postfix, to);
        (await lab.Host.RunAsync("postfix stop >/dev/null 2>&1; base64 -d | tar -C / -xf - && /run/lab/start-mail.sh 25 587", kept)).Expect(0);
        var before = await lab.Host.ServedCertificateAsync(25, "smtp");
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(before, await lab.Host.ServedCertificateAsync(25, "smtp"));
        Assert.Equal($"{floor}\n", (await lab.RunAsync("postconf -h smtpd_tls_protocols")).Output);
        Assert.Empty((await lab.RunAsync("postconf -n 2>&1 >/dev/null | grep -i tls; :")).Output);
    }

    private static string Postfix(string text) => text[..text.IndexOf("  dovecot:", StringComparison.Ordinal)];
}
