using System.Text.Json;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Issuers;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Verification;

/// <summary>Real daemons in states that administrators get into: each has the finding that must appear, on the ports where it is so, and no other.</summary>
public sealed class BadStateTests
{
    private const string Kept = "/etc/kept";
    private const string Dovecot = "143 993 110 995";
    private const string All = "25 587 465 " + Dovecot;

    /// <summary>One state.</summary>
    /// <param name="Name">In words.</param>
    /// <param name="Make">Shell commands in the host; the daemons are reloaded after them.</param>
    /// <param name="Expected">The findings, as "CODE PORT PORT…; CODE PORT…".</param>
    private sealed record State(string Name, string Make, string Expected)
    {
        /// <summary>False where the daemons must not load what was made.</summary>
        public bool Reload { get; init; } = true;

        /// <summary>Further words for verify.</summary>
        public string Options { get; init; } = "";

        /// <summary>Changes the manifest.</summary>
        public Func<string, string> Manifest { get; init; } = text => text;
    }

    private static readonly State[] Certificates =
    [
        new("an expired leaf", Leaf(days: 5), $"MTS0809 {All}"),
        new("a leaf of the future", Leaf(start: "+2 days"), $"MTS0810 {All}"),
        new("a leaf for another name", Leaf(extensions: "sed s/mail.mydomain.com/www.mydomain.com/ server.ext"), $"MTS0811 {All}"),
        new("a leaf for clients alone", Leaf(extensions: "sed s/serverAuth/clientAuth/ server.ext"), $"MTS0813 {All}"),
        new("a leaf that may not sign handshakes", Leaf(extensions: "sed s/digitalSignature/keyAgreement/ server.ext"), $"MTS0804 {All}; MTS0813 {All}"),
        new("a chain without its intermediate", $"cp /root/ca/good.pem {Kept}/chain.pem", $"MTS0807 {All}"),
        new("a chain in the wrong order", $"cd /root/ca; cat good.pem root.pem sub.pem >{Kept}/chain.pem", $"MTS0812 {All}"),
        new("a certificate that belongs to no link", $"cd /root/ca; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=Stray -out stray.pem 2>/dev/null; cat good.pem sub.pem stray.pem >{Kept}/chain.pem", $"MTS0812 {All}"),
        new("a leaf that signed itself", $"cd /root/ca; {SelfSigned("server.key", "mail.mydomain.com")} >{Kept}/chain.pem", $"MTS0808 {All}"),
        new("an intermediate of the same name with another key", "cd /root/ca; key twin; openssl req -new -key twin.key -subj '/CN=Public Sub CA' | openssl x509 -req -CA root.pem -CAkey root.key -days 90 -set_serial 9 -extfile ca.ext -out twin.pem 2>/dev/null; "
            + $"cat good.pem twin.pem >{Kept}/chain.pem", $"MTS0814 {All}"),
        new("an expired intermediate", "cd /root/ca; openssl req -new -key sub.key -subj '/CN=Public Sub CA' -out sub.csr; "
            + $"openssl ca -batch -config ca.cnf -notext -startdate 20200101000000Z -enddate 20210101000000Z -cert root.pem -keyfile root.key -in sub.csr -extfile ca.ext -out old.pem 2>/dev/null; cat good.pem old.pem >{Kept}/chain.pem", $"MTS0809 {All}"),
        new("a leaf that was renewed and not loaded", $"mailtls verify --quick {MailLab.Manifest} >/dev/null; " + Leaf(), $"MTS0806 {All}") { Reload = false },
        new("a root that is not the one that is trusted", ":", $"MTS0807 {All}") { Options = "--root /root/ca/stray.pem" },
    ];

    private static readonly State[] Settings =
    [
        new("TLS off in Postfix", Postfix("smtpd_tls_security_level=none"), "MTS0802 25"),
        new("a key of another certificate in Postfix", $"cd /root/ca; cat twin.key good.pem sub.pem >{Kept}/wrong.pem; chmod 600 {Kept}/wrong.pem; " + Postfix($"smtpd_tls_chain_files={Kept}/wrong.pem"), "MTS0803 25 587; MTS0804 465"),
        new("port 465 closed", "postconf -MX submissions/inet", "MTS0801 465"),
        new("Dovecot down", "postconf -P submission/inet/smtpd_sasl_auth_enable=no submissions/inet/smtpd_sasl_auth_enable=no; /run/lab/reload.sh; doveadm stop; while pgrep -x dovecot >/dev/null; do sleep 0.05; done", $"MTS0801 {Dovecot}") { Reload = false },
        new("another program on a port", "postconf -MX submissions/inet; /run/lab/reload.sh; while ss -Hltn 'sport = :465' | grep -q .; do sleep 0.05; done; "
            + "setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 465, Listen => 50, ReuseAddr => 1) or die; while ($c = $s->accept) { print $c \"hello\\r\\n\"; close $c }' >/dev/null 2>&1 </dev/null & echo $! >/root/other.pid; sleep 0.3", "MTS0804 465"),
        new("TLS 1.0 on port 25 by an override", "postconf -P 'smtp/inet/smtpd_tls_protocols=>=TLSv1' 'smtp/inet/tls_high_cipherlist=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0'", "MTS0816 25; MTS0823 25 25 25"),
        new("a CBC suite in Postfix", "postconf -P 'smtp/inet/tls_high_cipherlist=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA'", "MTS0823 25"),
        new("anonymous suites in Postfix", "postconf -P 'smtp/inet/tls_high_cipherlist=ECDHE-ECDSA-AES128-GCM-SHA256:AECDH-AES128-SHA:@SECLEVEL=0' smtp/inet/smtpd_tls_exclude_ciphers=", "MTS0822 25"),
        new("a suite without encryption in Postfix", "postconf -P 'smtp/inet/tls_high_cipherlist=ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0' smtp/inet/smtpd_tls_exclude_ciphers=", "MTS0822 25"),
        new("a name of its own in Postfix", Postfix("tls_server_sni_maps=inline:{mail.mydomain.com=/root/ca/stray-bundle.pem}"), "MTS0806 25 587 465; MTS0808 25 587 465; MTS0811 25 587 465"),
        new("logins before TLS in Postfix", "postconf -P submission/inet/smtpd_tls_auth_only=no submission/inet/smtpd_tls_security_level=may", "MTS0818 587"),
        new("TLS 1.0 in Dovecot", DovecotLines("ssl_min_protocol = TLSv1", "ssl_cipher_list = ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"), $"MTS0816 {Dovecot}; MTS0823 {Dovecot} {Dovecot} {Dovecot}"),
        new("a CBC suite in Dovecot", DovecotLines("ssl_cipher_list = ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA384"), $"MTS0823 {Dovecot}"),
        new("another curve in Dovecot", DovecotLines("ssl_curve_list = P-521:P-256"), $"MTS0824 {Dovecot} {Dovecot}"),
        new("a short prime in Dovecot", "openssl dhparam -dsaparam -out /root/dh.pem 1024 2>/dev/null; " + DovecotLines("ssl_cipher_list = ECDHE-ECDSA-AES128-GCM-SHA256:ADH-AES128-SHA:@SECLEVEL=0", "ssl_dh = </root/dh.pem"), $"MTS0822 {Dovecot}; MTS0835 {Dovecot}"),
        new("passwords in the clear in Dovecot", DovecotLines("ssl = yes", "disable_plaintext_auth = no"), "MTS0818 143 110"),
        new("TLS off in Dovecot", DovecotLines("ssl = no"), "MTS0802 143 110; MTS0801 993 995"),
        new("another certificate for the name in Dovecot", DovecotLines("local_name mail.mydomain.com {", "ssl_cert = </root/ca/stray-bundle.pem", "ssl_key = </root/ca/stray-bundle.pem", "}"), $"MTS0806 {Dovecot}; MTS0808 {Dovecot}; MTS0811 {Dovecot}"),
        new("a further name that serves something else", DovecotLines("local_name imap.mydomain.com {", "ssl_cert = </root/ca/stray-bundle.pem", "ssl_key = </root/ca/stray-bundle.pem", "}"), $"MTS0806 {Dovecot}; MTS0808 {Dovecot}; MTS0811 {All}")
        {
            Manifest = text => text.Replace("names: [mail.mydomain.com]", "names: [mail.mydomain.com, imap.mydomain.com]", StringComparison.Ordinal),
        },
        new("a listener that the manifest wants off", ":", "MTS0820 110") { Manifest = text => text.Replace("pop3: { security: required }", "pop3: { security: disabled }", StringComparison.Ordinal) },
        new("a port behind a proxy", ":", "MTS0821 995") { Manifest = text => text.Replace("pop3s: { security: implicit }", "pop3s: { security: implicit, proxyProtocol: true }", StringComparison.Ordinal) },
        new("another policy than the host's", ":", $"MTS0816 {All}; MTS0823 {All}") { Options = "--against modern" },

        // The last one: Postfix's master holds back a service that died, for a minute.
        new("a login mechanism that does not work", "postconf -P submission/inet/smtpd_sasl_path=private/nothing", "MTS0805 587"),
    ];

    // The states are written as Postfix 3.7 and Dovecot 2.3 say it.
    private static readonly Dictionary<string, (string Usual, string There)[]> Spellings = new()
    {
        ["bullseye"] = [(">=TLSv1", "!SSLv2,!SSLv3")],
        ["bookworm"] = [],
        ["trixie"] = [("ssl_cert = <", "ssl_server_cert_file = "), ("ssl_key = <", "ssl_server_key_file = "), ("ssl_dh = <", "ssl_server_dh_file = "), ("disable_plaintext_auth = no", "auth_allow_cleartext = yes")],
    };

    [Theory]
    [MemberData(nameof(DebianReleases.Usual), MemberType = typeof(DebianReleases))]
    public Task Each_state_has_its_finding_and_no_other_on(string release) => DebianReleases.RunAsync(release, () => TryAllAsync(release));

    private static async Task TryAllAsync(string release)
    {
        var spelling = Spellings.GetValueOrDefault(release, Spellings[DebianReleases.Stable[^1]]);
        await using var lab = await MailLab.StartAsync("intermediate", Manifest, release);

        // One address for each port, so that a finding stands once.
        await lab.RunAsync("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1; postconf -e inet_protocols=ipv4; touch -d '1 minute ago' /etc/postfix/main.cf; echo 'listen = *' >>/etc/dovecot/dovecot.conf");
        await lab.Host.StopMailAsync();
        await lab.Host.StartMailAsync();
        await lab.Host.EnableSaslAsync();
        await lab.RunAsync(PublicCa.Make + $"""

            mkdir -m 700 {Kept}; key server; install -m 600 server.key {Kept}/key.pem
            openssl req -new -key server.key -subj /CN=mail.mydomain.com -out server.csr
            key stray; {SelfSigned("stray.key", "stray.example")} >stray.pem
            cat stray.key stray.pem >stray-bundle.pem; chmod 600 stray-bundle.pem
            """);
        await lab.RunAsync(PublicCa.Sign("server.csr", "good.pem") + $"; cat good.pem sub.pem >{Kept}/chain.pem");
        await lab.ApplyAsync(0);
        await lab.RunAsync($"postconf -e smtpd_sasl_auth_enable=no; postconf -P submission/inet/smtpd_sasl_auth_enable=yes submissions/inet/smtpd_sasl_auth_enable=yes; {Reload}");
        Assert.Equal("", await SeenAsync(lab, ""));
        await lab.RunAsync($"cp -a /etc/postfix /etc/dovecot {Kept} /root/");
        var failures = new List<string>();
        foreach (var state in Certificates.Concat(Settings))
        {
            await lab.WriteManifestAsync("intermediate", text => state.Manifest(Manifest(text)));
            await lab.RunAsync($"key() {{ openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }}; {spelling.Aggregate(state.Make, (text, word) => text.Replace(word.Usual, word.There, StringComparison.Ordinal))}");
            if (state.Reload)
            {
                await lab.RunAsync(Reload);
            }

            var seen = await SeenAsync(lab, state.Options);
            var expected = Ordered(state.Expected.Split("; ").SelectMany(e => e.Split(' ').Skip(1).Select(port => $"{e.Split(' ')[0]} {port}")));
            Console.WriteLine($"{release}, {state.Name}: {seen}");
            if (seen != expected)
            {
                failures.Add($"{state.Name}: expected {expected}, seen {seen}");
            }

            await lab.RunAsync($"if [ -e /root/other.pid ]; then kill $(cat /root/other.pid); rm /root/other.pid; fi; rm -rf /etc/postfix /etc/dovecot {Kept}; cp -a /root/postfix /root/dovecot /root/{Path.GetFileName(Kept)} /etc/; pgrep -x dovecot >/dev/null || dovecot >/dev/null 2>&1 </dev/null; {Reload}");
        }

        Assert.True(failures.Count == 0, string.Join("\n", failures));

        // And what was made undone is whole again, once nothing is held back any more.
        await lab.Host.StopMailAsync();
        await lab.Host.StartMailAsync();
        await lab.WriteManifestAsync("intermediate", Manifest);
        Assert.Equal("", await SeenAsync(lab, ""));
    }

    private const string Reload = "/run/lab/reload.sh";

    private static async Task<string> SeenAsync(MailLab lab, string options)
    {
        var result = await lab.Host.RunAsync($"mailtls verify {MailLab.Manifest} --format json {options}", timeLimit: TimeSpan.FromMinutes(2));
        using var json = JsonDocument.Parse(result.ExitCode is 0 or 2 ? result.Output : throw new InvalidOperationException(result.ToString()));
        return Ordered(json.RootElement.GetProperty("endpoints").EnumerateArray()
            .SelectMany(e => e.GetProperty("findings").EnumerateArray().Select(f => $"{f.GetProperty("code").GetString()} {e.GetProperty("port").GetInt32()}")));
    }

    private static string Ordered(IEnumerable<string> findings) => string.Join(", ", findings.Order(StringComparer.Ordinal));

    private static string Manifest(string text) =>
        text[..text.IndexOf("  keys:", StringComparison.Ordinal)]
        + $"  issuer:\n    kind: existing\n    trust: {{ file: /root/ca/root.pem }}\n    files: [{{ certificate: {Kept}/chain.pem, key: {Kept}/key.pem }}]\n"
        + text[text.IndexOf("policy:", StringComparison.Ordinal)..];

    // Signed by the intermediate; it began ten days ago where nothing else is said.
    private static string Leaf(int days = 90, string start = "-10 days", string extensions = "cat server.ext") =>
        $"cd /root/ca; {extensions} >this.ext; openssl ca -batch -config ca.cnf -notext -startdate $(date -u -d '{start}' +%Y%m%d%H%M%SZ) -enddate $(date -u -d '{days - 10} days' +%Y%m%d%H%M%SZ)"
        + $" -cert sub.pem -keyfile sub.key -in server.csr -extfile this.ext -out this.pem 2>/dev/null; cat this.pem sub.pem >{Kept}/chain.pem";

    // Not by req -x509 -addext: OpenSSL 1.1.1 leaves its own basicConstraints beside.
    private static string SelfSigned(string key, string name) =>
        $"printf 'basicConstraints=critical,CA:FALSE\\nsubjectAltName=DNS:{name}\\n' >self.ext; openssl req -new -key {key} -subj /CN={name} | openssl x509 -req -signkey {key} -days 30 -extfile self.ext 2>/dev/null";

    private static string Postfix(string setting) => $"postconf -e '{setting}'";

    private static string DovecotLines(params string[] lines) => $"printf '%s\\n' {string.Join(' ', lines.Select(l => $"'{l}'"))} >>/etc/dovecot/dovecot.conf";
}
