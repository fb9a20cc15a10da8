using MailTlsState.Hosts;
using MailTlsState.Planning.AppArmor;
using MailTlsState.Tests.Execution;
using Xunit;

namespace MailTlsState.Tests.Planning.AppArmor;

/// <summary>The profiles of Debian 12's apparmor-profiles, as far as they are about key and certificate.</summary>
public class AppArmorTests
{
    private const string Profile = """
        # vim: ft=apparmor
        abi <abi/3.0>,
        include <tunables/global>
        profile dovecot-config /usr/lib/dovecot/config {
          include <abstractions/ssl_keys>
          capability dac_override,
          /etc/dovecot/** r,
          /usr/bin/doveconf rix,
          /usr/lib/dovecot/managesieve Px,
          # Site-specific additions and overrides. See local/README for details.
          include if exists <local/usr.lib.dovecot.config>
        }
        """;

    private const string SslKeys = """
          abi <abi/3.0>,
          /etc/ssl/ r,
          /etc/ssl/** r,
          /{etc,var/lib}/dehydrated/certs/*/privkey*.pem r,
          /etc/letsencrypt/archive/*/privkey*.pem r,
          include if exists <abstractions/ssl_keys.d>
        """;

    [Fact]
    public async Task A_path_that_an_enforced_profile_does_not_allow_is_named_with_the_line_to_add()
    {
        var machine = Machine("dovecot-config (enforce)\npostfix-smtpd (complain)\n");
        var (status, output, error) = await machine.RunAsync("plan", ServingMachine.Manifest);
        Assert.True(status == 0, output + error);
        Assert.Contains(
            "/etc/apparmor.d/usr.lib.dovecot.config:1:1: warning MTS0648: the AppArmor profile dovecot-config does not allow /etc/pki/mailtls/mail.mydomain.com.pem. "
            + "hint: add \"/etc/pki/mailtls/* r,\" to /etc/apparmor.d/local/usr.lib.dovecot.config and run apparmor_parser -r /etc/apparmor.d/usr.lib.dovecot.config",
            error,
            StringComparison.Ordinal);

        machine.Host.AddFile("/etc/apparmor.d/local/usr.lib.dovecot.config", "/etc/pki/mailtls/* r,\n");
        Assert.DoesNotContain("MTS0648", (await machine.RunAsync("plan", ServingMachine.Manifest)).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dovecot-config (complain)\n", true)]
    [InlineData("dovecot-config (enforce)\n", false)]
    public async Task What_is_not_enforced_or_not_there_is_no_matter(string loaded, bool present)
    {
        var machine = Machine(loaded);
        machine.Host.Facts = machine.Host.Facts with { AppArmor = present };
        Assert.DoesNotContain("MTS0648", (await machine.RunAsync("plan", ServingMachine.Manifest)).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/etc/ssl/** r,", "/etc/ssl/private/k.pem", true)]
    [InlineData("/etc/ssl/* r,", "/etc/ssl/private/k.pem", false)]
    [InlineData("/etc/ssl/* r,", "/etc/ssl/k.pem", true)]
    [InlineData("owner /etc/{,libre}ssl/certs/{,**} r,", "/etc/libressl/certs/a/b", true)]
    [InlineData("/etc/certs/{,**} r,", "/etc/certs/", true)]
    [InlineData("/etc/letsencrypt/archive/*/privkey*.pem r,", "/etc/letsencrypt/archive/mail/privkey7.pem", true)]
    [InlineData("/etc/bl[ao]ck?ist r,", "/etc/blocklist", true)]
    [InlineData("r /etc/a.pem,", "/etc/a.pem", true)]
    [InlineData("/etc/a.pem r,", "/etc/axpem", false)]
    [InlineData("/etc/** mrix,", "/etc/x", true)]
    [InlineData("/etc/** ix,", "/etc/x", false)]
    [InlineData("deny /etc/** r,", "/etc/x", false)]
    [InlineData("@{run}/dovecot/config rw,", "/run/dovecot/config", false)]
    [InlineData("capability dac_override,", "/etc/x", false)]
    public void Rules_are_apparmors(string line, string path, bool allowed) =>
        Assert.Equal(allowed, new AppArmorProfile("p", "/etc/apparmor.d/p", PathRule.Parse(line) is { } rule ? [rule] : []).MayRead(path));

    [Fact]
    public void A_deny_rule_outweighs_what_is_allowed() =>
        Assert.False(new AppArmorProfile("p", "f", [PathRule.Parse("/etc/** r,")!, PathRule.Parse("deny /etc/pki/** r,")!]).MayRead("/etc/pki/a"));

    private static ServingMachine Machine(string loaded)
    {
        var machine = new ServingMachine();
        machine.Host.Facts = machine.Host.Facts with { AppArmor = true };
        machine.Host.AddFile("/sys/kernel/security/apparmor/profiles", loaded)
            .AddFile("/etc/apparmor.d/usr.lib.dovecot.config", Profile)
            .AddFile("/etc/apparmor.d/abstractions/ssl_keys", SslKeys);
        return machine;
    }
}
