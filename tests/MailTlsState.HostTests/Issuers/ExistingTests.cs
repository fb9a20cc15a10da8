using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>A certificate that a copy job keeps, of a CA that the system trusts (<see cref="PublicCa"/>).</summary>
public sealed class ExistingTests
{
    private const string Kept = "/etc/ssl/kept";
    private const string Only = $"mailtls apply {MailLab.Manifest} --only certificate --auto-approve";

    [Fact]
    public async Task A_copied_pair_is_trusted_by_the_systems_roots_and_no_process_keeps_the_former_one()
    {
        await using var lab = await MailLab.StartAsync("intermediate", text =>
            text[..text.IndexOf("  keys:", StringComparison.Ordinal)]
            + $"  issuer:\n    kind: existing\n    trust: system\n    files: [{{ certificate: {Kept}/chain.pem, key: {Kept}/key.pem }}]\n"
            + text[text.IndexOf("policy:", StringComparison.Ordinal)..]);
        await lab.RunAsync(PublicCa.Make + $"""

            mkdir {Kept}; key server; install -m 600 server.key {Kept}/key.pem
            openssl req -new -key server.key -subj /CN=mail.mydomain.com -out server.csr
            grep -v extendedKeyUsage server.ext >any.ext
            """);
        await lab.RunAsync(PublicCa.Sign("server.csr", "1.pem") + $"; cat 1.pem sub.pem >{Kept}/chain.pem");
        await lab.RunAsync(PublicCa.Sign("server.csr", "2.pem", extensions: "any.ext"));

        // The system's roots decide: not while the CA is none of them.
        await lab.RefusesAsync(1, ["MTS0516", "lacks the certificate of CN=Public Root"]);
        await lab.RunAsync(PublicCa.Trust);
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await SeenAsync(lab, "1.pem");
        await lab.ConvergedAsync();

        // A copy job that keeps the source's time brings a renewal, while an smtpd that has read the former files is with a client: no handshake meets it, and the
        // next client would.
        await lab.RunAsync($"/run/lab/reload.sh; {MailLab.StayingClient}; pgrep -x smtpd >/run/former");
        await lab.RunAsync($"cat /root/ca/2.pem /root/ca/sub.pem >/root/copy.pem; touch -d '2 days ago' /root/copy.pem; cp -p /root/copy.pem {Kept}/.new; mv {Kept}/.new {Kept}/chain.pem");
        await lab.RunAsync("doveadm reload; until openssl s_client -connect 127.0.0.1:993 </dev/null 2>/dev/null | openssl x509 -noout -serial | grep -q 11; do sleep 0.2; done");
        await SeenAsync(lab, "2.pem");
        var hook = await lab.RunAsync(Only);
        Assert.Contains("MTS0529", hook.Error, StringComparison.Ordinal);
        Assert.Contains("service postfix\n      because some of its processes are older than the certificate's files", hook.Output, StringComparison.Ordinal);
        Assert.Contains("1 service to reload", hook.Output, StringComparison.Ordinal);

        // It is told to end now, whenever its client leaves; that is all there was to do.
        Assert.Contains("No changes", (await lab.RunAsync(Only)).Output, StringComparison.Ordinal);
        await lab.RunAsync("kill -0 $(cat /run/former); touch /run/quit; i=0; while kill -0 $(cat /run/former) 2>/dev/null; do i=$((i + 1)); [ $i -lt 50 ] || exit 1; sleep 0.1; done");
        await SeenAsync(lab, "2.pem");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    // As clients that have the system's roots see it.
    private static async Task SeenAsync(MailLab lab, string certificate)
    {
        var wanted = (await lab.RunAsync($"openssl x509 -in /root/ca/{certificate} -noout -fingerprint -sha256")).Output;
        foreach (var place in new[] { "-starttls smtp -connect mail.mydomain.com:587", "-connect mail.mydomain.com:993" })
        {
            Assert.Equal(wanted, (await lab.Host.RunRemoteAsync($"openssl s_client {place} -verify_return_error -verify_hostname mail.mydomain.com </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256")).Output);
        }
    }
}
