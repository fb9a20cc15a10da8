using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>
/// <c>mailtls apply MANIFEST --only certificate --auto-approve</c> as the deploy hook of Debian's certbot and lego: what was renewed is
/// served, nothing else is touched, and what else differs is reported.
/// </summary>
public sealed class AcmeHookTests
{
    private const string Hook = "mailtls apply /root/manifest.yaml --only certificate --auto-approve";
    private const string Again = Hook + "; echo status $?";

    [Fact]
    public async Task Certbots_deploy_hook_serves_what_was_renewed_and_touches_nothing_else()
    {
        const string Live = "/etc/letsencrypt/live/mail.mydomain.com";
        await using var acme = await AcmeLab.StartAsync();
        await RunAsync(acme, $"certbot certonly --standalone --http-01-port 5002 --server {AcmeLab.Directory} -d mail.mydomain.com -m anna@mydomain.com --agree-tos --non-interactive");
        await acme.WriteManifestAsync($"{Live}/fullchain.pem", $"{Live}/privkey.pem");
        await acme.Mail.ApplyAsync(0);
        await acme.ServedEverywhereAsync($"{Live}/cert.pem");
        await acme.Mail.ConvergedAsync();
        await acme.Mail.VerifyAsync(0);

        var before = await EmergencyAsync(acme);
        var renewed = await RunAsync(acme, $"certbot renew --force-renewal --no-random-sleep-on-renew --deploy-hook '{Hook}'");
        await DeployedAsync(acme, $"{Live}/cert.pem", before, renewed, "/etc/letsencrypt");
        Assert.Equal($"{Live}/cert.pem -> ../../archive/mail.mydomain.com/cert2.pem\n", (await acme.Mail.RunAsync($"stat -c %N {Live}/cert.pem | tr -d \"'\"")).Output);

        // As the package's timer runs it, by the hook that certbot keeps beside the certificate.
        await acme.Mail.RunAsync("sed -i '1i renew_before_expiry = 9999 days' /etc/letsencrypt/renewal/mail.mydomain.com.conf");
        await RunAsync(acme, "certbot -q renew --no-random-sleep-on-renew");
        Assert.EndsWith("cert3.pem\n", (await acme.Mail.RunAsync($"readlink {Live}/cert.pem")).Output, StringComparison.Ordinal);
        await acme.ServedEverywhereAsync($"{Live}/cert.pem");

        // A renewal that clients would refuse: certbot says that its hook failed, and the services keep what they serve.
        await acme.Mail.RunAsync($"cp -L {Live}/cert.pem /root/third.pem");
        await acme.WriteManifestAsync($"{Live}/fullchain.pem", $"{Live}/privkey.pem", trust: "/root/acme/pebble.pem");
        var refused = await RunAsync(acme, "certbot renew --no-random-sleep-on-renew");
        Assert.Contains("reported error code 1", refused.Error + refused.Output, StringComparison.Ordinal);
        Assert.Contains("MTS0516", refused.Error + refused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Legos_renew_hook_serves_what_was_renewed_and_touches_nothing_else()
    {
        const string Kept = "/var/lib/lego/certificates/mail.mydomain.com";
        const string Lego = $"lego --server {AcmeLab.Directory} --email anna@mydomain.com --domains mail.mydomain.com --accept-tos --http --http.port :5002 --path /var/lib/lego";
        await using var acme = await AcmeLab.StartAsync();
        await RunAsync(acme, $"{Lego} run");
        await acme.WriteManifestAsync($"{Kept}.crt", $"{Kept}.key");
        await acme.Mail.ApplyAsync(0);
        await acme.ServedEverywhereAsync($"{Kept}.crt");
        await acme.Mail.ConvergedAsync();

        var before = await EmergencyAsync(acme);
        var renewed = await RunAsync(acme, $"{Lego} renew --days 9999 --no-random-sleep --renew-hook '{Hook}'");
        await DeployedAsync(acme, $"{Kept}.crt", before, renewed);

        // The key stays, as lego does it for those who have TLSA records; a hook that fails is lego's own failure.
        await RunAsync(acme, $"{Lego} renew --days 9999 --no-random-sleep --reuse-key --renew-hook '{Hook}'");
        await acme.ServedEverywhereAsync($"{Kept}.crt");
        await acme.WriteManifestAsync($"{Kept}.crt", $"{Kept}.key", trust: "/root/acme/pebble.pem");
        var refused = await RunAsync(acme, $"{Lego} renew --days 9999 --no-random-sleep --renew-hook '{Hook}'", 1);
        Assert.Contains("MTS0516", refused.Error + refused.Output, StringComparison.Ordinal);
    }

    // An administrator's edit of this morning, which differs from the manifest.
    private static async Task<TreeSnapshot> EmergencyAsync(AcmeLab acme)
    {
        await acme.Mail.RunAsync("postconf -e smtpd_tls_mandatory_protocols='>=TLSv1.3'; /run/lab/reload.sh");
        return await acme.Mail.Host.SnapshotAsync();
    }

    private static async Task DeployedAsync(AcmeLab acme, string certificate, TreeSnapshot before, CommandResult renewed, string? changed = null)
    {
        await Console.Out.WriteLineAsync(renewed.ToString());
        await acme.ServedEverywhereAsync(certificate);
        var said = renewed.Output + renewed.Error;
        Assert.Contains("Apply complete", said, StringComparison.Ordinal);
        Assert.Contains("MTS0612", said, StringComparison.Ordinal);
        Assert.Contains("main.cf", said, StringComparison.Ordinal);
        Assert.All(before.ChangedPaths(await acme.Mail.Host.SnapshotAsync()), path => Assert.True(changed is not null && path.StartsWith(changed, StringComparison.Ordinal), path));
        Assert.Contains(">=TLSv1.3", (await acme.Mail.RunAsync("postconf -h smtpd_tls_mandatory_protocols")).Output, StringComparison.Ordinal);

        var again = await acme.Mail.RunAsync(Again);
        Assert.Contains("No changes", again.Output, StringComparison.Ordinal);
        Assert.EndsWith("status 0\n", again.Output, StringComparison.Ordinal);
        Assert.Contains("MTS0612", again.Error, StringComparison.Ordinal);
        await acme.Mail.PlanAsync(2);
        await acme.Mail.NothingLeftAsync();
    }

    // Both clients take the CA of the ACME server itself from a variable.
    private static Task<CommandResult> RunAsync(AcmeLab acme, string command, int exitCode = 0) =>
        acme.Mail.RunAsync($"export REQUESTS_CA_BUNDLE=/root/acme/pebble.pem LEGO_CA_CERTIFICATES=/root/acme/pebble.pem; {command}", exitCode);
}
