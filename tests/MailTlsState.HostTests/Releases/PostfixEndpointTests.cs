using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>Listeners of Postfix as mail hosts have them, on every release.</summary>
public sealed class PostfixEndpointTests
{
    private const string FromRemote = "smtp-source -4 -m 1 -f someone@example.org -t root@mail.mydomain.com 10.77.0.1:";

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Postscreen_and_a_content_filters_way_back_in_keep_working_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await PostfixAsync(release);
        await lab.RunAsync(
            "sed -i -E 's/^smtp +inet .*smtpd$/#&/; s/^#(smtp +inet .*postscreen)$/\\1/; s/^#(smtpd +pass .*)/\\1/; s/^#(dnsblog +unix.*)/\\1/; s/^#(tlsproxy +unix.*)/\\1/' /etc/postfix/master.cf; "
            + "printf '127.0.0.1:10025 inet n - n - - smtpd\\n  -o content_filter=\\n  -o smtpd_tls_security_level=none\\n  -o smtpd_recipient_restrictions=permit_mynetworks,reject\\n' >>/etc/postfix/master.cf; "
            + "postconf -e postscreen_bare_newline_enable=yes postscreen_greet_wait=1s postscreen_tls_security_level=none 'tlsproxy_tls_protocols=!TLSv1.2,!TLSv1.3'; touch -d '1 minute ago' /etc/postfix/main.cf; postfix stop >/dev/null 2>&1; /run/lab/start-mail.sh 25 10025");
        var before = (await lab.RunAsync("grep -A 3 '^127.0.0.1:10025' /etc/postfix/master.cf")).Output;
        var applied = (await lab.ApplyAsync(0)).Output;
        Assert.Contains("none (/etc/postfix/main.cf:", applied, StringComparison.Ordinal);
        Assert.Contains("!TLSv1.2,!TLSv1.3 (/etc/postfix/main.cf:", applied, StringComparison.Ordinal);
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

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task A_remote_client_can_neither_log_in_nor_send_before_TLS_where_it_is_required_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await PostfixAsync(release);
        await lab.Host.EnableSaslAsync();
        await lab.WriteManifestAsync("article", text => Both(text, "smtp: { security: opportunistic }, submission: { security: required }"));
        await lab.ApplyAsync(0);
        var told = (await lab.Host.RunRemoteAsync("bash -c 'exec 3<>/dev/tcp/10.77.0.1/587; answer() { while read -r -u 3 l; do echo \"$l\"; case $l in ???\\ *) break ;; esac; done; }; answer; for say in \"EHLO x\" \"MAIL FROM:<a@example.org>\" \"AUTH PLAIN AGEAYg==\" QUIT; do printf \"%s\\r\\n\" \"$say\" >&3; answer; done'")).Expect(0).Output;
        Assert.Contains("STARTTLS", told, StringComparison.Ordinal);
        Assert.DoesNotContain("250-AUTH", told, StringComparison.Ordinal);
        Assert.DoesNotContain("250 2.1.0", told, StringComparison.Ordinal);
        Assert.Contains("530 5.7.0 Must issue a STARTTLS command first", told, StringComparison.Ordinal);

        // An old sender without TLS still gets its mail through on an opportunistic port 25, and not on one where TLS is required.
        (await lab.Host.RunRemoteAsync(FromRemote + "25")).Expect(0);
        await lab.WriteManifestAsync("article", text => Both(text, "smtp: { security: required }"));
        await lab.ApplyAsync(0);
        Assert.NotEqual(0, (await lab.Host.RunRemoteAsync(FromRemote + "25")).ExitCode);
        await lab.WriteManifestAsync("article", text => Both(text, "smtp: { security: opportunistic }, submission: { security: disabled }"));
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        (await lab.Host.RunRemoteAsync(FromRemote + "25")).Expect(0);
        Assert.Empty((await lab.RunAsync("ss -Hltn 'sport = :587'")).Output);
    });

    [Theory]
    [InlineData("bookworm", "main.cf")]
    [InlineData("trixie", "master.cf")]
    public async Task Postfix_alone_is_rehearsed_with_the_Dovecot_that_it_asks_for_passwords(string release, string where)
    {
        await using var lab = await MailLab.StartAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }, submission: { security: required }"), release);
        await lab.Host.EnableSaslAsync();
        if (where == "master.cf")
        {
            await lab.RunAsync(
                "postconf -X smtpd_sasl_type smtpd_sasl_path smtpd_sasl_auth_enable; postconf -M submission/inet='submission inet n - y - - smtpd'; "
                + "postconf -P submission/inet/smtpd_sasl_auth_enable=yes submission/inet/smtpd_sasl_type=dovecot submission/inet/smtpd_sasl_path=private/auth; "
                + "/run/lab/reload.sh");
        }

        var master = (await lab.RunAsync("cat /run/dovecot/master.pid; ls -i /var/spool/postfix/private/auth; find /etc/dovecot -type f -exec sha256sum {} +")).Output;
        var applied = await lab.ApplyAsync(0);
        Assert.DoesNotContain("not rehearsed", applied.Error, StringComparison.OrdinalIgnoreCase);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        var told = (await lab.Host.RunRemoteAsync("{ sleep 1; printf 'EHLO x\\r\\n'; sleep 1; printf 'QUIT\\r\\n'; } | openssl s_client -quiet -starttls smtp -connect 10.77.0.1:587 2>&1")).Output;
        Assert.Contains("AUTH PLAIN", told, StringComparison.Ordinal);

        // The host's own Dovecot was neither touched nor reloaded.
        Assert.Equal(master, (await lab.RunAsync("cat /run/dovecot/master.pid; ls -i /var/spool/postfix/private/auth; find /etc/dovecot -type f -exec sha256sum {} +")).Output);
    }

    [Fact]
    public async Task Mail_to_other_hosts_follows_its_own_section()
    {
        await using var lab = await PostfixAsync("bookworm");
        await lab.RunAsync("postconf -e 'mine = $smtpd_tls_ciphers' 'smtp_tls_ciphers = $mine' 'smtp_tls_cert_file = $smtpd_tls_cert_file' 'smtp_tls_key_file = $smtpd_tls_key_file'; postconf -P relay/unix/smtp_tls_security_level=secure");
        const string server = "postconf -x tls_high_cipherlist tls_medium_cipherlist tls_eecdh_auto_curves smtp_tls_ciphers smtp_tls_cert_file smtp_tls_chain_files; postconf -P | grep -E '^(smtp|relay)/unix'; :";
        var before = (await lab.RunAsync(server)).Output;
        await lab.RunAsync("postconf -e 'relayhost = [10.77.0.2]'; postconf -P smtp/unix/smtp_tls_security_level=none; touch -d '1 minute ago' /etc/postfix/main.cf");
        (await lab.Host.RunRemoteAsync("smtp-sink -u nobody 10.77.0.2:25 10 </dev/null >/dev/null 2>&1 & i=0; while ! ss -Hltn 'sport = :25' | grep -q .; do i=$((i+1)); [ $i -lt 200 ] || exit 1; sleep 0.05; done")).Expect(0);

        await lab.WriteManifestAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }", "outbound: { security: required, minimumProtocol: TLSv1.2 }, "));
        var applied = await lab.ApplyAsync(0);
        Assert.Contains("none (/etc/postfix/master.cf:", applied.Output, StringComparison.Ordinal);
        Assert.Contains("note MTS0306: smtp_tls_security_level = secure is set for the transport relay", applied.Error, StringComparison.Ordinal);
        Assert.Equal("encrypt\n>=TLSv1.2\n>=TLSv1.2\n", (await lab.RunAsync("postconf -h smtp_tls_security_level smtp_tls_protocols smtp_tls_mandatory_protocols")).Output);
        Assert.Equal(before, (await lab.RunAsync(server)).Output);
        await lab.RunAsync("if grep ^mine /etc/postfix/main.cf; then exit 1; fi; " + Sent("status=deferred (TLS is required, but was not offered"));

        await lab.WriteManifestAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }", "outbound: { security: opportunistic }, "));
        await lab.ApplyAsync(0);
        Assert.Equal("may\n", (await lab.RunAsync("postconf -h smtp_tls_security_level")).Output);
        Assert.Equal(before, (await lab.RunAsync(server)).Output);
        await lab.RunAsync(Sent("status=sent (250"));
        await lab.ConvergedAsync();
    }

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task The_plan_names_the_destinations_that_a_table_gives_less_than_the_manifest_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await PostfixAsync(release);
        var type = (await lab.RunAsync("postconf -h default_database_type")).Output.Trim();
        await lab.RunAsync(
            $"printf 'mx.example.org encrypt\\nexample.com may protocols=>=TLSv1\\n' >/etc/postfix/tls_policy; cp /etc/postfix/tls_policy /etc/postfix/tls_text; printf 'text.example none\\n' >>/etc/postfix/tls_text; postmap {type}:/etc/postfix/tls_policy; "
            + $"postconf -e 'smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix, {type}:$config_directory/tls_policy, inline:{{ {{ inline.example = none }}, {{ b.example = encrypt }}, {{ c.example = encrypt }}, {{ d.example = encrypt }} }}'; "
            + "postconf -P relay/unix/smtp_tls_policy_maps=texthash:/etc/postfix/tls_text; touch -d '1 minute ago' /etc/postfix/main.cf");
        await lab.WriteManifestAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }", "outbound: { security: required, minimumProtocol: TLSv1.2 }, "));

        // Postfix prints a table of its memory in another order each time, which makes no plan stale.
        var told = (await lab.RunAsync($"mailtls plan {MailLab.Manifest} -o /root/mail.plan")).Error;
        await lab.ApplyAsync(0, "/root/mail.plan");
        Assert.Contains("warning MTS0320: smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix, ", told, StringComparison.Ordinal);
        Assert.Contains("example.com (may, protocols=>=TLSv1), inline.example (none). hint", told, StringComparison.Ordinal);
        Assert.Contains("smtp_tls_policy_maps = texthash:/etc/postfix/tls_text of the client relay gives single destinations less", told, StringComparison.Ordinal);
        Assert.Contains("text.example (none)", told, StringComparison.Ordinal);
        Assert.DoesNotContain("mx.example.org", told, StringComparison.Ordinal);
        await lab.ConvergedAsync();
    });

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Listeners_on_other_ports_that_the_manifest_does_not_name_are_verified_too_on(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await MailLab.StartAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }") + Imaps, release);
        await lab.RunAsync(
            "printf '2525 inet n - y - - smtpd\\n2465 inet n - y - - smtpd\\n  -o smtpd_tls_wrappermode=yes\\n2526 inet n - y - - smtpd\\n  -o smtpd_tls_security_level=none\\n127.0.0.1:10025 inet n - y - - smtpd\\n  -o content_filter=\\n' >>/etc/postfix/master.cf; "
            + "printf '2527 inet n - y - - smtpd\\n  -o smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem\\n  -o smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key\\n' >>/etc/postfix/master.cf; "
            + "printf 'service imap-login {\\n  inet_listener other {\\n    port = 1143\\n  }\\n  inet_listener others {\\n    port = 1993\\n    ssl = yes\\n  }\\n  inet_listener proxied {\\n    port = 1144\\n    haproxy = yes\\n  }\\n}\\n' >/etc/dovecot/conf.d/50-other.conf; "
            + "/run/lab/reload.sh; " + Listening("1993", "1144", "10025"));
        var applied = (await lab.ApplyAsync(0)).Output;
        Assert.Contains("postfix smtp on 127.0.0.1 port 2525", applied, StringComparison.Ordinal);
        var asked = (await lab.RunAsync($"mailtls verify {MailLab.Manifest} --format json | tr -d ' \n' | grep -o '\"port\":[0-9]*' | sort -u")).Output.Replace("\"port\":", "", StringComparison.Ordinal).Split('\n');
        Assert.Superset(new HashSet<string> { "25", "993", "1143", "1993", "2465", "2525" }, asked.ToHashSet());
        Assert.Empty(asked.Intersect(["10025", "2526", "2527", "1144"]));
        await lab.RunAsync("openssl s_client -starttls smtp -connect 127.0.0.1:2527 </dev/null 2>/dev/null | openssl x509 | cmp - /etc/ssl/certs/ssl-cert-snakeoil.pem");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();

        // What a listener has of its own is left, so the manifest cannot measure it; what all of them serve is seen on each.
        await lab.RunAsync("postconf -P 2525/inet/smtpd_tls_security_level=encrypt 2465/inet/smtpd_tls_protocols='!TLSv1.3'; cp /etc/ssl/certs/ssl-cert-snakeoil.pem /tmp; cat /etc/ssl/private/ssl-cert-snakeoil.key /tmp/ssl-cert-snakeoil.pem >/root/other.pem; postconf -e smtpd_tls_chain_files=/root/other.pem; /run/lab/reload.sh");
        var seen = (await lab.VerifyAsync(2)).Output;
        Assert.Contains("2525", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("2465", seen, StringComparison.Ordinal);
        Assert.Contains("MTS0306", (await lab.ApplyAsync(0)).Error, StringComparison.Ordinal);
        await lab.VerifyAsync(0);
    });

    [Fact]
    public async Task Unnamed_ports_of_other_instances_are_left_alone_and_the_plan_says_so()
    {
        await using var lab = await MailLab.StartAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }") + Imaps);
        await lab.RunAsync(
            "printf 'service pop3-login {\\n  inet_listener pop3s {\\n    port = 0\\n  }\\n}\\n' >/etc/dovecot/conf.d/50-pop3s.conf; /run/lab/reload.sh; i=0; while ss -Hltn 'sport = :995' | grep -q .; do i=$((i+1)); [ $i -lt 200 ] || exit 1; sleep 0.05; done; "
            + "cp -r /etc/dovecot /etc/dovecot-two; rm /etc/dovecot-two/conf.d/50-pop3s.conf; sed -i 's,/etc/dovecot/,/etc/dovecot-two/,' /etc/dovecot-two/conf.d/*.conf; "
            + "printf 'base_dir = /run/dovecot-two\\nprotocols = pop3\\nservice pop3-login {\\n  inet_listener pop3 {\\n    port = 0\\n  }\\n}\\n' >>/etc/dovecot-two/dovecot.conf; mkdir -p /run/dovecot-two; dovecot -c /etc/dovecot-two/dovecot.conf >/dev/null 2>&1; "
            + SecondInstance + Listening("587", "995"));
        const string serve = "for p in '587 -starttls smtp' 995; do openssl s_client -connect 10.77.0.1:$p </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256; done";
        var before = (await lab.RunAsync(serve + "; cat /var/spool/postfix-out/pid/master.pid /run/dovecot-two/master.pid; find /etc/postfix-out /etc/dovecot-two -type f -exec sha256sum {} +")).Output;
        var applied = await lab.ApplyAsync(0);
        Assert.Contains("note MTS0634: port 587 (postfix submission) is served by another instance of Postfix on ", applied.Error, StringComparison.Ordinal);
        Assert.Contains("note MTS0634: port 995 (dovecot pop3s) is served by another instance of Dovecot on ", applied.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("port 587", applied.Output, StringComparison.Ordinal);
        var verified = (await lab.VerifyAsync(0)).Output;
        Assert.DoesNotContain(":587", verified, StringComparison.Ordinal);
        Assert.DoesNotContain(":995", verified, StringComparison.Ordinal);
        await lab.ConvergedAsync();
        Assert.Equal(before, (await lab.RunAsync(serve + "; cat /var/spool/postfix-out/pid/master.pid /run/dovecot-two/master.pid; find /etc/postfix-out /etc/dovecot-two -type f -exec sha256sum {} +")).Output);

        // init names none of them.
        await lab.RunAsync("mailtls init >/root/init.yaml; grep imaps: /root/init.yaml && ! grep -E '^ *(submission|pop3s):' /root/init.yaml");

        // Named they are errors.
        await lab.WriteManifestAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }, submission: { security: required }") + Imaps.Replace("imaps: {", "pop3s: { security: implicit }, imaps: {", StringComparison.Ordinal));
        var refused = (await lab.RunAsync($"mailtls plan {MailLab.Manifest}", 1)).Error;
        Assert.Contains("MTS0305: port 587 for postfix submission is held by another instance of Postfix", refused, StringComparison.Ordinal);
        Assert.Contains("MTS0305: port 995 for dovecot pop3s is held by another instance of Dovecot", refused, StringComparison.Ordinal);
        await lab.WriteManifestAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }") + Imaps);

        // Nor is a primary that is down taken for one that runs.
        await lab.RunAsync("postfix -c /etc/postfix stop >/dev/null 2>&1");
        Assert.Contains("stopped → running", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
    }

    [Fact]
    public async Task A_named_port_of_a_second_instance_is_refused_and_both_instances_live_on()
    {
        await using var lab = await MailLab.StartAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }, submission: { security: required }"));
        await lab.RunAsync(SecondInstance + Listening("587"));
        var masters = (await lab.RunAsync("cat /var/spool/postfix/pid/master.pid /var/spool/postfix-out/pid/master.pid")).Output;
        await lab.RefusesAsync(1, ["MTS0305", $"another instance of Postfix (master process {masters.Split('\n')[1].Trim()})"]);

        await lab.RunAsync("sed -i 's/^submission inet/2525 inet/' /etc/postfix-out/master.cf; postfix -c /etc/postfix-out reload; i=0; while ss -Hltn 'sport = :587' | grep -q .; do i=$((i+1)); [ $i -lt 200 ] || exit 1; sleep 0.05; done");
        Assert.Contains("MTS0312", (await lab.ApplyAsync(0)).Error, StringComparison.Ordinal);
        Assert.Equal(masters, (await lab.RunAsync("cat /var/spool/postfix/pid/master.pid /var/spool/postfix-out/pid/master.pid")).Output);
        await lab.VerifyAsync(0);
    }

    private const string Imaps = "  dovecot: { endpoints: { imaps: { security: implicit } } }\n";

    // Postfix's own way to a second instance (MULTI_INSTANCE_README), on port 587.
    private const string SecondInstance =
        "cp -r /etc/postfix /etc/postfix-out; sed -i -E 's/^smtp +inet .*/submission inet n - n - - smtpd/; s/ y / n /' /etc/postfix-out/master.cf; "
        + "postconf -c /etc/postfix-out -e queue_directory=/var/spool/postfix-out data_directory=/var/lib/postfix-out; "
        + "mkdir /var/spool/postfix-out /var/lib/postfix-out; chown postfix /var/lib/postfix-out; postconf -e multi_instance_directories=/etc/postfix-out alternate_config_directories=/etc/postfix-out; "
        + "touch -d '1 minute ago' /etc/postfix/main.cf; postfix -c /etc/postfix-out start; ";

    private static string Listening(params string[] ports) =>
        string.Concat(ports.Select(p => $"i=0; while ! ss -Hltn 'sport = :{p}' | grep -q .; do i=$((i+1)); [ $i -lt 200 ] || exit 1; sleep 0.05; done; ")) + ":";

    private static string Sent(string logged) =>
        $"echo test | sendmail someone@example.org; i=0; while ! grep -qF '{logged}' /var/log/mail.log; do i=$((i+1)); [ $i -lt 400 ] || {{ tail -n 20 /var/log/mail.log; exit 1; }}; sleep 0.05; done";

    private static Task<MailLab> PostfixAsync(string release) =>
        MailLab.StartAsync("intermediate", text => OnlyPostfix(text, "smtp: { security: opportunistic }"), release);

    private static string OnlyPostfix(string text, string endpoints, string more = "") =>
        $"{text[..text.IndexOf("services:", StringComparison.Ordinal)]}services:\n  postfix: {{ {more}endpoints: {{ {endpoints} }} }}\n";

    // The login's passwords are Dovecot's, and a rehearsal starts the services of the manifest alone.
    private static string Both(string text, string endpoints) => OnlyPostfix(text, endpoints) + Imaps;
}
