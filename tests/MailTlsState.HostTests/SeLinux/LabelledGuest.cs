using System.Globalization;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.HostTests.Systemd;
using Xunit;

namespace MailTlsState.HostTests.SeLinux;

/// <summary>
/// A guest on a kernel that enforces Debian's policy, both daemons in their own domains and started by systemd. One for many tests, since the boot is
/// what costs; each step is told, so that the log is a transcript.
/// </summary>
internal sealed class LabelledGuest : IAsyncDisposable
{
    public const string Manifest = "/root/manifest.yaml";
    public const string Apply = $"mailtls apply {Manifest} --auto-approve";
    public const string Up = "systemctl -q is-active postfix@-.service && systemctl -q is-active dovecot.service && ss -ltn | grep -q :25";
    public const string LocalRules = "/etc/selinux/default/contexts/files/file_contexts.local";

    /// <summary>What SELinux refused the mail daemons since the boot.</summary>
    public const string Denials = "journalctl -q -b --no-pager -o cat _TRANSPORT=audit | grep -E 'avc: +denied' | grep -E 'scontext=[^ ]*:(postfix|dovecot)_' || :";

    // What is quickly made: an emulator takes its time for RSA.
    private const string Small = """
        apiVersion: mailtlsstate/v1
        host: mail.mydomain.com
        certificate:
          keys: [ecdsa-p256]
          directory: DIRECTORY
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

    private LabelledGuest(Guest guest, string directory) => (Guest, Directory) = (guest, directory);

    public Guest Guest { get; }

    /// <summary>Where the manifest has the certificate.</summary>
    public string Directory { get; }

    public string Bundle => Directory + "/mail.mydomain.com.pem";

    public static async Task<LabelledGuest> StartAsync(string directory = "/etc/pki/mailtls")
    {
        var host = new LabelledGuest(await Guest.StartAsync(selinux: true), directory);
        await host.Guest.ExpectAsync($"cat >{Manifest} <<'END'\n{Small.Replace("DIRECTORY", directory, StringComparison.Ordinal)}\nEND");
        await host.Guest.WaitAsync(Up);
        return host;
    }

    public ValueTask DisposeAsync() => Guest.DisposeAsync();

    /// <summary>The output of a command that must end with 0, which the log has, too.</summary>
    public async Task<string> TellAsync(string command) => (await TellRunAsync(command)).Expect(0).Output;

    /// <summary>How a command ended, which the log has, too.</summary>
    public async Task<Lab.CommandResult> TellRunAsync(string command)
    {
        var result = await Guest.RunAsync(command);
        Say($"{DateTime.Now.ToString("T", CultureInfo.InvariantCulture)} {result}");
        return result;
    }

    /// <summary>Edits the manifest with sed.</summary>
    public Task EditAsync(string expression) => Guest.ExpectAsync($"sed -i '{expression}' {Manifest}");

    public async Task NothingToDoAsync() => Assert.Contains("No changes", await TellAsync($"mailtls plan {Manifest} --detailed-exitcode"), StringComparison.Ordinal);

    public Task VerifyAsync() => TellAsync($"mailtls verify {Manifest} --quick");

    /// <summary>The types of the directory and of all that is in it.</summary>
    public async Task<IReadOnlyList<string>> TypesAsync() =>
        [.. (await TellAsync($"find {Directory} -printf '%Z %p\\n'")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => SecurityContext.TypeOf(l.Split(' ')[0]))];

    /// <summary>Everything that an apply manages, with its labels, and all local rules: those of semanage's store and those that are installed.</summary>
    public Task<string> StateAsync() => Guest.ExpectAsync(
        "find /etc/postfix /etc/dovecot /etc/pki /etc/ssl /etc/systemd/system /srv -not -path '/etc/ssl/certs/*' -printf '%p %m %U:%G %Z %l\\n' | sort; "
        + "find /etc/postfix /etc/dovecot /etc/pki /etc/ssl /srv -type f -not -path '/etc/ssl/certs/*' | sort | xargs sha256sum; "
        + $"for f in /var/lib/selinux/default/active/file_contexts.local {LocalRules}; do echo $f; grep -hEv '^(#|$)' $f; done || :");

    /// <summary>
    /// Puts a script of the lab in the place of flock(1), which mailtls runs semanage by. For the next change of a rule it does what /run/lab/die says: it ends
    /// mailtls before, at the start of, in the middle of or after semanage's work, or hangs in the middle (for a power cut). What adds a rule is let through:
    /// the policy itself has one of that pattern, so it is refused, and changing that follows.
    /// </summary>
    public Task WatchSeManageAsync() => Guest.ExpectAsync(
        $"mv /usr/bin/flock /usr/bin/flock.real; cat >/usr/bin/flock <<'END'\n{Flock}\nEND\nchmod 755 /usr/bin/flock; restorecon -F /usr/bin/flock /usr/bin/flock.real; sync");

    // The middle: its own store is new, and what it installs of that is not.
    private const string Flock = """
        #!/bin/sh
        case $* in *--list*|*' -a '*) exec flock.real "$@" ;; esac
        how=$(cat /run/lab/die 2>/dev/null); rm -f /run/lab/die
        case $how in
        before) kill -9 $PPID; exit 1 ;;
        start) kill -9 $PPID; exec flock.real "$@" ;;
        middle|hang)
            store=/var/lib/selinux/default/active/commit_num
            was=$(stat -c %i $store)
            flock.real "$@" &
            until now=$(stat -c %i $store 2>/dev/null) && [ "$now" != "$was" ]; do :; done
            pkill -STOP -x semanage
            if [ $how = hang ]; then kill -STOP $PPID; echo >/run/lab/hangs; kill -STOP $$; fi
            kill -9 $PPID; pkill -9 -x semanage; wait; exit 1 ;;
        after) flock.real "$@"; kill -9 $PPID; exit 1 ;;
        *) exec flock.real "$@" ;;
        esac
        """;

    public static void Say(string words) => TestContext.Current.TestOutputHelper?.WriteLine(words);
}
