using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>An RSA and an ECDSA certificate side by side: each is seen by a client that takes no other.</summary>
public sealed class TwoKeyKindsTests
{
    private const string Rsa = "/etc/pki/mailtls/mail.mydomain.com.rsa.pem";
    private const string PublicRoot = "/root/ca/root.pem";
    private const string RsaAlone = "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384";
    private const string EcdsaAlone = "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";

    [Theory]
    [InlineData("bookworm", "bundle")]
    [InlineData("trixie", "split")]
    public async Task A_second_kind_is_added_served_repaired_taken_away_and_brought_back(string release, string layout)
    {
        await using var lab = await MailLab.AppliedAsync("intermediate", Keys("[ecdsa-p256]", layout), release);
        var ecdsa = await ServedAsync(lab, EcdsaAlone);
        Assert.Empty(await ServedAsync(lab, RsaAlone));

        // Added: the first pair stays as it is.
        await lab.WriteManifestAsync("intermediate", Keys("[ecdsa-p256, rsa-2048]", layout));
        var files = (await lab.RunAsync($"sha256sum {MailLab.Bundle}")).Output;
        Assert.Contains("; rsa leaf ", (await lab.ApplyAsync(0)).Output, StringComparison.Ordinal);
        var rsa = await ServedAsync(lab, RsaAlone);
        Assert.NotEmpty(rsa);
        Assert.Equal(ecdsa, await ServedAsync(lab, EcdsaAlone));
        Assert.Equal(files, (await lab.RunAsync($"sha256sum {MailLab.Bundle}")).Output);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();

        // TLS 1.3 names the kind in its signature algorithms.
        await lab.RunAsync($"openssl s_client -connect 127.0.0.1:993 -tls1_3 -sigalgs rsa_pss_rsae_sha256 {MailLab.Strict} 2>&1 | grep -qi 'Signature type: rsa.pss'");
        await lab.RunAsync($"openssl s_client -starttls smtp -connect 127.0.0.1:587 -tls1_3 -sigalgs ecdsa_secp256r1_sha256 {MailLab.Strict} 2>&1 | grep -qi 'Signature type: ecdsa'");

        // A renewed RSA leaf that no daemon has loaded is seen, though the preferred ECDSA one is right.
        await lab.RunAsync("cp -a /etc/pki/mailtls /root/kept");
        await lab.RunAsync($"rm {Rsa}; mailtls apply {MailLab.Manifest} --auto-approve");
        Assert.NotEqual(rsa, await ServedAsync(lab, RsaAlone));
        await lab.RunAsync("rm -rf /etc/pki/mailtls && cp -a /root/kept /etc/pki/mailtls");
        await lab.RepairsAsync("rsa");

        // One kind is enough again: the RSA pair goes, and the way back brings it in.
        rsa = await ServedAsync(lab, RsaAlone);
        await lab.WriteManifestAsync("intermediate", Keys("[ecdsa-p256]", layout));
        await lab.ApplyAsync(0);
        Assert.Empty(await ServedAsync(lab, RsaAlone));
        Assert.Equal(ecdsa, await ServedAsync(lab, EcdsaAlone));
        Assert.Equal("600 root:root\n", (await lab.RunAsync($"test ! -e {Rsa}; stat -c '%a %U:%G' /etc/pki/mailtls/.mail.mydomain.com.rsa.previous.pem")).Output);
        await lab.ConvergedAsync();
        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(rsa, await ServedAsync(lab, RsaAlone));
        Assert.Equal(ecdsa, await ServedAsync(lab, EcdsaAlone));
        await lab.NothingLeftAsync();
        await lab.WriteManifestAsync("intermediate", Keys("[ecdsa-p256, rsa-2048]", layout));
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task Two_purchased_certificates_come_one_after_the_other_and_another_tool_may_keep_both_from_then_on()
    {
        static string Purchased(string text) => Keys("[ecdsa-p256, rsa-2048]", "bundle")(text).Replace("trust: system ", "trust: { file: /root/ca/root.pem } ", StringComparison.Ordinal);
        await using var lab = await MailLab.StartAsync("purchased", Purchased);
        await lab.RunAsync(PublicCa.Make);
        Assert.Equal(2, (await lab.ApplyAsync(0)).Error.Split("MTS0515").Length - 1);
        await lab.RunAsync("cp /etc/pki/mailtls/mail.mydomain.com.csr /root/ca/ecdsa.csr; cp /etc/pki/mailtls/mail.mydomain.com.rsa.csr /root/ca/rsa.csr");
        await lab.RunAsync(PublicCa.Sign("ecdsa.csr", "ecdsa.pem"));
        await lab.RunAsync(PublicCa.Sign("rsa.csr", "rsa.pem"));

        // The first is served while the second is waited for.
        Assert.Contains("MTS0515", (await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/ecdsa.pem /root/ca/sub.pem --auto-approve")).Error, StringComparison.Ordinal);
        Assert.Equal(await OnDiskAsync(lab, "/root/ca/ecdsa.pem"), await ServedAsync(lab, EcdsaAlone, PublicRoot));
        Assert.Empty(await ServedAsync(lab, RsaAlone, PublicRoot));
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/rsa.pem --auto-approve");
        Assert.Equal(await OnDiskAsync(lab, "/root/ca/ecdsa.pem"), await ServedAsync(lab, EcdsaAlone, PublicRoot));
        Assert.Equal(await OnDiskAsync(lab, "/root/ca/rsa.pem"), await ServedAsync(lab, RsaAlone, PublicRoot));
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();

        // The same pairs in the care of another tool, which renews the RSA one.
        await lab.RunAsync(
            """
            mkdir -m 700 /etc/kept; cd /etc/kept; umask 077
            for kind in ecdsa rsa; do from=/etc/pki/mailtls/mail.mydomain.com.pem; [ $kind = ecdsa ] || from=/etc/pki/mailtls/mail.mydomain.com.rsa.pem
            openssl pkey -in $from -out $kind.key; sed '/PRIVATE KEY/,/PRIVATE KEY/d' $from >$kind.crt; done
            """);
        await lab.WriteManifestAsync("purchased", text =>
            text[..text.IndexOf("certificate:", StringComparison.Ordinal)]
            + "certificate:\n  issuer:\n    kind: existing\n    trust: { file: /root/ca/root.pem }\n    files:\n      - { certificate: /etc/kept/ecdsa.crt, key: /etc/kept/ecdsa.key }\n      - { certificate: /etc/kept/rsa.crt, key: /etc/kept/rsa.key }\n"
            + text[text.IndexOf("policy:", StringComparison.Ordinal)..]);
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        await lab.RunAsync(PublicCa.Sign("rsa.csr", "rsa2.pem") + "; cat rsa2.pem sub.pem >/etc/kept/rsa.crt");
        Assert.Contains("rsa", (await lab.VerifyAsync(2)).Output, StringComparison.OrdinalIgnoreCase);
        await lab.RunAsync($"mailtls apply {MailLab.Manifest} --only certificate --auto-approve");
        Assert.Equal(await OnDiskAsync(lab, "/root/ca/rsa2.pem"), await ServedAsync(lab, RsaAlone, PublicRoot));
        Assert.Equal(await OnDiskAsync(lab, "/root/ca/ecdsa.pem"), await ServedAsync(lab, EcdsaAlone, PublicRoot));
        await lab.ConvergedAsync();
    }

    private static async Task<string> OnDiskAsync(MailLab lab, string file) => (await lab.RunAsync($"openssl x509 -in {file} -noout -fingerprint -sha256")).Output;

    // What each port serves to a client of one kind; empty where it serves nothing.
    private static async Task<string> ServedAsync(MailLab lab, string kind, string root = MailLab.Root)
    {
        var fingerprints = new List<string>();
        foreach (var port in new[] { "-connect 127.0.0.1:993", "-starttls imap -connect 127.0.0.1:143", "-starttls smtp -connect 127.0.0.1:587", "-connect 127.0.0.1:465" })
        {
            fingerprints.Add((await lab.Host.RunAsync($"openssl s_client {kind} {port} -CAfile {root} -verify_return_error -verify_hostname mail.mydomain.com </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256 2>/dev/null")).Output);
        }

        return Assert.Single(fingerprints.Distinct());
    }

    private static Func<string, string> Keys(string kinds, string layout) => text =>
        System.Text.RegularExpressions.Regex.Replace(text, "keys: .*", $"keys: {kinds}").Replace("layout: bundle", $"layout: {layout}", StringComparison.Ordinal);
}
