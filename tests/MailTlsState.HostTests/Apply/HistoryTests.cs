using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>History and roll-back on the real daemons.</summary>
public sealed class HistoryTests
{
    private const string Previous = "/etc/pki/mailtls/.mail.mydomain.com.previous.pem";
    private const string OneName = "names: [mail.mydomain.com]";
    private const string TwoNames = "names: [mail.mydomain.com, smtp.mydomain.com]";

    [Fact]
    public async Task A_policy_is_rolled_back_to_what_was_served_before_and_then_the_first_apply_to_the_stock_host()
    {
        await using var lab = await MailLab.StartAsync();
        var stock = await lab.Host.SnapshotAsync();
        var stockServed = await ServedAsync(lab);
        await lab.ApplyAsync(0);
        var article = await lab.Host.SnapshotAsync();
        var (articleServed, suites) = (await ServedAsync(lab), await lab.SuitesAsync(993));

        await lab.WriteManifestAsync("intermediate");
        await lab.ApplyAsync(0);
        Assert.NotEqual(articleServed, await ServedAsync(lab));
        Assert.NotEqual(suites, await lab.SuitesAsync(993));

        var back = (await lab.RunAsync("mailtls rollback --auto-approve")).Output;
        Assert.Contains("verified by handshake", back, StringComparison.Ordinal);
        Assert.Equal(articleServed, await ServedAsync(lab));
        Assert.Equal(suites, await lab.SuitesAsync(993));
        Assert.Equal([Previous], article.ChangedPaths(await lab.Host.SnapshotAsync()));
        await lab.NothingLeftAsync();
        await lab.WriteManifestAsync("article");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();

        // The root CA stays, and so does the one former pair; everything else is as on the first day.
        var first = await FirstAsync(lab);
        Assert.Contains("MTS0737", (await lab.RunAsync($"mailtls rollback {first} --auto-approve")).Error, StringComparison.Ordinal);
        Assert.Equal(stockServed, await ServedAsync(lab));
        Assert.Equal(
            ["/etc/pki", "/etc/pki/mailtls", Previous, "/etc/pki/mailtls/ca", "/etc/pki/mailtls/ca/ca.key", MailLab.Root],
            stock.ChangedPaths(await lab.Host.SnapshotAsync()));
        Assert.Empty((await lab.RunAsync("ss -Hltn 'sport = :587 or sport = :465'")).Output);
        await lab.NothingLeftAsync();

        // A roll-back is an apply like any other: it is in the history, and can be rolled back.
        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(articleServed, await ServedAsync(lab));
        Assert.Empty(article.ChangesTo(await lab.Host.SnapshotAsync()));
        var table = (await lab.RunAsync("mailtls history")).Output;
        Assert.Equal(6, table.TrimEnd().Split('\n').Length);
        Assert.Equal(3, table.Split("Rolls back").Length - 1);
    }

    [Fact]
    public async Task A_renewal_is_rolled_back_to_the_one_former_pair_which_goes_when_its_time_is_up()
    {
        await using var lab = await MailLab.AppliedAsync();
        var (former, served) = (await lab.RunAsync($"sha256sum <{MailLab.Bundle}"), await ServedAsync(lab));
        await lab.WriteManifestAsync("article", text => text.Replace(OneName, TwoNames, StringComparison.Ordinal));
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(former.Output, (await lab.RunAsync($"sha256sum <{Previous}")).Output);
        Assert.Equal("600 0:0", (await lab.RunAsync($"stat -c '%a %u:%g' {Previous}")).Output.Trim());
        var renewed = (await lab.RunAsync($"sha256sum <{MailLab.Bundle}")).Output;

        // Without a terminal and without a word nothing happens; nor while another run holds the lock.
        await lab.RunAsync("mailtls rollback", 1);
        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(former.Output, (await lab.RunAsync($"sha256sum <{MailLab.Bundle}")).Output);
        Assert.Equal(served, await ServedAsync(lab));
        Assert.Equal(renewed, (await lab.RunAsync($"sha256sum <{Previous}")).Output);
        await NoSecretInHistoryAsync(lab);

        await lab.WriteManifestAsync("article");
        await lab.ConvergedAsync();
        await lab.RunAsync($"touch -d '8 days ago' {Previous}");
        Assert.Contains("kept for 7d", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.RunAsync($"test ! -e {Previous}");
        await lab.ConvergedAsync();
        var gone = await lab.RunAsync("mailtls rollback $(mailtls history --format json | tr -d ' \",' | sed -n 's/^id://p' | sed -n 2p) --auto-approve", 1);
        Assert.Contains("MTS0736", gone.Error, StringComparison.Ordinal);
        Assert.Equal(served, await ServedAsync(lab));
    }

    [Fact]
    public async Task What_was_edited_since_is_refused_with_its_place_and_what_is_kept_nowhere_does_not_come_back()
    {
        await using var lab = await MailLab.AppliedAsync("article", text => text.Replace("  layout: bundle\n", "  layout: bundle\n  keepPrevious: 0\n", StringComparison.Ordinal));
        await lab.RunAsync("sed -i 's/^smtpd_tls_mandatory_ciphers = .*/smtpd_tls_mandatory_ciphers = medium/' /etc/postfix/main.cf && /run/lab/reload.sh");
        var line = (await lab.RunAsync("grep -n '^smtpd_tls_mandatory_ciphers' /etc/postfix/main.cf | cut -d: -f1")).Output.Trim();
        var edited = await lab.Host.SnapshotAsync();
        var refused = await lab.RunAsync("mailtls rollback --auto-approve", 1);
        Assert.Contains($"/etc/postfix/main.cf:{line}:1: error MTS0733", refused.Error, StringComparison.Ordinal);
        Assert.Empty(edited.ChangesTo(await lab.Host.SnapshotAsync()));

        await lab.ApplyAsync(0);
        await lab.WriteManifestAsync("intermediate", text => text.Replace("  layout: bundle\n", "  layout: bundle\n  keepPrevious: 0\n", StringComparison.Ordinal));
        await lab.ApplyAsync(0);
        await lab.RunAsync($"test ! -e {Previous}");
        var applied = await lab.Host.SnapshotAsync();
        var (served, suites) = (await ServedAsync(lab), await lab.SuitesAsync(993));
        refused = await lab.RunAsync("mailtls rollback --auto-approve", 1);
        Assert.Contains("keepPrevious: 0", refused.Error, StringComparison.Ordinal);
        refused = await lab.RunAsync($"mailtls rollback {await FirstAsync(lab)} --auto-approve --keep-certificate", 1);
        Assert.Contains("MTS0734", refused.Error, StringComparison.Ordinal);
        Assert.Empty(applied.ChangesTo(await lab.Host.SnapshotAsync()));

        // The settings alone go back, under the certificate that there is.
        await lab.RunAsync("mailtls rollback --auto-approve --keep-certificate");
        Assert.Equal(served, await ServedAsync(lab));
        Assert.NotEqual(suites, await lab.SuitesAsync(993));
        await lab.NothingLeftAsync();
    }

    [Fact]
    public async Task In_split_layout_a_rolled_back_rotation_uses_the_former_names_again()
    {
        await using var lab = await MailLab.AppliedAsync("split");
        var (before, served) = (await lab.Host.SnapshotAsync(), await ServedAsync(lab));
        await lab.WriteManifestAsync("split", text => text.Replace("ecdsa-p256", "ecdsa-p384", StringComparison.Ordinal));
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.NotEqual(served, await ServedAsync(lab));
        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(served, await ServedAsync(lab));
        Assert.Equal([Previous], before.ChangedPaths(await lab.Host.SnapshotAsync()));
        await lab.WriteManifestAsync("split");
        await lab.ConvergedAsync();
    }

    [Theory]
    [InlineData("split", "bundle")]
    [InlineData("bundle", "split")]
    public async Task A_layout_that_changed_is_rolled_back_together_with_its_pair(string from, string to)
    {
        await using var lab = await MailLab.AppliedAsync("split", text => Layout(text, from));
        var (before, served) = (await lab.Host.SnapshotAsync(), await ServedAsync(lab));
        await lab.WriteManifestAsync("split", text => Layout(text, to));
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(served, await ServedAsync(lab));
        Assert.Equal([Previous], before.ChangedPaths(await lab.Host.SnapshotAsync()));
        await lab.WriteManifestAsync("split", text => Layout(text, from));
        await lab.ConvergedAsync();

        static string Layout(string text, string layout) => text.Replace("layout: split", $"layout: {layout}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_former_pair_does_not_come_back()
    {
        await using var lab = await MailLab.AppliedAsync();
        var end = DateTimeOffset.UtcNow.AddSeconds(40);
        await lab.Host.WriteFileAsync(MailLab.Bundle, await ShortLivedAsync(lab, end), "600");
        await lab.RunAsync("/run/lab/reload.sh");
        await lab.ApplyAsync(0);
        await lab.RunAsync($"test -e {Previous}");
        await lab.RunAsync($"while openssl x509 -in {Previous} -noout -checkend 0 >/dev/null; do sleep 0.2; done");
        var applied = await lab.Host.SnapshotAsync();
        var refused = await lab.RunAsync("mailtls rollback --auto-approve", 1);
        Assert.Contains("MTS0736", refused.Error, StringComparison.Ordinal);
        Assert.Contains("has expired on", refused.Error, StringComparison.Ordinal);
        Assert.Empty(applied.ChangesTo(await lab.Host.SnapshotAsync()));
    }

    private static async Task<string> ShortLivedAsync(MailLab lab, DateTimeOffset end)
    {
        var (root, rootKey) = (await lab.Host.ReadFileAsync(MailLab.Root), await lab.Host.ReadFileAsync("/etc/pki/mailtls/ca/ca.key"));
        using var ca = X509Certificate2.CreateFromEncryptedPem(root, rootKey, "correct horse battery staple");
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=mail.mydomain.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("mail.mydomain.com");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var leaf = request.Create(ca, DateTimeOffset.UtcNow.AddMinutes(-5), end, [1, 2, 3, 4]);
        return key.ExportPkcs8PrivateKeyPem() + "\n" + leaf.ExportCertificatePem() + "\n";
    }

    // Neither key nor passphrase, nor a right for others.
    private static async Task NoSecretInHistoryAsync(MailLab lab)
    {
        await lab.RunAsync($"sed -n '/PRIVATE KEY/,/PRIVATE KEY/{{/-----/d;p}}' {MailLab.Bundle} {Previous} /etc/pki/mailtls/ca/ca.key >/root/secret.lines; cat /root/mail-ca.pass >>/root/secret.lines; test $(wc -l </root/secret.lines) -gt 20");
        Assert.Empty((await lab.RunAsync("grep -rlF -f /root/secret.lines /var/lib/mailtlsstate; mailtls history --format json | grep -F -f /root/secret.lines; rm /root/secret.lines")).Output);
        Assert.Equal("700\n", (await lab.RunAsync("stat -c %a /var/lib/mailtlsstate/applied")).Output);
        Assert.Equal("600\n", (await lab.RunAsync("stat -c %a /var/lib/mailtlsstate/applied/* | sort -u")).Output);
    }

    private static async Task<string> FirstAsync(MailLab lab)
    {
        using var history = JsonDocument.Parse((await lab.RunAsync("mailtls history --format json")).Output);
        return history.RootElement.GetProperty("applies").EnumerateArray().Last().GetProperty("id").GetString()!;
    }

    private static async Task<string> ServedAsync(MailLab lab) => await lab.Host.ServedCertificateAsync(993) + await lab.Host.ServedCertificateAsync(25, "smtp");
}
