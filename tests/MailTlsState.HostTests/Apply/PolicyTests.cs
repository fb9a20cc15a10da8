using MailTlsState.HostTests.Lab;
using MailTlsState.Policies;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>Policies, key kinds and layouts on the real daemons.</summary>
public sealed class PolicyTests
{
    private static readonly string[] Intermediate = [.. PolicyCatalogue.Find("intermediate")!.Suites!];

    [Fact]
    public async Task Intermediate_accepts_exactly_its_suites_that_fit_an_ecdsa_key_in_split_layout()
    {
        await using var lab = await MailLab.AppliedAsync("split");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        var expected = Intermediate.Where(suite => suite.StartsWith("ECDHE-ECDSA-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, await lab.SuitesAsync(25, "smtp"));
        Assert.Equal(expected, await lab.SuitesAsync(993));
        var files = (await lab.RunAsync("find /etc/pki/mailtls -maxdepth 1 -type f -printf '%m %f\\n' | sort")).Output;
        Assert.Equal("600 mail.mydomain.com.key\n600 mail.mydomain.com.pem\n", files);
    }

    [Theory]
    [InlineData("rsa-3072", "(3072 bit)")]
    [InlineData("rsa-4096", "(4096 bit)")]
    [InlineData("ecdsa-p384", "secp384r1")]
    public async Task Every_kind_of_key_is_served(string kind, string shown)
    {
        await using var lab = await MailLab.AppliedAsync("intermediate", text => text.Replace("[ecdsa-p256]", $"[{kind}]", StringComparison.Ordinal));
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Contains(shown, (await lab.RunAsync("openssl s_client -connect 127.0.0.1:993 </dev/null 2>/dev/null | openssl x509 -noout -text")).Output, StringComparison.Ordinal);
        (await lab.Host.RunRemoteAsync($"openssl s_client -starttls smtp -connect mail.mydomain.com:587 {MailLab.Strict}")).Expect(0);
        if (kind == "rsa-3072")
        {
            var rsa = Intermediate.Where(suite => suite.Contains("-RSA-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
            Assert.Equal(rsa, await lab.SuitesAsync(25, "smtp"));
            Assert.Equal(rsa, await lab.SuitesAsync(993));
        }
    }

    [Fact]
    public async Task A_policy_file_and_the_fields_that_override_it_decide_what_is_accepted()
    {
        await using var lab = await MailLab.StartAsync("own-policy");
        var policy = await File.ReadAllTextAsync(Path.Combine(LabEnvironment.Repository, "examples", "own-policy", "policy.yaml"));
        await lab.Host.WriteFileAsync("/root/policy.yaml", policy.Replace("AES_256_GCM_SHA384\n  -", "AES_256_GCM_SHA348\n  -", StringComparison.Ordinal));
        await lab.RefusesAsync(1, ["/root/policy.yaml:11:5: error MTS0162: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA348' is no TLS 1.2 cipher suite that is known. hint: did you mean TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384?"]);
        await lab.RunAsync("rm /root/policy.yaml");
        await lab.RefusesAsync(1, ["/root/manifest.yaml:19:9: error MTS0164: the policy file './policy.yaml' does not exist"]);

        await lab.Host.WriteFileAsync("/root/policy.yaml", policy);
        await lab.ApplyAsync(0);
        Assert.Contains("No changes", (await lab.ApplyAsync(0)).Output, StringComparison.Ordinal);
        foreach (var (port, startTls) in new[] { (25, "smtp"), (993, (string?)null) })
        {
            var scan = await SslScan.RunAsync(lab.Host, port, startTls);
            Assert.Equal(["ECDHE-ECDSA-AES256-GCM-SHA384"], scan.Suites);
            Assert.Equal(["secp256r1", "x25519"], scan.Groups);
            Assert.Contains("TLS_AES_256_GCM_SHA384", scan.Tls13Suites);
            Assert.Equal(startTls is null ? 1 : 3, scan.Tls13Suites.Count); // Postfix has no setting for them, and the plan says so.
        }

        // Another policy file is another manifest: the plan that was approved before is stale.
        await lab.RunAsync($"mailtls plan {MailLab.Manifest} -o /root/saved.plan");
        await lab.Host.WriteFileAsync("/root/policy.yaml", policy.Replace("TLSv1.2", "TLSv1.3", StringComparison.Ordinal).Replace("  - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n", "  []\n", StringComparison.Ordinal));
        await lab.RunAsync($"mailtls apply /root/saved.plan --manifest {MailLab.Manifest} --auto-approve", 3);
        await lab.PlanAsync(2);
    }

    [Fact]
    public async Task Article_accepts_what_its_printed_settings_accept()
    {
        await using var lab = await MailLab.AppliedAsync();
        var smtp = await lab.SuitesAsync(25, "smtp");
        var imaps = await lab.SuitesAsync(993);
        Assert.NotEmpty(smtp);
        Assert.NotEmpty(imaps);

        // As printed, but for the typo: PSD is read as PSK.
        const string excluded = "aNULL, MD5, DES, ADH, RC4, PSK, SRP, 3DES, eNULL";
        const string protocols = "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1";
        await lab.RunAsync(
            $"postconf -e 'smtpd_tls_eecdh_grade = strong' 'smtpd_tls_protocols = {protocols}' 'smtpd_tls_mandatory_protocols = {protocols}' 'smtpd_tls_mandatory_ciphers = high' "
            + $"'smtpd_tls_ciphers = high' 'smtpd_tls_security_level = may' 'tls_preempt_cipherlist = yes' 'smtpd_tls_mandatory_exclude_ciphers = {excluded}' 'smtpd_tls_exclude_ciphers = {excluded}'"
            + " && /run/lab/reload.sh");
        await lab.Host.WriteFileAsync(
            "/etc/dovecot/conf.d/99-mailtlsstate.conf",
            $"""
            ssl = required
            ssl_cert = <{MailLab.Bundle}
            ssl_key = <{MailLab.Bundle}
            ssl_cipher_list = EECDH+ECDSA+AESGCM:EECDH+aRSA+AESGCM:EECDH+ECDSA+SHA384:EECDH+ECDSA+SHA256:EECDH+aRSA+SHA384:EECDH+aRSA+SHA256:EECDH+aRSA+RC4:EECDH:EDH+aRSA:ALL:!aNULL:!eNULL:!LOW:!3DES:!MD5:!EXP:!PSK:!SRP:!DSS:!RC4:!SSLv2
            ssl_prefer_server_ciphers = yes
            ssl_min_protocol = TLSv1.2

            """);
        await lab.RunAsync("doveadm stop; while pgrep -x dovecot >/dev/null; do sleep 0.05; done; /run/lab/start-mail.sh 25 143 993");
        Assert.Equal(await lab.SuitesAsync(25, "smtp"), smtp);
        Assert.Equal(await lab.SuitesAsync(993), imaps);
    }
}
