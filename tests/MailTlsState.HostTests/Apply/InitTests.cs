using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>The article typed by hand as printed, with its traps; then init, plan and apply. Set MAILTLS_UPDATE_GOLDEN=1 to write the transcript anew.</summary>
public sealed partial class InitTests
{
    // Steps 2 to 11 of the article. The second between CA and leaf is the article's own: the leaf is signed later, for as many days.
    private const string Typed = """
        set -e
        umask 077; mkdir /root/ca; cd /root/ca
        openssl req -new -newkey rsa:2048 -nodes -keyout mail.key -out mail.csr -subj "/C=US/O=My Domain/CN=mail.mydomain.com"
        openssl genrsa -des3 -passout pass:apple-cider -out ca.key 2048
        openssl req -x509 -new -key ca.key -passin pass:apple-cider -sha256 -days 1825 -out ca.pem -subj "/C=US/O=My Domain/CN=My Mail CA"
        t=$(date +%s); while [ "$(date +%s)" = "$t" ]; do :; done
        openssl x509 -req -in mail.csr -CA ca.pem -CAkey ca.key -passin pass:apple-cider -CAcreateserial -days 1825 -sha256 -out mail.pem
        umask 022; mkdir -p /etc/pki/tls
        cp mail.key mail.pem /etc/pki/tls
        chown -R root:root /etc/pki/tls
        chmod 600 /etc/pki/tls/*
        chmod 700 /etc/pki/tls
        cat >>/etc/postfix/main.cf <<'E'
        smtpd_use_tls = yes
        smtpd_tls_cert_file = /etc/pki/tls/mail.pem
        smtpd_tls_key_file = /etc/pki/tls/mail.key
        smtpd_tls_eecdh_grade = strong
        smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1
        smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1
        smtp_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1
        smtp_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1
        smtpd_tls_mandatory_ciphers = high
        smtpd_tls_ciphers = high
        smtpd_tls_security_level = may
        tls_preempt_cipherlist = yes
        smtpd_tls_mandatory_exclude_ciphers = aNULL, MD5, DES, ADH, RC4, PSD, SRP, 3DES, eNULL
        smtpd_tls_exclude_ciphers = aNULL, MD5, DES, ADH, RC4, PSD, SRP, 3DES, eNULL
        E
        cat >/root/dovecot.lines <<'E'
        ssl = required
        ssl_cert = </etc/pki/tls/mail.pem
        ssl_key = </etc/pki/tls/mail.key
        ssl_cipher_list = EECDH+ECDSA+AESGCM:EECDH+aRSA+AESGCM:EECDH+ECDSA+SHA384:EECDH+ECDSA+SHA256:EECDH+aRSA+SHA384:EECDH+aRSA+SHA256:EECDH+aRSA+RC4:EECDH:EDH+aRSA:ALL:!aNULL:!eNULL:!LOW:!3DES:!MD5:!EXP:!PSK:!SRP:!DSS:!RC4:!SSLv2
        ssl_prefer_server_ciphers = yes
        ssl_protocols = !SSLv2 !SSLv3 !TLSv1 !TLSv1.1
        ssl_min_protocol = TLSv1.2
        E
        awk '/^!include conf.d/ && !done { while ((getline line < "/root/dovecot.lines") > 0) print line; done = 1 } { print }' /etc/dovecot/dovecot.conf >/root/dovecot.new
        cat /root/dovecot.new >/etc/dovecot/dovecot.conf
        /run/lab/reload.sh
        """;

    private static readonly string[] Broken = ["MTS0620", "MTS0621", "MTS0622", "MTS0623", "MTS0625", "MTS0626", "MTS0627", "MTS0628", "MTS0629", "MTS0630", "MTS0631", "MTS0632", "MTS0633"];

    [Theory]
    [InlineData("bullseye")]
    [InlineData("bookworm")]
    public async Task The_article_typed_by_hand_is_read_by_init_and_made_clean_by_apply_on(string release)
    {
        await using var host = await ThrowawayHost.StartMailHostAsync(new ThrowawayHostOptions { Release = release });
        (await host.RunAsync(Typed, timeLimit: TimeSpan.FromMinutes(3))).Expect(0);
        await host.WriteFileAsync("/root/mail-ca.pass", "apple-cider\n", "600");
        var before = await host.SnapshotAsync();
        var transcript = new List<string>();

        async Task<CommandResult> Run(string command, int exitCode)
        {
            var result = (await host.RunAsync(command, timeLimit: TimeSpan.FromMinutes(2))).Expect(exitCode);
            transcript.Add($"$ {command}\n{result.Output}{result.Error}");
            return result;
        }

        var init = await Run("mailtls init -o /root/found.yaml", 0);
        Assert.Empty(before.ChangesTo(await host.SnapshotAsync()));
        Assert.Equal("644 root", (await host.RunAsync("stat -c '%a %U' /root/found.yaml")).Output.Trim());
        await Run("cat /root/found.yaml", 0);
        await Run("mailtls validate /root/found.yaml", 0);
        Assert.Contains("MTS0908", (await host.RunAsync("mailtls init -o /root/found.yaml")).Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal(await host.ReadFileAsync("/root/found.yaml"), (await host.RunAsync("mailtls init 2>/dev/null")).Expect(0).Output);

        var plan = await Run("mailtls plan /root/found.yaml --detailed-exitcode", 2);
        foreach (var code in new[] { "MTS0620", "MTS0622", "MTS0623", "MTS0624", "MTS0625", "MTS0627", "MTS0628", "MTS0633" })
        {
            Assert.Contains(code, init.Error, StringComparison.Ordinal);
            Assert.Contains(code, plan.Error, StringComparison.Ordinal);
        }

        await Run("mailtls apply /root/found.yaml --auto-approve", 0);
        await Run("mailtls verify /root/found.yaml", 0);
        var clean = await Run("mailtls plan /root/found.yaml --detailed-exitcode", 0);
        Assert.StartsWith("No changes", clean.Output, StringComparison.Ordinal);
        Assert.All(Broken, code => Assert.DoesNotContain(code, clean.Error, StringComparison.Ordinal));

        // The CA that clients trust is still the one that signs, and the directory keeps its mode.
        (await host.RunRemoteAsync("openssl s_client -connect mail.mydomain.com:993 -CAfile /root/ca/ca.pem -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null")).Expect(0);
        Assert.Equal("700", (await host.RunAsync("stat -c %a /etc/pki/tls")).Output.Trim());
        if (release == "bookworm")
        {
            Compare("init-article.txt", Normalise(string.Join('\n', transcript)));
        }
    }

    [Fact]
    public async Task The_articles_lines_of_2_3_that_stop_Dovecot_2_4_are_named_with_what_takes_their_place_and_translated()
    {
        await using var host = await ThrowawayHost.StartMailHostAsync(new ThrowawayHostOptions { Release = "trixie" });

        // The reload is refused in the log alone, and Dovecot serves on by what it has loaded.
        (await host.RunAsync(Typed, timeLimit: TimeSpan.FromMinutes(3))).Expect(0);
        await host.WriteFileAsync("/root/mail-ca.pass", "apple-cider\n", "600");
        (await host.RunAsync("mailtls init -o /root/found.yaml", timeLimit: TimeSpan.FromMinutes(2))).Expect(0);
        (await host.RunAsync("kill $(cat /run/dovecot/master.pid) && while [ -e /run/dovecot/master.pid ]; do sleep 0.05; done; dovecot")).Expect(89);

        var plan = (await host.RunAsync("mailtls plan /root/found.yaml --detailed-exitcode", timeLimit: TimeSpan.FromMinutes(2))).Expect(2);
        foreach (var said in new[] { "ssl_cert\" is \"ssl_server_cert_file = /etc/pki/tls/mail.pem\"", "ssl_key\" is \"ssl_server_key_file = /etc/pki/tls/mail.key\"", "ssl_prefer_server_ciphers\" is \"ssl_server_prefer_ciphers = server\"", "ssl_protocols\"" })
        {
            Assert.Matches($@"/etc/dovecot/dovecot\.conf:\d+:1: note MTS0405: ""{Regex.Escape(said)}", plan.Error);
        }

        (await host.RunAsync("mailtls apply /root/found.yaml --auto-approve && mailtls verify /root/found.yaml", timeLimit: TimeSpan.FromMinutes(2))).Expect(0);
        Assert.StartsWith("No changes", (await host.RunAsync("mailtls plan /root/found.yaml --detailed-exitcode", timeLimit: TimeSpan.FromMinutes(2))).Expect(0).Output, StringComparison.Ordinal);
        (await host.RunRemoteAsync("openssl s_client -connect mail.mydomain.com:993 -CAfile /root/ca/ca.pem -verify_return_error -verify_hostname mail.mydomain.com -brief </dev/null")).Expect(0);
    }

    [Fact]
    public async Task A_pair_that_another_tool_keeps_stays_where_it_is()
    {
        const string Kept = "/etc/letsencrypt/live/mail.mydomain.com";
        await using var host = await ThrowawayHost.StartMailHostAsync();
        (await host.RunAsync(
            $"""
            set -e
            umask 077; mkdir -p {Kept}; cd {Kept}
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /root/elsewhere.key -out /root/elsewhere.pem -days 30 -subj '/CN=A CA elsewhere'
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout privkey.pem -subj /CN=mail.mydomain.com -addext subjectAltName=DNS:mail.mydomain.com -addext extendedKeyUsage=serverAuth |
                openssl x509 -req -CA /root/elsewhere.pem -CAkey /root/elsewhere.key -days 20 -copy_extensions copy -out fullchain.pem
            rm /root/elsewhere.key
            postconf -e smtpd_tls_cert_file={Kept}/fullchain.pem smtpd_tls_key_file={Kept}/privkey.pem
            printf 'ssl_cert = <{Kept}/fullchain.pem\nssl_key = <{Kept}/privkey.pem\n' >/etc/dovecot/local.conf
            /run/lab/reload.sh
            """)).Expect(0);
        await host.ServedCertificateAsync(993);
        var before = (await host.RunAsync($"stat -c '%n %i %a %Y' {Kept} {Kept}/*")).Output;

        var init = (await host.RunAsync("mailtls init -o /root/found.yaml && cat /root/found.yaml")).Expect(0);
        Assert.True(
            Regex.IsMatch(init.Output, $"kind: existing[^\\0]*certificate: \"{Kept}/fullchain.pem\"\n *key: \"{Kept}/privkey.pem\""), init.Output + init.Error);
        Assert.DoesNotContain("MTS0642", init.Error, StringComparison.Ordinal);
        (await host.RunAsync(
            "mailtls apply /root/found.yaml --auto-approve && mailtls verify /root/found.yaml",
            timeLimit: TimeSpan.FromMinutes(2))).Expect(0);
        Assert.StartsWith("No changes", (await host.RunAsync("mailtls plan /root/found.yaml --detailed-exitcode")).Expect(0).Output, StringComparison.Ordinal);
        Assert.Equal(before, (await host.RunAsync($"stat -c '%n %i %a %Y' {Kept} {Kept}/*")).Output);
    }

    [Fact]
    public async Task What_is_broken_later_is_found_by_plan()
    {
        await using var host = await ThrowawayHost.StartMailHostAsync();
        (await host.RunAsync(Typed, timeLimit: TimeSpan.FromMinutes(3))).Expect(0);
        await host.WriteFileAsync("/root/mail-ca.pass", "apple-cider\n", "600");
        (await host.RunAsync("mailtls init -o /root/found.yaml", timeLimit: TimeSpan.FromMinutes(2))).Expect(0);

        async Task Finds(string breakage, params string[] codes)
        {
            (await host.RunAsync(breakage)).Expect(0);
            var plan = (await host.RunAsync("mailtls plan /root/found.yaml", timeLimit: TimeSpan.FromMinutes(2))).Expect(0);
            Assert.All(codes, code => Assert.Contains(code, plan.Error, StringComparison.Ordinal));
        }

        await Finds("chmod 644 /etc/pki/tls/mail.key", "MTS0626: the private key /etc/pki/tls/mail.key has mode 0644");
        await Finds("chmod 600 /etc/pki/tls/mail.key; printf %s \"$(cat /root/ca/mail.pem)\" >/etc/pki/tls/mail.pem; cat /root/ca/ca.pem >>/etc/pki/tls/mail.pem", "MTS0630");
        await Finds("openssl genrsa -out /etc/pki/tls/mail.key 2048 && cp /root/ca/mail.pem /etc/pki/tls/mail.pem && /run/lab/reload.sh", "MTS0629", "MTS0632");

        // Step 6 as printed: the shell empties the leaf before cat reads it.
        await Finds("cd /etc/pki/tls && cat mail.pem /dev/null >mail.pem; :", "MTS0631");
        await Finds("printf 'ssl_cert = &lt;/etc/pki/tls/mail.pem\n' >>/etc/dovecot/dovecot.conf; doveconf -n >/dev/null && /run/lab/reload.sh", "MTS0621", "warning MTS0631: the certificate file is empty");

        // apply mends what it manages: nothing of this is left.
        (await host.RunAsync("mailtls apply /root/found.yaml --auto-approve && mailtls verify /root/found.yaml", timeLimit: TimeSpan.FromMinutes(2))).Expect(0);
        var after = (await host.RunAsync("mailtls plan /root/found.yaml --detailed-exitcode", timeLimit: TimeSpan.FromMinutes(2))).Expect(0);
        Assert.All(Broken, code => Assert.DoesNotContain(code, after.Error, StringComparison.Ordinal));
    }

    private static string Normalise(string text)
    {
        text = Hex().Replace(text, "HEX");
        text = Time().Replace(text, "TIME");
        text = Process().Replace(text, "process PID");
        return Milliseconds().Replace(text, "TIME");
    }

    private static void Compare(string name, string actual)
    {
        var file = Path.Combine(Folder(), "Golden", name);
        if (Environment.GetEnvironmentVariable("MAILTLS_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
        }

        Assert.Equal(File.Exists(file) ? File.ReadAllText(file) : "", actual);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex("[0-9a-f]{16,64}")]
    private static partial Regex Hex();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?( UTC|Z)?)?")]
    private static partial Regex Time();

    [GeneratedRegex("process [0-9]+")]
    private static partial Regex Process();

    [GeneratedRegex(@"\d+(\.\d+)? m?s\b")]
    private static partial Regex Milliseconds();
}
