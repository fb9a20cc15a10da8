using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using Xunit;

namespace MailTlsState.Tests.Hosts.SeLinux;

/// <summary>Which label a path gets, as libselinux decides it; the whole policy is compared with libselinux's own answers on the SELinux guest.</summary>
public class FileContextsTests
{
    /// <summary>The rules of Debian's policy (selinux-policy-default 2.20221101) that decide about certificates, with some beside them.</summary>
    public const string Debian = """
        /.*	system_u:object_r:default_t:s0
        /[^/]+	--	system_u:object_r:etc_runtime_t:s0
        /etc/.*	system_u:object_r:etc_t:s0
        /srv	-d	system_u:object_r:var_t:s0
        /srv/.*	system_u:object_r:var_t:s0
        /home	-d	system_u:object_r:home_root_t:s0
        /etc/pki(/.*)?	system_u:object_r:cert_t:s0
        /etc/ssl(/.*)?	system_u:object_r:cert_t:s0
        /etc/ssl/private(/.*)?	system_u:object_r:tls_privkey_t:s0
        /etc/pki/.+/private(/.*)?	system_u:object_r:tls_privkey_t:s0
        /etc/pki/dovecot(/.*)?	system_u:object_r:dovecot_cert_t:s0
        /etc/dovecot(/.*)?	system_u:object_r:dovecot_etc_t:s0
        /etc/postfix.*	system_u:object_r:postfix_etc_t:s0
        /etc/dovecot\.conf.*	system_u:object_r:dovecot_etc_t:s0
        /etc/mtab	-l	system_u:object_r:etc_t:s0
        /etc/\.fstab\.hal\..+	--	system_u:object_r:etc_runtime_t:s0
        /proc	<<none>>
        """;

    private const string Homes = "/home/[^/]+/.+\tunconfined_u:object_r:user_home_t:s0\n";
    private const string Substitutions = "/usr/local/etc /etc\n/run /var/run\n/srv/tls /etc/pki\n";

    [Theory]
    [InlineData("/etc/pki/mailtls", FileKind.Directory, "cert_t")]
    [InlineData("/etc/pki", FileKind.Directory, "cert_t")]
    [InlineData("/etc/pkix", FileKind.Regular, "etc_t")]
    [InlineData("/etc/pki/mailtls/private/k.pem", FileKind.Regular, "tls_privkey_t")]
    [InlineData("/etc/pki/dovecot/dovecot.pem", FileKind.Regular, "dovecot_cert_t")]
    [InlineData("/etc/postfix/tls/key.pem", FileKind.Regular, "postfix_etc_t")]
    [InlineData("/etc/dovecotxconf", FileKind.Regular, "etc_t")]
    [InlineData("/etc/dovecot.conf", FileKind.Regular, "dovecot_etc_t")]
    [InlineData("/home/bob/key.pem", FileKind.Regular, "user_home_t")]
    [InlineData("/home", FileKind.Directory, "home_root_t")]
    [InlineData("/home", FileKind.Regular, "etc_runtime_t")]
    [InlineData("/srv/tls/a.pem", FileKind.Regular, "cert_t")]
    [InlineData("/srv/tlsx", FileKind.Regular, "var_t")]
    [InlineData("/usr/local/etc/ssl/private/k", FileKind.Regular, "tls_privkey_t")]
    [InlineData("/proc", FileKind.Directory, null)]
    public void A_path_gets_what_the_last_rule_that_fits_it_says(string path, FileKind kind, string? type)
    {
        var rules = new FileContexts([new("file_contexts", Debian), new("file_contexts.homedirs", Homes)], "", Substitutions);
        var context = rules.Find(path, kind)!.Context;
        Assert.Equal(type, context is null ? null : SecurityContext.TypeOf(context));
        Assert.Empty(rules.Problems);
    }

    // What Fedora's policy of 2024 (miscfiles, dovecot, postfix) says of the paths where certificates lie.
    private const string Fedora = """
        /.*	system_u:object_r:default_t:s0
        /etc/.*	system_u:object_r:etc_t:s0
        /root(/.*)?	system_u:object_r:admin_home_t:s0
        /etc/pki(/.*)?	system_u:object_r:cert_t:s0
        /etc/ssl(/.*)?	system_u:object_r:cert_t:s0
        /etc/(letsencrypt|certbot)/(live|archive)(/.*)?	system_u:object_r:cert_t:s0
        /etc/pki/dovecot(/.*)?	system_u:object_r:dovecot_cert_t:s0
        /etc/dovecot(/.*)?	system_u:object_r:dovecot_etc_t:s0
        /etc/postfix.*	system_u:object_r:postfix_etc_t:s0
        """;

    [Theory]
    [InlineData("/etc/pki/mailtls/mail.example.org.pem", "cert_t")]
    [InlineData("/etc/pki/tls/private/mail.key", "cert_t")]
    [InlineData("/etc/ssl/private/mail.key", "cert_t")]
    [InlineData("/etc/pki/dovecot/private/dovecot.pem", "dovecot_cert_t")]
    [InlineData("/etc/letsencrypt/live/mail.example.org/privkey.pem", "cert_t")]
    [InlineData("/etc/letsencrypt/renewal/mail.example.org.conf", "etc_t")]
    [InlineData("/etc/dovecot/tls/key.pem", "dovecot_etc_t")]
    [InlineData("/root/mail.key", "admin_home_t")]
    [InlineData("/srv/tls/mail.key", "default_t")]
    public void Fedoras_rules_give_their_types(string path, string type) =>
        Assert.Equal(type, SecurityContext.TypeOf(new FileContexts([new("file_contexts", Fedora)]).Find(path, FileKind.Regular)!.Context!));

    [Theory]
    [InlineData("/etc/ssl/private/k.pem", "/etc/ssl(/.*)?", "local_t")]     // less specific, and later
    [InlineData("/etc/ssl/private/k.pem", "/etc/ssl/certs(/.*)?", "tls_privkey_t")]
    [InlineData("/home", "/h.*", "home_root_t")]                           // an exact path beats every pattern
    [InlineData("/home", "/home", "local_t")]
    public void A_local_rule_wins_but_over_an_exact_path(string path, string pattern, string type)
    {
        var rules = new FileContexts([new("file_contexts", Debian), new("file_contexts.local", $"{pattern}    system_u:object_r:local_t:s0\n", IsLocal: true)]);
        var match = rules.Find(path, FileKind.Directory)!;
        Assert.Equal((type, type == "local_t"), (SecurityContext.TypeOf(match.Context!), match.IsLocal));
        if (match.IsLocal)
        {
            Assert.Equal("file_contexts.local:1", match.Rule);
        }
    }

    [Fact]
    public void A_line_that_cannot_be_understood_is_named_and_the_others_count()
    {
        var rules = new FileContexts([new("file_contexts", Debian), new("file_contexts.local", "# a comment\n\n/etc/pki/mailtls\n/a -x system_u:object_r:a_t:s0\n/b system_u:object_r:b_t:s0\n/etc/c( system_u:object_r:c_t:s0\n/etc/\u00e4 system_u:object_r:c_t:s0\n", IsLocal: true)]);
        Assert.Equal("b_t", SecurityContext.TypeOf(rules.Find("/b", FileKind.Regular)!.Context!));
        Assert.Equal("etc_t", SecurityContext.TypeOf(rules.Find("/etc/c", FileKind.Regular)!.Context!));
        Assert.Equal(
            ["file_contexts.local:3: it is missing fields", "file_contexts.local:4: -x is no file type", "file_contexts.local:7: it has characters that are not ASCII", "file_contexts.local:6: /etc/c( is no regular expression"],
            rules.Problems);
    }

    [Fact]
    public void Without_a_policy_no_path_has_a_label() => Assert.Null(new FileContexts([]).Find("/etc/pki", FileKind.Directory));

    [Theory]
    [InlineData("/a[[:digit:]]+", "/a42", true)]
    [InlineData("/a[[:digit:]]+", "/ab", false)]
    [InlineData("/usr/(local/)?bin/.*", "/usr/bin/x", true)]
    [InlineData("/bin|/sbin/x", "/bin", true)]
    [InlineData("/lib64?/x", "/lib6/x", true)]
    [InlineData("/lib/x\\.so(\\.[^/]*)*", "/lib/x.so.1.2", true)]
    [InlineData("/a/.*", "/a/b\nc", true)]
    public void Patterns_are_perls_and_anchored(string pattern, string path, bool fits) =>
        Assert.Equal(fits, new FileContexts([new("f", pattern + " system_u:object_r:x_t:s0")]).Find(path, FileKind.Regular) is not null);
}
