using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>Listeners of Postfix as mail hosts have them, on every release.</summary>
public sealed class PostfixEndpointTests
{
    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Postscreen_and_a_content_filters_way_back_in_keep_working_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await PostfixAsync(release);
        await lab.RunAsync(
            "sed -i -E 's/^smtp +inet .*smtpd$/#&/; s/^#(smtp +inet .*postscreen)$/\\1/; s/^#(smtpd +pass .*)/\\1/; s/^#(dnsblog +unix.*)/\\1/; s/^#(tlsproxy +unix.*)/\\1/' /etc/postfix/master.cf; "
            + "printf '127.0.0.1:10025 inet n - n - - smtpd\\n  -o content_filter=\\n  -o smtpd_tls_security_level=none\\n  -o smtpd_recipient_restrictions=permit_mynetworks,reject\\n' >>/etc/postfix/master.cf; "
            + "postconf -e postscreen_bare_newline_enable=yes postscreen_greet_wait=1s; touch -d '1 minute ago' /etc/postfix/main.cf; postfix stop >/dev/null 2>&1; /run/lab/start-mail.sh 25 10025");
        var before = (await lab.RunAsync("grep -A 3 '^127.0.0.1:10025' /etc/postfix/master.cf")).Output;
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(before, (await lab.RunAsync("grep -A 3 '^127.0.0.1:10025' /etc/postfix/master.cf")).Output);

        // postscreen talks to a new client itself and lets tlsproxy do the TLS; 450 at the end is its "come again".
        var shaken = (await lab.Host.RunRemoteAsync($"openssl s_client -starttls smtp -connect mail.mydomain.com:25 {MailLab.Strict} 2>&1")).Expect(0).Output;
        Assert.Contains("Verification: OK", shaken, StringComparison.Ordinal);
        (await lab.Host.RunRemoteAsync("! openssl s_client -starttls smtp -tls1_2 -cipher AES256-SHA:@SECLEVEL=0 -connect mail.mydomain.com:25 </dev/null 2>/dev/null | grep 'Cipher is AES'")).Expect(0);
        Assert.Contains("CONNECT from [10.77.0.2]", (await lab.RunAsync("cat /var/log/mail.log")).Output, StringComparison.Ordinal);
        Assert.Contains("tlsproxy", (await lab.RunAsync("cat /var/log/mail.log")).Output, StringComparison.Ordinal);

        // The content filter's mail comes back in clear text.
        await lab.RunAsync("smtp-source -4 -m 1 -f someone@example.org -t root@mail.mydomain.com 127.0.0.1:10025");
        Assert.DoesNotContain("STARTTLS", (await lab.RunAsync("bash -c 'exec 3<>/dev/tcp/127.0.0.1/10025; read -u 3 l; printf \"EHLO x\\r\\nQUIT\\r\\n\" >&3; cat <&3'")).Output, StringComparison.Ordinal);
    });

    private static Task<MailLab> PostfixAsync(string release) =>
        MailLab.StartAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }"), release);

    private static string OnlyPostfix(string text, string endpoints, string more = "") =>
        $"{text[..text.IndexOf("services:", StringComparison.Ordinal)]}services:\n  postfix: {{ {more}endpoints: {{ {endpoints} }} }}\n";
}
