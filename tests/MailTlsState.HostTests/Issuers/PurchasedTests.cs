using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>A certificate from a CA elsewhere: asked for, waited for, imported, renewed. The CA is <see cref="PublicCa"/>.</summary>
public sealed class PurchasedTests
{
    private const string Csr = "/etc/pki/mailtls/mail.mydomain.com.csr";
    private const string NextKey = "/etc/pki/mailtls/mail.mydomain.com.next.key";
    private const string Strict = "-CAfile /root/ca/root.pem -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null";

    [Fact]
    public async Task A_purchased_certificate_is_asked_for_waited_for_imported_and_renewed()
    {
        await using var lab = await StartAsync();

        // The request: nothing that is served, and no configuration, changes.
        var before = await FingerprintAsync(lab);
        var settings = await SettingsAsync(lab);
        var asked = await lab.ApplyAsync(0);
        Assert.Contains("MTS0515", asked.Error, StringComparison.Ordinal);
        Assert.Equal(before, await FingerprintAsync(lab));
        Assert.Equal(settings, await SettingsAsync(lab));
        Assert.Equal("600 root:root\n600 root:root\n", (await lab.RunAsync($"stat -c '%a %U:%G' {Csr} {NextKey}")).Output);
        Assert.Contains("MTS0515", (await lab.PlanAsync(0)).Error, StringComparison.Ordinal);
        Assert.Contains("No changes", (await lab.ApplyAsync(0)).Output, StringComparison.Ordinal);
        var printed = (await lab.RunAsync($"mailtls csr {MailLab.Manifest} | tee /root/ca/1.csr; openssl req -in {Csr} -verify -noout")).Output;
        Assert.Equal((await lab.RunAsync($"cat {Csr}")).Output, printed);

        // Refusals change nothing.
        await SignAsync(lab, "1.csr", "1.pem");
        await lab.RunAsync("cd /root/ca && key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }; key x; openssl req -new -key x.key -subj /CN=mail.mydomain.com | openssl x509 -req -CA sub.pem -CAkey sub.key -days 9 -set_serial 9 -extfile server.ext -out x.pem; printf 'PK\\003\\004' >a.zip; openssl pkcs12 -export -in 1.pem -nokeys -passout pass:right -out key.p12");
        var untouched = await lab.Host.SnapshotAsync();
        await RefusedAsync(lab, "MTS0547", "1.pem", "http://ca.example/sub.der");
        await RefusedAsync(lab, "MTS0546", "x.pem sub.pem", "have the CA sign the present request");
        await RefusedAsync(lab, "MTS0541", "a.zip", "unpack it");
        await RefusedAsync(lab, "MTS0544", "--password-env WRONG key.p12", "check the password", "export WRONG=wrong");

        Assert.Empty(untouched.ChangesTo(await lab.Host.SnapshotAsync()));

        // The import: as a vendor sends it, root first, lines glued.
        await lab.RunAsync("cd /root/ca && printf %s \"$(cat root.pem sub.pem)\" >vendor.crt && cat 1.pem >>vendor.crt");
        var imported = await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/vendor.crt --auto-approve");
        Assert.Contains("Import complete", imported.Output, StringComparison.Ordinal);
        Assert.Contains("MTS0555", imported.Error, StringComparison.Ordinal);
        await SeenAsync(lab, "1.pem");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal("mail.mydomain.com.pem\n", (await lab.RunAsync("ls /etc/pki/mailtls")).Output);
        Assert.Contains("No changes", (await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/vendor.crt --auto-approve")).Output, StringComparison.Ordinal);

        // The renewal: due by the manifest, asked for with the same key, the running pair untouched.
        await lab.WriteManifestAsync("purchased", text => Trusting(text).Replace("  layout: bundle\n", "  layout: bundle\n  renewBefore: 85d\n", StringComparison.Ordinal));
        var pair = (await lab.RunAsync($"sha256sum {MailLab.Bundle}")).Output;
        Assert.Contains("renewal is due", (await lab.ApplyAsync(0)).Error, StringComparison.Ordinal);
        Assert.Equal(pair, (await lab.RunAsync($"sha256sum {MailLab.Bundle}")).Output);
        await SeenAsync(lab, "1.pem");
        await lab.VerifyAsync(0);
        await lab.PlanAsync(0);
        await lab.RunAsync($"cp {Csr} /root/ca/2.csr; test ! -e {NextKey}");

        // The present certificate again is no renewal: pair and request stay.
        Assert.Contains("No changes", (await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/vendor.crt --auto-approve; cmp {Csr} /root/ca/2.csr")).Output, StringComparison.Ordinal);
        Assert.Equal(pair, (await lab.RunAsync($"sha256sum {MailLab.Bundle}")).Output);
        await SignAsync(lab, "2.csr", "2.pem", days: 365);

        // The CA sends the leaf alone: the intermediate is on the host already.
        await lab.RunAsync($"openssl x509 -in /root/ca/2.pem -outform DER -out /root/ca/2.der; mailtls import {MailLab.Manifest} /root/ca/2.der --auto-approve");
        await SeenAsync(lab, "2.pem");
        Assert.Equal((await lab.RunAsync("openssl x509 -in /root/ca/1.pem -noout -pubkey")).Output, (await lab.RunAsync("openssl x509 -in /root/ca/2.pem -noout -pubkey")).Output);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_pkcs12_file_brings_its_own_key_and_its_password_comes_from_a_file_a_variable_or_the_terminal()
    {
        await using var lab = await StartAsync();
        await lab.RunAsync(Make("1") + Make("2") + Make("3", "-legacy"));
        await lab.Host.WriteFileAsync("/root/p12.pass", "long password\n", "600");

        Assert.Contains("MTS0543", (await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/1.p12 --auto-approve", 1)).Error, StringComparison.Ordinal);
        await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/1.p12 --auto-approve --password-file /root/p12.pass");
        await SeenAsync(lab, "1.pem");
        await lab.RunAsync($"export P12='long password'; mailtls import {MailLab.Manifest} /root/ca/2.p12 --auto-approve --password-env P12");
        await SeenAsync(lab, "2.pem");

        // Typed without echo; then the plan is approved on the same terminal.
        var typed = await lab.RunAsync($"{{ sleep 2; printf 'long password\\r'; sleep 6; printf 'yes\\r'; }} | script -qec 'mailtls import {MailLab.Manifest} /root/ca/3.p12' /dev/null");
        Assert.DoesNotContain("long password", typed.Output, StringComparison.Ordinal);
        Assert.Contains("Import complete", typed.Output, StringComparison.Ordinal);
        await SeenAsync(lab, "3.pem");
        await lab.ConvergedAsync();
        Assert.DoesNotContain("PRIVATE KEY", (await lab.RunAsync("grep -rl 'PRIVATE KEY' /var/lib/mailtlsstate /var/log /run 2>/dev/null; true")).Output, StringComparison.Ordinal);

        static string Make(string name, string options = "") => $"""
            cd /root/ca; openssl ecparam -name prime256v1 -genkey -noout -out {name}.key; openssl req -new -key {name}.key -subj /CN=mail.mydomain.com | openssl x509 -req -CA sub.pem -CAkey sub.key -days 90 -set_serial 1{name} -extfile server.ext -out {name}.pem
            openssl pkcs12 -export {options} -in {name}.pem -inkey {name}.key -certfile sub.pem -passout 'pass:long password' -out {name}.p12

            """;
    }

    [Fact]
    public async Task A_renewal_with_another_key_in_two_files_goes_under_new_names()
    {
        string Edit(string text) => text.Replace("layout: bundle", "layout: split\n  rotateKey: true\n  keepPrevious: 0", StringComparison.Ordinal);
        await using var lab = await StartAsync(Edit);
        await lab.ApplyAsync(0);
        await lab.RunAsync($"cp {Csr} /root/ca/1.csr");
        await SignAsync(lab, "1.csr", "1.pem");
        await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/1.pem /root/ca/sub.pem --auto-approve");
        await SeenAsync(lab, "1.pem");

        await lab.WriteManifestAsync("purchased", text => Edit(Trusting(text)).Replace("  rotateKey", "  renewBefore: 85d\n  rotateKey", StringComparison.Ordinal));
        await lab.ApplyAsync(0);
        await SeenAsync(lab, "1.pem");
        await lab.RunAsync($"test -e {NextKey}; cp {Csr} /root/ca/2.csr");
        await SignAsync(lab, "2.csr", "2.pem", days: 365);
        await lab.RunAsync($"mailtls import {MailLab.Manifest} /root/ca/2.pem --auto-approve");
        await SeenAsync(lab, "2.pem");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal("mail.mydomain.com.2.key\nmail.mydomain.com.2.pem\n", (await lab.RunAsync("ls /etc/pki/mailtls")).Output);
    }

    private static async Task<MailLab> StartAsync(Func<string, string>? edit = null)
    {
        var lab = await MailLab.StartAsync("purchased", text => edit is null ? Trusting(text) : edit(Trusting(text)));
        await lab.RunAsync(PublicCa.Make);
        return lab;
    }

    private static string Trusting(string text) => text.Replace("trust: system ", "trust: { file: /root/ca/root.pem } ", StringComparison.Ordinal);

    private static Task SignAsync(MailLab lab, string request, string certificate, int days = 90) => lab.RunAsync(PublicCa.Sign(request, certificate, days));

    private static async Task RefusedAsync(MailLab lab, string code, string files, string said, string first = "true")
    {
        var refused = await lab.RunAsync($"cd /root/ca; {first}; mailtls import {MailLab.Manifest} {files} --auto-approve", 1);
        Assert.Contains(code, refused.Error, StringComparison.Ordinal);
        Assert.Contains(said, refused.Error, StringComparison.Ordinal);
    }

    // Postfix and Dovecot, both with the whole chain.
    private static async Task SeenAsync(MailLab lab, string certificate, string options = "")
    {
        var wanted = (await lab.RunAsync($"openssl x509 -in /root/ca/{certificate} -noout -fingerprint -sha256")).Output;
        foreach (var place in new[] { "-starttls smtp -connect mail.mydomain.com:587", "-connect mail.mydomain.com:993" })
        {
            (await lab.Host.RunRemoteAsync($"openssl s_client {options} {place} {Strict}")).Expect(0);
            Assert.Equal(wanted, (await lab.Host.RunRemoteAsync($"openssl s_client {options} {place} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256")).Output);
        }
    }

    private static async Task<string> FingerprintAsync(MailLab lab) =>
        (await lab.Host.RunAsync("openssl s_client -starttls smtp -connect 127.0.0.1:25 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256")).Output;

    private static async Task<string> SettingsAsync(MailLab lab) => (await lab.RunAsync("cat /etc/postfix/*.cf | sha256sum; find /etc/dovecot -type f | sort | xargs sha256sum")).Output;
}
