using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Releases;

/// <summary>What Dovecot's versions have to be told differently, by what a remote client sees.</summary>
public sealed class DovecotTests
{
    private const string Folder = "/etc/dovecot/conf.d";
    private const string Own = Folder + "/99-mailtlsstate.conf";

    private static readonly string[] MailRoots = ["etc/dovecot", "etc/pki"];

    [Theory]
    [MemberData(nameof(DebianReleases.All), MemberType = typeof(DebianReleases))]
    public Task Each_protocol_has_its_own_security_and_what_is_not_named_keeps_its_own(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }"), release);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Contains("LOGINDISABLED", await SaidAsync(lab, 143, "a capability\\r\\n"), StringComparison.Ordinal);
        Assert.Contains("PRIVACYREQUIRED", await SaidAsync(lab, 143, "a login anna apple-cider\\r\\n"), StringComparison.Ordinal);
        Assert.Matches(@"(?m)^protocol imap \{\r?$", await lab.Host.ReadFileAsync(Own));
        Assert.DoesNotMatch(@"(?m)^ssl = ", await lab.Host.ReadFileAsync(Own));

        // The other way round: what imap was given before is taken back, and pop3 gets it alone.
        await lab.WriteManifestAsync("article", OnlyDovecot("imap: { security: opportunistic }\n      pop3: { security: required }"));
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Contains("-ERR", await SaidAsync(lab, 110, "USER anna\\r\\n"), StringComparison.Ordinal);
        Assert.Contains("STARTTLS", await SaidAsync(lab, 143, "a capability\\r\\n"), StringComparison.Ordinal);
    });

    [Theory]
    [InlineData("bookworm")]
    [InlineData("trixie")]
    public async Task A_Dovecot_that_keeps_its_sockets_elsewhere_is_applied_and_known_to_run_or_not_on(string release)
    {
        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }"), release);
        await lab.Host.StopMailAsync();
        await lab.RunAsync("echo 'base_dir = /run/dovecot-elsewhere' >>/etc/dovecot/dovecot.conf; /run/lab/start-mail.sh 143 993; test -e /run/dovecot-elsewhere/master.pid; test ! -e /run/dovecot/master.pid");
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        (await lab.Host.RunRemoteAsync($"openssl s_client -connect 10.77.0.1:993 {MailLab.Strict}")).Expect(0);

        await lab.RunAsync("doveadm stop; while pgrep -x dovecot >/dev/null; do sleep 0.05; done");
        Assert.Contains("dovecot", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
    }

    // The line that switches it off is read before our file, and after it; no port for TLS from the first byte is open then.
    [Theory]
    [InlineData("bookworm", $"{Folder}/10-ssl.conf")]
    [InlineData("trixie", "/etc/dovecot/local.conf")]
    public async Task Where_TLS_is_off_for_all_what_is_named_gets_it_and_the_others_stay_as_they_are_on(string release, string site)
    {
        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imaps: { security: implicit }"), release);
        await lab.Host.StopMailAsync();
        await lab.RunAsync($"sed -i -E 's/^ssl = .*/#&/' {Folder}/10-ssl.conf; printf 'ssl = no\n' >>{site}; /run/lab/start-mail.sh 143 110 && {Closed(993)} && {Closed(995)}");
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        (await lab.Host.RunRemoteAsync($"openssl s_client -connect 10.77.0.1:993 {MailLab.Strict}")).Expect(0);
        await lab.RunAsync(Closed(995));

        await lab.WriteManifestAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }"));
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        var told = await SaidAsync(lab, 143, "a capability\\r\\n");
        Assert.Contains("STARTTLS", told, StringComparison.Ordinal);
        Assert.Contains("LOGINDISABLED", told, StringComparison.Ordinal);
        var pop3 = await SaidAsync(lab, 110, "CAPA\\r\\n");
        Assert.Contains("UIDL", pop3, StringComparison.Ordinal);
        Assert.DoesNotContain("STLS", pop3, StringComparison.Ordinal);

        // It is served after a start as well, and Dovecot has nothing to warn of.
        await lab.RunAsync("! doveconf -n 2>&1 >/dev/null | grep -i 'ssl=no'");
        await lab.Host.StopMailAsync();
        await lab.RunAsync($"/run/lab/start-mail.sh 143 993 110 && {Closed(995)}");
        (await lab.Host.RunRemoteAsync($"openssl s_client -connect 10.77.0.1:993 {MailLab.Strict}")).Expect(0);

        // That pop3 has no TLS is its own choice here, and a fault all the same.
        var verified = (await lab.VerifyAsync(2)).Output;
        Assert.DoesNotContain("FAIL dovecot imap", verified, StringComparison.Ordinal);
        Assert.Matches(@"FAIL dovecot pop3 .*\n +MTS0802", verified);

        // Named, it opens.
        await lab.WriteManifestAsync("article", OnlyDovecot("imaps: { security: implicit }\n      pop3s: { security: implicit }"));
        await lab.ApplyAsync(0);
        (await lab.Host.RunRemoteAsync($"openssl s_client -connect 10.77.0.1:995 {MailLab.Strict}")).Expect(0);
    }

    [Theory]
    [MemberData(nameof(DebianReleases.Oldest), MemberType = typeof(DebianReleases))]
    public Task Modern_keeps_TLS_1_2_out_even_where_the_version_has_no_such_floor(string release) => DebianReleases.RunAsync(release, async () =>
    {
        await using var lab = await MailLab.StartAsync(
            "article", text => OnlyDovecot("imaps: { security: implicit }")(text).Replace("base: article", "base: modern", StringComparison.Ordinal), release);
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.NotEqual(0, (await lab.Host.RunRemoteAsync("openssl s_client -tls1_2 -connect 10.77.0.1:993 </dev/null")).ExitCode);
        (await lab.Host.RunRemoteAsync($"openssl s_client -tls1_3 -connect 10.77.0.1:993 {MailLab.Strict}")).Expect(0);
    });

    [Fact]
    public async Task After_an_upgrade_to_2_4_what_is_ours_is_translated_and_what_is_not_is_named()
    {
        string archive;
        await using (var old = await MailLab.AppliedAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }\n      pop3: { security: required }"), "bookworm"))
        {
            await old.Host.WriteFileAsync($"{Folder}/50-site.conf", "local_name other.example.org {\n  ssl_cert = </etc/dovecot/private/dovecot.pem   # theirs\n  ssl_key = </etc/dovecot/private/dovecot.key\n}\nverbose_ssl = no\n");
            archive = (await old.RunAsync($"tar -C / -cf - {string.Join(' ', MailRoots)} | base64 -w0")).Output;
        }

        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }\n      pop3: { security: required }"), "trixie");
        await lab.Host.StopMailAsync();
        await lab.RunAsync("mv /etc/dovecot /root/dovecot.13");
        (await lab.Host.RunAsync("base64 -d | tar -C / -xf -", archive)).Expect(0);
        await lab.RunAsync("doveconf -n", 89);

        // All files of 12: every line is named, with its place and what takes its place; nothing is changed.
        var before = await lab.Host.SnapshotAsync();
        var error = (await lab.PlanAsync(1)).Error;
        Assert.Matches(@"/etc/dovecot/dovecot\.conf:1:1: error MTS0406: .*dovecot_config_version = 2\.4\.0", error);
        Assert.Matches(@"/etc/dovecot/conf\.d/10-mail\.conf:30:1: error MTS0404: .*mail_location.* hint: use mail_driver", error);
        Assert.Matches(@"auth-system\.conf\.ext:\d+:1: error MTS0404: .*passdb", error);
        Assert.Contains("50-site.conf:2:1: note MTS0405", error, StringComparison.Ordinal);
        Assert.Empty(before.ChangesTo(await lab.Host.SnapshotAsync()));

        // The package's new files with ours and the site's of before: translated, applied, proven.
        await lab.RunAsync($"cp {Own} {Folder}/50-site.conf /root/; rm -r /etc/dovecot; mv /root/dovecot.13 /etc/dovecot; cp /root/99-mailtlsstate.conf /root/50-site.conf {Folder}/; doveconf -n", 89);
        var plan = (await lab.PlanAsync(2)).Output;
        Assert.Contains("because Dovecot 2.4 needs the manifest's settings under their new names", plan, StringComparison.Ordinal);
        Assert.Contains("+  ssl_server_cert_file = /etc/dovecot/private/dovecot.pem   # theirs", plan, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal(
            "local_name other.example.org {\n  ssl_server_cert_file = /etc/dovecot/private/dovecot.pem   # theirs\n  ssl_server_key_file = /etc/dovecot/private/dovecot.key\n}\n",
            await lab.Host.ReadFileAsync($"{Folder}/50-site.conf"));
    }

    [Fact]
    public async Task Overrides_of_the_manifest_s_names_go_in_2_4_as_well_and_their_lines_are_those_of_the_file()
    {
        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }\n      pop3: { security: required }"), "trixie");
        await lab.Host.WriteFileAsync(
            $"{Folder}/99-zz.conf",
            "ssl_min_protocol = TLSv1.2\nssl_server {\n  cert_file = /etc/dovecot/private/dovecot.pem\n  ssl_min_protocol = TLSv1.2\n}\nlocal_name mail.mydomain.com {\n  ssl_server_key_file = /etc/dovecot/private/dovecot.key\n}\nlocal_name other.example.org {\n  ssl = yes\n}\n");
        var plan = (await lab.PlanAsync(2)).Output;
        foreach (var line in new[] { 1, 3, 4, 7 })
        {
            Assert.Contains($"({Folder}/99-zz.conf:{line})", plan, StringComparison.Ordinal);
        }

        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal("local_name other.example.org {\n  ssl = yes\n}\n", await lab.Host.ReadFileAsync($"{Folder}/99-zz.conf"));
    }

    // The administrator's listener leaves its port and stays in his file without one; the other name of his block keeps its certificate.
    [Theory]
    [InlineData("bookworm", "local_name \"mail.mydomain.com other.example.org\" {\n  ssl_cert = </etc/dovecot/private/dovecot.pem\n  ssl_key = </etc/dovecot/private/dovecot.key\n}\n")]
    [InlineData("trixie", "group @cert mine {\n  ssl_server_cert_file = /etc/dovecot/private/dovecot.pem\n  ssl_server_key_file = /etc/dovecot/private/dovecot.key\n}\nlocal_name mail.mydomain.com {\n  @cert = mine\n}\nlocal_name other.example.org {\n  @cert = mine\n}\n")]
    public async Task A_listener_under_another_name_and_a_shared_block_give_way_to_the_manifest_s_alone_on(string release, string shared)
    {
        const string site = "/etc/dovecot/local.conf";
        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imap: { security: required }\n      imaps: { security: implicit }"), release);
        var text = $"service imap-login {{\n  inet_listener imaps {{\n    port = 0\n  }}\n  inet_listener my_imaps {{\n    port = 993\n    ssl = yes\n  }}\n}}\n{shared}";
        await lab.Host.StopMailAsync();
        await lab.Host.WriteFileAsync(site, text);
        await lab.RunAsync("/run/lab/start-mail.sh");
        Assert.Contains($"993 ({site}:6)", (await lab.PlanAsync(2)).Output, StringComparison.Ordinal);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        (await lab.Host.RunRemoteAsync($"openssl s_client -connect 10.77.0.1:993 -servername mail.mydomain.com {MailLab.Strict}")).Expect(0);
        Assert.NotEqual(0, (await lab.Host.RunRemoteAsync($"openssl s_client -connect 10.77.0.1:993 -servername other.example.org {MailLab.Strict}")).ExitCode);
        await lab.RunAsync("mailtls rollback --auto-approve");
        Assert.Equal(text, await lab.Host.ReadFileAsync(site));
    }

    [Theory]
    [InlineData("bookworm")]
    [InlineData("trixie")]
    public async Task A_configuration_that_cannot_be_built_on_is_named_with_its_place_and_left_alone(string release)
    {
        await using var lab = await MailLab.StartAsync("article", OnlyDovecot("imaps: { security: implicit }"), release);
        const string zz = Folder + "/98-zz.conf";

        // Its config process reads the files when the first client comes.
        Assert.NotEmpty(await lab.Host.ServedCertificateAsync(993, null));
        await RefusedAsync(lab, zz, "service imap-login {\n  a b c\n}\n", $"{zz}:2:1: error MTS0409: expecting '{{'");
        await RefusedAsync(lab, zz, "ssl = yes\nlocal_name a.b {\n", "error MTS0409: missing '}' of local_name a.b");
        await RefusedAsync(lab, zz, "\n!include gone.conf\n", $"{zz}:2:1: error MTS0409: nothing matches gone.conf");
        await RefusedAsync(lab, zz, $"!include {zz}\n", "includes itself");
        await RefusedAsync(lab, zz, "\u0001\u0002 rubbish\u007f\n", "MTS0409");
        await RefusedAsync(lab, zz, "no_such_setting = 1\n", "MTS0304");
        await RefusedAsync(lab, Own, "# Written by MailTlsState for mx.example.org; changes made here are lost. The manifest decides.\n", "error MTS0408: ");
        await lab.RunAsync($"echo 'ssl = yes' >{zz}; chown nobody {zz}");
        await lab.RefusesAsync(1, [$"{zz}:1:1: error MTS0407: ", "hint: chown root"]);
        await lab.RunAsync($"chown root {zz}; chmod 666 {zz}");
        await lab.RefusesAsync(1, ["MTS0407", "hint: chmod o-w"]);
        await lab.RunAsync($"rm {zz}");

        // Linked from a checkout: read like any other, and only refused where a line of it has to go.
        await lab.RunAsync("mkdir /root/checkout; mv /etc/dovecot/dovecot.conf /root/checkout/; ln -s /root/checkout/dovecot.conf /etc/dovecot/dovecot.conf");
        await lab.RunAsync("cp -p /root/checkout/dovecot.conf /root/kept; echo 'ssl_cipher_list = ALL' >>/root/checkout/dovecot.conf");
        await lab.RefusesAsync(1, ["MTS0220", "symbolic link"]);
        await lab.RunAsync("cp -p /root/kept /root/checkout/dovecot.conf");
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
        Assert.Equal("/root/checkout/dovecot.conf", (await lab.RunAsync("readlink /etc/dovecot/dovecot.conf")).Output.Trim());
    }

    private static string Closed(int port) => $"! ss -Hltn 'sport = :{port}' | grep -q .";

    private static async Task RefusedAsync(MailLab lab, string path, string content, string said)
    {
        await lab.Host.WriteFileAsync(path, content);
        await lab.RefusesAsync(1, ["hint: ", said]);
        await lab.RunAsync($"rm {path}");
    }

    private static Func<string, string> OnlyDovecot(string endpoints) =>
        text => Regex.Replace(text, @"(?s)services:.*$", $"services:\n  dovecot:\n    endpoints:\n      {endpoints}\n");

    /// <summary>What a port answers a remote client in clear text, up to the end of the session that it asks for.</summary>
    private static async Task<string> SaidAsync(MailLab lab, int port, string commands) => (await lab.Host.RunRemoteAsync(
        $"bash -c 'exec 3<>/dev/tcp/10.77.0.1/{port}; read -r greeting <&3; printf \"{commands}{(port == 110 ? "QUIT" : "z logout")}\\r\\n\" >&3; timeout 20 cat <&3; :'")).Output;
}
