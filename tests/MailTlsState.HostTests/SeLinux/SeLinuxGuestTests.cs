using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.HostTests.Lab;
using MailTlsState.HostTests.Systemd;
using Xunit;

namespace MailTlsState.HostTests.SeLinux;

/// <summary>Labels as a part of the desired state, on a kernel that enforces Debian's policy.</summary>
public class SeLinuxGuestTests
{
    [Fact]
    public async Task Labels_are_right_from_the_start_are_mended_when_they_are_not_and_outlast_a_relabel()
    {
        await using var host = await LabelledGuest.StartAsync();
        var guest = host.Guest;
        Assert.Equal("Enforcing\n", await host.TellAsync("getenforce"));
        Assert.Equal("postfix_master_t\ndovecot_t\n", await host.TellAsync("ps -eo label,comm | awk '$2 == \"master\" || $2 == \"dovecot\" { split($1, c, \":\"); print c[3] }' | sort -r"));

        // Stock → apply → verify: every label is right, and no daemon is refused anything.
        var refusedBefore = await guest.ExpectAsync(LabelledGuest.Denials);
        Assert.Contains("label  cert_t", await host.TellAsync(LabelledGuest.Apply), StringComparison.Ordinal);
        await host.VerifyAsync();
        Assert.All(await host.TypesAsync(), t => Assert.Equal("cert_t", t));
        Assert.Equal(refusedBefore, await guest.ExpectAsync(LabelledGuest.Denials));
        await host.NothingToDoAsync();

        // Dovecot may not have Postfix's ports, nor Postfix any other.
        var ports = await guest.RunAsync($"sed 's/smtp: {{ security: opportunistic }}/submission: {{ security: required, port: 2525 }}/' {LabelledGuest.Manifest} >/root/ports.yaml; mailtls plan /root/ports.yaml");
        LabelledGuest.Say(ports.Error);
        Assert.Contains("MTS0649: the policy does not let Postfix (postfix_master_t) bind port 2525, which is unreserved_port_t. hint: semanage port -a -t smtp_port_t -p tcp 2525", ports.Expect(1).Error, StringComparison.Ordinal);

        // A key that was moved out of root's home keeps its label: with the next process no TLS, and apply mends it.
        await host.TellAsync($"cp {host.Bundle} /root/moved.pem && mv /root/moved.pem {host.Bundle} && ls -Z {host.Bundle} && systemctl restart postfix.service");
        await guest.WaitAsync(LabelledGuest.Up);
        var failed = (await guest.RunAsync($"mailtls verify {LabelledGuest.Manifest} --quick")).Expect(2);
        LabelledGuest.Say(failed.ToString());
        Assert.Contains("warning MTS0720: SELinux refused smtpd (postfix_smtpd_t) { read } of mail.mydomain.com.pem, a file of type user_home_t: ", failed.Error, StringComparison.Ordinal);
        Assert.Contains("comm=\"smtpd\" name=\"mail.mydomain.com.pem\"", await host.TellAsync(LabelledGuest.Denials), StringComparison.Ordinal);
        Assert.Contains("label  user_home_t → cert_t", await host.TellAsync(LabelledGuest.Apply), StringComparison.Ordinal);
        await host.VerifyAsync();
        Assert.All(await host.TypesAsync(), t => Assert.Equal("cert_t", t));

        // Looking at the host for the plan was refused once more; from here on nothing is.
        refusedBefore = await guest.ExpectAsync(LabelledGuest.Denials);

        // A relabel is no drift.
        await host.TellAsync($"restorecon -RF /etc/pki && restorecon -Rnv /etc/pki /etc/postfix /etc/dovecot");
        await host.NothingToDoAsync();

        await CompareRulesAsync(guest);
    }

    /// <summary>Our own reading of the policy's rules against libselinux's, for every path of the guest and for many that do not exist.</summary>
    private static async Task CompareRulesAsync(Guest guest)
    {
        const string files = "/etc/selinux/default/contexts/files/file_contexts";
        await guest.ExpectAsync($"printf '/srv/tls(/.*)?    system_u:object_r:cert_t:s0\\n/etc/ssl(/.*)?    system_u:object_r:usr_t:s0\\n' >{files}.local");
        var sources = new List<FileContextSource>();
        foreach (var name in new[] { "", ".homedirs", ".local" })
        {
            sources.Add(new FileContextSource(name, await guest.ExpectAsync($"cat {files}{name}"), name == ".local"));
        }

        var rules = new FileContexts(sources, await guest.ExpectAsync($"cat {files}.subs 2>/dev/null || :"), await guest.ExpectAsync($"cat {files}.subs_dist"));
        Assert.Empty(rules.Problems);
        var compared = 0;
        foreach (var (kind, option, find) in new[] { (FileKind.Regular, "file", "f"), (FileKind.Directory, "dir", "d") })
        {
            var made = string.Join('\n', Made(kind == FileKind.Regular));
            var every = LabEnvironment.Long ? 1 : 4;
            var command = $"{{ find / -xdev -type {find} ! -name '*[^ -~]*' | awk 'NR % {every} == 0'; echo {Convert.ToBase64String(Encoding.ASCII.GetBytes(made))} | base64 -d; }} | tr '\\n' '\\0' | xargs -0 matchpathcon -m {option}";
            foreach (var line in (await guest.ExpectAsync(command)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var (path, theirs) = (line.Split('\t')[0], line.Split('\t')[1]);
                Assert.True(theirs == (rules.Find(path, kind)?.Context ?? "<<none>>"), $"{kind} {path}: libselinux says {theirs}, we say {rules.Find(path, kind)}");
                compared++;
            }
        }

        Assert.Empty(rules.Problems);
        LabelledGuest.Say($"{compared} look-ups compared with matchpathcon");
        Assert.True(compared > 2000, $"{compared}");
    }

    // Names as administrators choose them, in the places where certificates and daemons' files lie.
    private static IEnumerable<string> Made(bool files) =>
        from directory in new[] { "/etc", "/etc/pki", "/etc/pki/tls", "/etc/ssl", "/etc/letsencrypt/live", "/etc/dovecot", "/etc/postfix", "/srv", "/srv/tls", "/opt", "/usr/local/etc", "/var/lib", "/var/lib/dovecot", "/root", "/home/bob", "/home/bob/.ssh", "/run", "/run/dovecot", "/tmp", "/var/spool/postfix/private", "/lib64", "/usr/lib/x86_64-linux-gnu" }
        from name in new[] { "", "/private", "/mailtls", "/mail.example.org", "/.hidden", "/a b", "/ssl.key" }
        from file in files ? ["/key.pem", "/mail.example.org.2.key", "/dovecot.pem", "/main.cf"] : new[] { "", "/ca" }
        where !(directory + name + file).Contains(' ', StringComparison.Ordinal)
        select directory + name + file;
}
