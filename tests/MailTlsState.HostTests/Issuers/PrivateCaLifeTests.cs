using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>The article's CA, adopted, for all of its life on real daemons: encrypted anew, followed by another root, lost in every way.</summary>
public sealed class PrivateCaLifeTests
{
    private const string Next = "/etc/pki/mailtls/ca-2031";
    private const string Pair = "/etc/pki/mailtls/mail.mydomain.com.pem";
    private const string Extracted = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem";

    // openssl as the article has it: the root ends in 300 days, before a new certificate would.
    private const string ArticleCa = """
        umask 077; mkdir -p /root/ca && cd /root/ca
        openssl genrsa -des3 -traditional -passout file:/root/mail-ca.pass -out ca.key 2048 2>/dev/null
        openssl req -x509 -new -key ca.key -passin file:/root/mail-ca.pass -sha256 -days 300 -out ca.pem -subj '/O=My Domain/CN=My Mail CA'
        """;

    [Fact]
    public async Task An_adopted_root_is_encrypted_anew_and_followed_by_the_next_one_at_the_administrators_word()
    {
        await using var lab = await MailLab.StartAsync("intermediate");
        await lab.RunAsync(ArticleCa);
        await ManifestAsync(lab);
        await lab.ApplyAsync(0);
        await lab.RunAsync("cp /root/ca/ca.pem /root/old.pem; head -3 /root/ca/ca.key | grep -q DES-EDE3-CBC");
        Assert.Contains("weakly encrypted (MD5 DES-EDE3-CBC)", (await lab.PlanAsync(0)).Error, StringComparison.Ordinal);

        // Encrypted anew: not under a wrong passphrase, and not where something later fails.
        var old = (await lab.RunAsync("sha256sum /root/ca/ca.key")).Output;
        await ManifestAsync(lab, "keyEncryption: strong");
        await lab.RunAsync("mv /root/mail-ca.pass /root/right; (umask 077; echo wrong >/root/mail-ca.pass)");
        Assert.Contains("MTS0502", (await lab.ApplyAsync(1)).Error, StringComparison.Ordinal);
        await lab.RunAsync("mv /root/right /root/mail-ca.pass");
        Assert.Equal(old, (await lab.RunAsync("sha256sum /root/ca/ca.key")).Output);
        await lab.ApplyAsync(0);
        await lab.RunAsync("openssl pkey -in /root/ca/ca.key -passin file:/root/mail-ca.pass -noout && openssl asn1parse -in /root/ca/ca.key | grep -q :0927C0");
        Assert.Equal("ca.key\nca.pem\n", (await lab.RunAsync("ls -A /root/ca; ! grep -rl -e DEK-Info -e 'BEGIN RSA' /root/ca /etc/pki /var/lib/mailtlsstate")).Output);
        await lab.ConvergedAsync();

        // The next root: nothing that is served changes.
        var served = await lab.Host.ServedCertificateAsync(993, null);
        await ManifestAsync(lab, "keyEncryption: strong", $"successor: {{ directory: {Next}, lifetime: 3650d, subject: {{ commonName: My Mail CA 2031 }} }}");
        Assert.Contains("overlap with the present root", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(served, await lab.Host.ServedCertificateAsync(993, null));
        await lab.RunAsync($"mailtls ca export {MailLab.Manifest} --successor -o /root/new.pem && openssl x509 -in /root/new.pem -noout -subject | grep 'My Mail CA 2031'");
        await AcceptsAsync(lab, "/root/old.pem", true);
        await AcceptsAsync(lab, "/root/new.pem", false);

        // At the word: clients of the new root go on, and those who have only the old one do not.
        await ManifestAsync(lab, "keyEncryption: strong", $"successor: {{ directory: {Next}, lifetime: 3650d, subject: {{ commonName: My Mail CA 2031 }}, trusted: true }}");
        await lab.ApplyAsync(0);
        await AcceptsAsync(lab, "/root/new.pem", true);
        await AcceptsAsync(lab, "/root/old.pem", false);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();

        // The move is over.
        await lab.WriteManifestAsync("intermediate", text => Adopted(text, Next).Replace("My Mail CA\n      organization: My Domain\n", "My Mail CA 2031\n", StringComparison.Ordinal));
        await lab.PlanAsync(0);
        await lab.VerifyAsync(0);

        // Renewed with its own key instead: clients of either root accept it.
        await ManifestAsync(lab, $"successor: {{ directory: {Next}-same, key: same, lifetime: 3650d }}");
        await lab.RefusesAsync(1, ["MTS0535", "--accept-new-root"]);
        await lab.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve --accept-new-root");
        await ManifestAsync(lab, $"successor: {{ directory: {Next}-same, key: same, lifetime: 3650d, trusted: true }}");
        await lab.ApplyAsync(0);
        await AcceptsAsync(lab, "/root/old.pem", true);
        await AcceptsAsync(lab, Next + "-same/ca.pem", true);
        await AcceptsAsync(lab, "/root/new.pem", false);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task A_passphrase_comes_from_a_variable_a_credential_or_the_terminal()
    {
        await using var lab = await MailLab.StartAsync("intermediate");
        Task SourceAsync(string source) => lab.WriteManifestAsync("intermediate", t => t.Replace("    passphrase:\n      file: /root/mail-ca.pass\n", source, StringComparison.Ordinal));

        await SourceAsync("");
        var refused = await lab.RunAsync($"setsid mailtls apply {MailLab.Manifest} --auto-approve </dev/null", 1);
        Assert.Contains("MTS0219", refused.Error, StringComparison.Ordinal);
        await lab.RunAsync("test ! -e /etc/pki/mailtls");

        // Typed without echo: twice for a new key, once to open it.
        async Task<string> TypedAsync(string command, int exitCode, params string[] lines) => (await lab.RunAsync(
            $"{{ {string.Join(' ', lines.Select((l, i) => $"sleep {(i == 0 ? 6 : 2)}; printf '{l}\\r';"))} sleep 1; }} | script -qec '{command}' /dev/null", exitCode)).Output;
        var apply = $"mailtls apply {MailLab.Manifest} --auto-approve";
        Assert.Contains("MTS0219", await TypedAsync(apply, 1, "correct horse", "incorrect horse"), StringComparison.Ordinal);
        await lab.RunAsync("test ! -e /etc/pki/mailtls/ca/ca.key");
        var typed = await TypedAsync(apply, 0, "correct horse", "correct horse");
        Assert.Contains("Apply complete", typed, StringComparison.Ordinal);
        Assert.DoesNotContain("correct horse", typed, StringComparison.Ordinal);
        await lab.RunAsync("openssl pkey -in /etc/pki/mailtls/ca/ca.key -passin 'pass:correct horse' -noout");
        await lab.RunAsync($": >{Pair}");
        Assert.Contains("Apply complete", await TypedAsync(apply, 0, "correct horse"), StringComparison.Ordinal);

        await SourceAsync("    passphrase: { env: CA_PASS }\n");
        await lab.RunAsync($": >{Pair}; CA_PASS='correct horse' {apply}");
        await SourceAsync("    passphrase: { credential: mail-ca }\n");
        await lab.RunAsync($": >{Pair}");
        Assert.Contains("systemd credential mail-ca is not passed", (await lab.ApplyAsync(1)).Error, StringComparison.Ordinal);
        await lab.RunAsync($"install -d -m 500 /run/credentials/mailtls.service && printf 'correct horse' >/run/credentials/mailtls.service/mail-ca && chmod 400 /run/credentials/mailtls.service/mail-ca; CREDENTIALS_DIRECTORY=/run/credentials/mailtls.service {apply}");
        await lab.VerifyAsync(0);
        Assert.Empty((await lab.RunAsync("grep -rl 'correct horse' /var/lib/mailtlsstate /var/log /etc; true")).Output);
    }

    [Fact]
    public async Task Whatever_is_lost_is_told_with_its_price_and_repaired()
    {
        await using var lab = await MailLab.AppliedAsync("intermediate");
        await lab.RunAsync("cp -a /etc/pki/mailtls /root/backup");

        // The passphrase: told before it is needed; a wrong one changes nothing.
        await lab.RunAsync("mv /root/mail-ca.pass /root/kept");
        Assert.Contains("the next renewal needs it", (await lab.PlanAsync(0)).Error, StringComparison.Ordinal);
        await lab.RunAsync($"rm {Pair}");
        await lab.RefusesAsync(1, ["MTS0606"]);
        await lab.RunAsync("(umask 077; echo guessed >/root/mail-ca.pass)");
        await lab.RefusesAsync(1, ["MTS0502"]);
        await lab.RunAsync("mv /root/kept /root/mail-ca.pass");

        // The leaf and its key: made anew, at no price for clients.
        await lab.ApplyAsync(0);
        await AcceptsAsync(lab, "/root/backup/ca/ca.pem", true);

        // Truncated to nothing, and wrong owners.
        await lab.RunAsync($": >{Pair}; chown games {MailLab.Root}; chown games:games /etc/pki/mailtls/ca/ca.key; chmod 640 /etc/pki/mailtls/ca/ca.key");
        await lab.ApplyAsync(0);
        Assert.Equal("root:root 600\nroot:root 600\n", (await lab.RunAsync($"stat -c '%U:%G %a' {MailLab.Root} /etc/pki/mailtls/ca/ca.key")).Output);
        await AcceptsAsync(lab, "/root/backup/ca/ca.pem", true);
        await lab.RunAsync("chown games /etc/pki/mailtls");
        await lab.RefusesAsync(1, ["MTS0601", "belongs to user"]);
        await lab.RunAsync("chown root /etc/pki/mailtls");
        await lab.ConvergedAsync();

        // The root's certificate: any client has it.
        await lab.RunAsync($": >{MailLab.Root}");
        await lab.RefusesAsync(1, ["MTS0506"]);
        await lab.RunAsync($"cat /root/backup/ca/ca.pem >{MailLab.Root}");
        await lab.ConvergedAsync();

        // The root's key: nothing has to be done at once, and policy and settings can still be changed.
        await lab.RunAsync("rm /etc/pki/mailtls/ca/ca.key");
        Assert.Contains("warning MTS0536", (await lab.PlanAsync(0)).Error, StringComparison.Ordinal);
        await lab.RunAsync("postconf -e smtpd_tls_security_level=none && touch -d '1 minute ago' /etc/postfix/main.cf");
        await lab.ApplyAsync(0);
        await AcceptsAsync(lab, "/root/backup/ca/ca.pem", true);

        // Nothing can be signed any more: another root costs a visit to every client, and the word for it.
        await lab.RunAsync($": >{Pair}");
        await lab.RefusesAsync(1, ["error MTS0536", "--accept-new-root"]);
        await lab.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve --accept-new-root");
        await AcceptsAsync(lab, "/root/backup/ca/ca.pem", false);
        await AcceptsAsync(lab, MailLab.Root, true);
        await lab.ConvergedAsync();

        // All of it, while the daemons serve on from memory.
        await lab.RunAsync("rm -r /etc/pki/mailtls");
        await lab.RefusesAsync(1, ["error MTS0536"]);

        // After a reboot Dovecot does not even start: only history knows that clients trust a root.
        await lab.RunAsync("postfix stop 2>/dev/null; doveadm stop; while pgrep -x dovecot >/dev/null; do sleep 0.05; done");
        Assert.Contains("error MTS0536", (await lab.ApplyAsync(1)).Error, StringComparison.Ordinal);
        await lab.RunAsync("test ! -e /etc/pki/mailtls");
        await lab.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve --accept-new-root");
        await AcceptsAsync(lab, MailLab.Root, true);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task The_hosts_own_programs_trust_the_root_while_the_manifest_asks_for_it()
    {
        await using var lab = await MailLab.StartAsync("intermediate", WithTrustStore, release: LabEnvironment.Acme);
        var before = await TrustAsync(lab);

        // An apply that fails takes it back.
        await lab.ReplaceAsync("/usr/bin/doveadm", "exit 0");
        await lab.ApplyAsync(5);
        Assert.Equal(before, await TrustAsync(lab));
        await lab.RestoreAsync("/usr/bin/doveadm");

        await lab.ApplyAsync(0);
        await lab.RunAsync("openssl s_client -connect mail.mydomain.com:993 -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null");
        await lab.RunAsync($"openssl verify {Pair}; ls /etc/ssl/certs | grep -q mailtls-mail.mydomain.com.pem");
        await lab.RunAsync("for url in smtp://mail.mydomain.com:587 imap://mail.mydomain.com:143 imaps://mail.mydomain.com:993; do curl -sS --ssl-reqd -X NOOP $url || exit; done");
        await lab.ConvergedAsync();

        await lab.WriteManifestAsync("intermediate");
        await lab.ApplyAsync(0);
        Assert.Equal(before, await TrustAsync(lab));
        await lab.RunAsync($"openssl verify {Pair}", 2);
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task P11_kit_takes_the_root_on_a_host_of_Red_Hats_way_while_the_manifest_asks_for_it()
    {
        var packages = new[] { "p11-kit", "p11-kit-modules" }.ToDictionary(p => LabEnvironment.PackageFor("bookworm", p), p => $"/root/{p}.deb");
        await using var lab = await MailLab.StartAsync("intermediate", WithTrustStore, options: new ThrowawayHostOptions { Binds = packages });

        // Where p11-kit reads is chosen when it is built; update-ca-trust is Fedora's script, as far as it writes what OpenSSL reads.
        await lab.RunAsync(
            $$"""
            dpkg -i {{string.Join(' ', packages.Values)}}
            sed -i 's|^x-init-reserved:.*|x-init-reserved: paths=/etc/pki/ca-trust/source|' /usr/share/p11-kit/modules/p11-kit-trust.module
            mv /usr/sbin/update-ca-certificates /usr/sbin/update-ca-certificates.away
            mkdir -p /etc/pki/ca-trust/source/anchors /etc/pki/ca-trust/extracted/pem
            cat >/usr/bin/update-ca-trust <<'END'
            #!/bin/sh
            export P11_KIT_NO_USER_CONFIG=1
            /usr/bin/p11-kit extract --format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose server-auth {{Extracted}}
            END
            chmod 755 /usr/bin/update-ca-trust
            openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out /etc/pki/ca-trust/source/anchors/other.crt -subj '/CN=Another Root' -days 9
            update-ca-trust extract
            """);
        var before = (await lab.RunAsync($"cat {Extracted}")).Output;
        await lab.ApplyAsync(0);
        await lab.RunAsync($"trust list | grep -A2 'label: My Mail CA' | grep 'trust: anchor' && grep -q '# Another Root' {Extracted}");
        await lab.RunAsync($"openssl s_client -connect mail.mydomain.com:993 -CAfile {Extracted} -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null");
        await lab.ConvergedAsync();

        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(before, (await lab.RunAsync($"cat {Extracted}")).Output);
        Assert.Equal("other.crt\n", (await lab.RunAsync("ls /etc/pki/ca-trust/source/anchors")).Output);
        await lab.NothingLeftAsync();
    }

    private static string WithTrustStore(string manifest) => manifest.Replace("    lifetime: 1825d\n", "    lifetime: 1825d\n    trustStore: true\n", StringComparison.Ordinal);

    // Links with where they lead, and the bundle.
    private static async Task<string> TrustAsync(MailLab lab) =>
        (await lab.RunAsync("find /etc/ssl/certs /usr/local/share/ca-certificates -printf '%p %l\\n' | sort; sha256sum /etc/ssl/certs/ca-certificates.crt")).Output;

    private static Task ManifestAsync(MailLab lab, params string[] issuer) =>
        lab.WriteManifestAsync("intermediate", text => Adopted(text, "/root/ca", issuer));

    private static string Adopted(string text, string directory, params string[] issuer) => text.Replace(
        "    kind: privateCa\n", $"    kind: privateCa\n    directory: {directory}\n{string.Concat(issuer.Select(l => $"    {l}\n"))}", StringComparison.Ordinal);

    private static async Task AcceptsAsync(MailLab lab, string root, bool accepted)
    {
        foreach (var place in new[] { "-starttls smtp -connect mail.mydomain.com:587", "-connect mail.mydomain.com:993" })
        {
            (await lab.Host.RunRemoteAsync($"openssl s_client {place} -CAfile {root} -no-CAstore -no-CApath -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null")).Expect(accepted ? 0 : 1);
        }
    }
}
