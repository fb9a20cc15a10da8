using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Apply;

/// <summary>
/// File systems on which a write as root would go astray or stop half way: each is refused before the commit with a code of its own and a
/// remedy, and nothing is changed, there or where the way leads.
/// </summary>
public sealed class HostileFileTests
{
    private const string Main = "/etc/postfix/main.cf";

    [Fact]
    public async Task A_configuration_file_that_is_a_link_into_a_checkout_is_left_to_its_owner()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync($"mkdir -p /srv/mail-config/.git && cp -p {Main} /srv/mail-config/main.cf && ln -sf /srv/mail-config/main.cf {Main}");
        var checkout = await lab.Host.SnapshotAsync("/srv");
        var error = await lab.RefusesAsync(1, ["MTS0220", "is a symbolic link to /srv/mail-config/main.cf", "cp --remove-destination"]);
        Assert.Empty(checkout.ChangesTo(await lab.Host.SnapshotAsync("/srv")));

        // The remedy, as it was printed.
        await lab.RunAsync(error[error.IndexOf("cp --remove", StringComparison.Ordinal)..error.IndexOf("), or keep", StringComparison.Ordinal)]);
        await lab.ApplyAsync(0);
        Assert.Empty(checkout.ChangesTo(await lab.Host.SnapshotAsync("/srv")));
    }

    [Fact]
    public async Task A_file_with_another_name_is_refused_but_for_our_own_before_image()
    {
        await using var lab = await MailLab.StartAsync();
        await WithAsync(lab, $"ln {Main} /etc/postfix/copy.cf", "rm /etc/postfix/copy.cf", "MTS0221", "has 2 hard links");

        // What a run that was killed leaves beside the file.
        await OffTheOverlayAsync(lab);
        await lab.RunAsync($"ln {Main} /etc/postfix/.main.cf.mtls-20260101T000000000-1.old");
        await lab.ApplyAsync(0);
        await lab.RunAsync("rm /etc/postfix/.main.cf.mtls-20260101T000000000-1.old");
        await lab.ConvergedAsync();
    }

    [Fact]
    public async Task Mounts_that_forbid_the_change_are_named()
    {
        await using var lab = await MailLab.StartAsync();
        await WithAsync(lab, $"cp -p {Main} /root/mounted.cf && mount --bind /root/mounted.cf {Main}", $"umount {Main}", "MTS0222", $"{Main} is a mount point");
        await WithAsync(lab, "mount --bind /etc/postfix /etc/postfix && mount -o remount,bind,ro /etc/postfix", "umount /etc/postfix", "MTS0224", "read-only");

        // Room for one page, then none; room for blocks, but for no second inode.
        await WithAsync(lab, "mkdir -p /etc/pki/mailtls && mount -t tmpfs -o size=4k,mode=700 small /etc/pki/mailtls", "umount /etc/pki/mailtls && rmdir /etc/pki/mailtls /etc/pki", "MTS0227", "no space left");
        await WithAsync(lab, "mkdir -p /etc/pki/mailtls && mount -t tmpfs -o nr_inodes=2,mode=700 small /etc/pki/mailtls", "umount /etc/pki/mailtls && rmdir /etc/pki/mailtls /etc/pki", "MTS0227", "df -i");
        await lab.ApplyAsync(0);
    }

    [Fact]
    public async Task Whatever_another_user_could_change_is_refused()
    {
        await using var lab = await MailLab.StartAsync();
        await WithAsync(lab, $"chown nobody {Main}", $"chown root {Main}", "MTS0226", "belongs to user 65534");
        await WithAsync(lab, $"chmod g+w {Main}", $"chmod g-w {Main}", "MTS0226", "mode 0664");
        await WithAsync(lab, "chown nobody /etc/postfix", "chown root /etc/postfix", "MTS0225", "/etc/postfix can be changed");
        await WithAsync(lab, "mkdir -p /etc/pki && chmod 777 /etc/pki", "rmdir /etc/pki", "MTS0225", "/etc/pki can be changed");
        await WithAsync(lab, "mkdir -p /home/x/pki && chown nobody /home/x && ln -s /home/x/pki /etc/pki", "rm /etc/pki", "MTS0225", "/home/x can be changed");
        await lab.ApplyAsync(0);
    }

    [Fact]
    public async Task An_immutable_file_or_directory_is_refused_before_anything_is_done()
    {
        await using var lab = await MailLab.StartAsync();
        await OffTheOverlayAsync(lab);
        await WithAsync(lab, $"chattr +i {Main}", $"chattr -i {Main}", "MTS0223", Main);
        await WithAsync(lab, $"chattr +a {Main}", $"chattr -a {Main}", "MTS0223", Main);
        await WithAsync(lab, "chattr +i /etc/postfix", "chattr -i /etc/postfix", "MTS0223", "/etc/postfix has the attribute");
        await lab.ApplyAsync(0);
    }

    [Fact]
    public async Task A_directory_that_is_a_link_of_the_systems_is_followed_to_its_place()
    {
        await using var lab = await MailLab.StartAsync();
        await lab.RunAsync("mkdir -p /usr/local/etc/pki && ln -s ../usr/local/etc/pki /etc/pki");
        await lab.ApplyAsync(0);
        await lab.RunAsync("test -f /usr/local/etc/pki/mailtls/mail.mydomain.com.pem && test -L /etc/pki");
        await lab.VerifyAsync(0);
        await lab.ConvergedAsync();
    }

    [Theory]
    [InlineData("directory", "mv /etc/pki/mailtls /etc/pki/real && ln -s /root/elsewhere /etc/pki/mailtls", "rm /etc/pki/mailtls && mv /etc/pki/real /etc/pki/mailtls")]
    [InlineData("file", "mv /etc/postfix/main.cf /root/real.cf && ln -s /root/elsewhere/main.cf /etc/postfix/main.cf", "rm /etc/postfix/main.cf && mv /root/real.cf /etc/postfix/main.cf")]
    public async Task What_is_swapped_for_a_link_while_apply_runs_is_never_written_through(string what, string swap, string mend)
    {
        await using var lab = await MailLab.AppliedAsync();
        await lab.RunAsync($"cp -a /etc/pki/mailtls /root/elsewhere && cp -p {Main} /root/elsewhere/ && rm {MailLab.Bundle} && postconf -e smtpd_tls_protocols='>=TLSv1' && touch -d '1 minute ago' {Main}");
        var elsewhere = await lab.Host.SnapshotAsync("/root/elsewhere");

        // Stopped between staging and commit: the staged file is there all through the rehearsal, which may be the first to stumble.
        await lab.RunAsync(
            $"{{ mailtls apply {MailLab.Manifest} --auto-approve; echo $? >/root/status; }} </dev/null >/root/said 2>&1 & "
            + "until ls /etc/postfix/.main.cf.mtls-*.new >/dev/null 2>&1; do [ ! -e /root/status ] || { cat /root/said; exit 1; }; done; "
            + $"pkill -STOP -x mailtls; {swap}; pkill -CONT -x mailtls; while ! [ -e /root/status ]; do sleep 0.05; done");
        var said = (await lab.RunAsync("cat /root/said /root/status")).Output;
        Assert.True((said.Contains("MTS0230", StringComparison.Ordinal) || said.Contains("MTS0701", StringComparison.Ordinal)) && said.EndsWith("\n1\n", StringComparison.Ordinal), $"{what}: {said}");
        Assert.Empty(elsewhere.ChangesTo(await lab.Host.SnapshotAsync("/root/elsewhere")));

        await lab.RunAsync($"{mend}; rm -r /root/elsewhere");
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
    }

    // The host's root is an overlay, which keeps no attributes and gives two names of one file two inodes. A plain file system does neither.
    private static Task OffTheOverlayAsync(MailLab lab) =>
        lab.RunAsync("cp -a /etc/postfix /root/postfix && mount -t tmpfs -o mode=755 plain /etc/postfix && cp -a /root/postfix/. /etc/postfix/");

    private static async Task WithAsync(MailLab lab, string damage, string mend, params string[] said)
    {
        await lab.RunAsync(damage);
        await lab.RefusesAsync(1, ["hint: ", .. said]);
        await lab.RunAsync(mend);
    }
}
