using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.HostTests.Lab;
using MailTlsState.HostTests.Systemd;
using Xunit;

namespace MailTlsState.HostTests.SeLinux;

/// <summary>
/// On a kernel that enforces Debian's policy, both daemons in their own domains and started by systemd. One guest for all of it, since the
/// boot is what costs; each step is told, so that the log is a transcript.
/// </summary>
public class SeLinuxGuestTests
{
    private const string Manifest = "/root/manifest.yaml";
    private const string Directory = "/etc/pki/mailtls";
    private const string Bundle = Directory + "/mail.mydomain.com.pem";
    private const string Apply = $"mailtls apply {Manifest} --auto-approve";
    private const string Up = "systemctl -q is-active postfix@-.service && systemctl -q is-active dovecot.service && ss -ltn | grep -q :25";

    // What is quickly made: an emulator takes its time for RSA.
    private const string Small = """
        apiVersion: mailtlsstate/v1
        host: mail.mydomain.com
        certificate:
          keys: [ecdsa-p256]
          directory: /etc/pki/mailtls
          issuer:
            kind: privateCa
            key: ecdsa-p256
            subject: { commonName: My Mail CA }
            passphrase: { file: /root/mail-ca.pass }
        policy: { base: intermediate }
        services:
          postfix: { endpoints: { smtp: { security: opportunistic } } }
          dovecot: { endpoints: { imaps: { security: implicit } } }
        selinux: required
        """;

    private const string Denials = "journalctl -q -b --no-pager -o cat _TRANSPORT=audit | grep -E 'avc: +denied' | grep -E 'scontext=[^ ]*:(postfix|dovecot)_' || :";

    [Fact]
    public async Task Labels_are_right_from_the_start_are_mended_when_they_are_not_and_outlast_a_relabel()
    {
        await using var guest = await Guest.StartAsync(selinux: true);
        await guest.ExpectAsync($"cat >{Manifest} <<'END'\n{Small}\nEND");
        Assert.Equal("Enforcing\n", await TellAsync(guest, "getenforce"));
        await guest.WaitAsync(Up);
        Assert.Equal("postfix_master_t\ndovecot_t\n", await TellAsync(guest, "ps -eo label,comm | awk '$2 == \"master\" || $2 == \"dovecot\" { split($1, c, \":\"); print c[3] }' | sort -r"));

        // Stock → apply → verify: every label is right, and no daemon is refused anything.
        var refusedBefore = await guest.ExpectAsync(Denials);
        Assert.Contains("label  cert_t", await TellAsync(guest, Apply), StringComparison.Ordinal);
        await TellAsync(guest, $"mailtls verify {Manifest} --quick");
        Assert.All(await TypesAsync(guest), t => Assert.Equal("cert_t", t));
        Assert.Equal(refusedBefore, await guest.ExpectAsync(Denials));
        await NothingToDoAsync(guest);

        // Dovecot may not have Postfix's ports, nor Postfix any other.
        var ports = await guest.RunAsync($"sed 's/smtp: {{ security: opportunistic }}/submission: {{ security: required, port: 2525 }}/' {Manifest} >/root/ports.yaml; mailtls plan /root/ports.yaml");
        Say(ports.Error);
        Assert.Contains("MTS0649: the policy does not let Postfix (postfix_master_t) bind port 2525, which is unreserved_port_t. hint: semanage port -a -t smtp_port_t -p tcp 2525", ports.Expect(1).Error, StringComparison.Ordinal);

        // A key that was moved out of root's home keeps its label: with the next process no TLS, and apply mends it.
        await TellAsync(guest, $"cp {Bundle} /root/moved.pem && mv /root/moved.pem {Bundle} && ls -Z {Bundle} && systemctl restart postfix.service");
        await guest.WaitAsync(Up);
        var failed = (await guest.RunAsync($"mailtls verify {Manifest} --quick")).Expect(2);
        Say(failed.ToString());
        Assert.Contains("warning MTS0720: SELinux refused smtpd (postfix_smtpd_t) { read } of mail.mydomain.com.pem, a file of type user_home_t: ", failed.Error, StringComparison.Ordinal);
        Assert.Contains("comm=\"smtpd\" name=\"mail.mydomain.com.pem\"", await TellAsync(guest, Denials), StringComparison.Ordinal);
        Assert.Contains("label  user_home_t → cert_t", await TellAsync(guest, Apply), StringComparison.Ordinal);
        await TellAsync(guest, $"mailtls verify {Manifest} --quick");
        Assert.All(await TypesAsync(guest), t => Assert.Equal("cert_t", t));

        // Looking at the host for the plan was refused once more; from here on nothing is.
        refusedBefore = await guest.ExpectAsync(Denials);

        // A relabel is no drift.
        await TellAsync(guest, $"restorecon -RF /etc/pki && restorecon -Rnv /etc/pki /etc/postfix /etc/dovecot");
        await NothingToDoAsync(guest);

        await CompareRulesAsync(guest);
        if (!LabEnvironment.Long)
        {
            return;
        }

        // Only reported, then enforced.
        await TellAsync(guest, $"setenforce 0; chcon -t user_home_t {Bundle}");
        Assert.Contains("label  user_home_t → cert_t", await TellAsync(guest, Apply), StringComparison.Ordinal);
        await TellAsync(guest, "setenforce 1; systemctl restart postfix.service dovecot.service");
        await guest.WaitAsync(Up);
        await TellAsync(guest, $"mailtls verify {Manifest} --quick");
        await NothingToDoAsync(guest);
        Assert.Equal(refusedBefore.Trim(), (await guest.ExpectAsync($"{{ {Denials}; }} | grep -v permissive=1")).Trim());

        // Where the policy's own rule gives another type, a local rule makes it last; a roll-back takes it away.
        await guest.ExpectAsync($"sed -i s,{Directory},/srv/tls, {Manifest}");
        Assert.Contains("+ labelRule /srv/tls(/.*)?", await TellAsync(guest, Apply), StringComparison.Ordinal);
        await TellAsync(guest, "restorecon -RF /srv && find /srv/tls -printf '%Z %p\\n'");
        await TellAsync(guest, $"mailtls verify {Manifest} --quick");
        await NothingToDoAsync(guest);
        await TellAsync(guest, "mailtls rollback --auto-approve");
        Assert.DoesNotContain("/srv/tls", await TellAsync(guest, "cat /etc/selinux/default/contexts/files/file_contexts.local"), StringComparison.Ordinal);

        // Killed at each of the calls that set a label: the old labels or the new ones, and never a file without TLS.
        await guest.ExpectAsync($"sed -i s,/srv/tls,{Directory}, {Manifest}");
        foreach (var call in new[] { "openat:1", "fsetxattr:1", "fsetxattr:2" }.Select(c => c.Split(':')))
        {
            await guest.ExpectAsync($"chcon -t user_home_t {Bundle}; chcon -t dovecot_cert_t {Directory}");
            var path = call[0] == "openat" ? "-P /proc/thread-self/attr/fscreate " : "";
            Say((await guest.RunAsync($"strace -f -qq -o /dev/null {path}-e trace={call[0]} -e inject={call[0]}:signal=KILL:when={call[1]} {Apply}")).ToString());
            (await guest.RunAsync("mailtls recover")).Expect(0);
            var types = string.Join(' ', (await guest.ExpectAsync($"stat -c %C {Directory} {Bundle}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(SecurityContext.TypeOf));
            Assert.Contains(types, new[] { "dovecot_cert_t user_home_t", "cert_t cert_t" });
            await TellAsync(guest, Apply);
            await TellAsync(guest, $"mailtls verify {Manifest} --quick");
        }
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
        Say($"{compared} look-ups compared with matchpathcon");
        Assert.True(compared > 2000, $"{compared}");
    }

    // Names as administrators choose them, in the places where certificates and daemons' files lie.
    private static IEnumerable<string> Made(bool files) =>
        from directory in new[] { "/etc", "/etc/pki", "/etc/pki/tls", "/etc/ssl", "/etc/letsencrypt/live", "/etc/dovecot", "/etc/postfix", "/srv", "/srv/tls", "/opt", "/usr/local/etc", "/var/lib", "/var/lib/dovecot", "/root", "/home/bob", "/home/bob/.ssh", "/run", "/run/dovecot", "/tmp", "/var/spool/postfix/private", "/lib64", "/usr/lib/x86_64-linux-gnu" }
        from name in new[] { "", "/private", "/mailtls", "/mail.example.org", "/.hidden", "/a b", "/ssl.key" }
        from file in files ? ["/key.pem", "/mail.example.org.2.key", "/dovecot.pem", "/main.cf"] : new[] { "", "/ca" }
        where !(directory + name + file).Contains(' ', StringComparison.Ordinal)
        select directory + name + file;

    private static async Task NothingToDoAsync(Guest guest) => Assert.Contains("No changes", await TellAsync(guest, $"mailtls plan {Manifest} --detailed-exitcode"), StringComparison.Ordinal);

    private static async Task<IReadOnlyList<string>> TypesAsync(Guest guest) =>
        [.. (await TellAsync(guest, $"find {Directory} -printf '%Z %p\\n'")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => SecurityContext.TypeOf(l.Split(' ')[0]))];

    private static async Task<string> TellAsync(Guest guest, string command)
    {
        var output = await guest.ExpectAsync(command);
        Say($"$ {command}\n{output}");
        return output;
    }

    private static void Say(string words) => TestContext.Current.TestOutputHelper?.WriteLine(words);
}
