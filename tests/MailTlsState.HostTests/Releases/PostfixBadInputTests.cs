using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>Configurations of Postfix that nothing can be built on: code, place and remedy; nothing is changed.</summary>
public sealed class PostfixBadInputTests
{
    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task A_configuration_that_nothing_can_be_built_on_is_named_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await MailLab.StartAsync("intermediate", text => text[..text.IndexOf("  dovecot:", StringComparison.Ordinal)], release);
        await lab.RunAsync("cp -p /etc/postfix/main.cf /etc/postfix/master.cf /root/; postfix stop >/dev/null 2>&1; :");
        var lines = int.Parse((await lab.RunAsync("wc -l </etc/postfix/main.cf")).Output, System.Globalization.CultureInfo.InvariantCulture);
        await RefusedAsync(lab, "echo 'a line without sense' >>/etc/postfix/main.cf", "MTS0304", $"/etc/postfix/main.cf:{lines + 1}:");
        await RefusedAsync(lab, "echo 'smtp inet n - y - -' >>/etc/postfix/master.cf", "MTS0304", "/etc/postfix/master.cf:");
        await RefusedAsync(lab, "echo 'smtp inetd n - y - - smtpd' >>/etc/postfix/master.cf", "MTS0304", "/etc/postfix/master.cf:");
        await RefusedAsync(lab, "echo 'smtpd_tls_security_level = ${x?{may}:{encrypt}' >>/etc/postfix/main.cf", "MTS0304", $"/etc/postfix/main.cf:{lines + 1}:", "truncated macro reference");
        await RefusedAsync(lab, "printf 'a_b = \\000x\\n' >>/etc/postfix/main.cf", "MTS0309", $"/etc/postfix/main.cf:{lines + 1}:");
        await RefusedAsync(lab, "chown nobody /etc/postfix/main.cf", "MTS0226", "belongs to user 65534", "chown root");
        await RefusedAsync(lab, "chmod 666 /etc/postfix/master.cf", "MTS0226", "mode 0666");
        await RefusedAsync(lab, "printf '# TLS, managed by MailTlsState for other.example.com\\n' >>/etc/postfix/main.cf", "MTS0318", $"/etc/postfix/main.cf:{lines + 1}:", "other.example.com");
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
    });

    private static async Task RefusedAsync(MailLab lab, string damage, params string[] said)
    {
        await lab.RunAsync($"{damage}; touch -d '1 minute ago' /etc/postfix/main.cf");
        await lab.RefusesAsync(1, ["hint: ", .. said]);
        await lab.RunAsync("cp -p /root/main.cf /root/master.cf /etc/postfix/; touch -d '1 minute ago' /etc/postfix/main.cf");
    }
}
