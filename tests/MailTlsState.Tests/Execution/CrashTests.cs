using System.Text;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;
using Xunit;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Tests.Execution;

/// <summary>
/// The files' part of an apply with the process killed, the power cut or a call refused at every single change, and again at
/// every change of the recovery that follows: the host ends in the whole old state or the whole new one, with nothing left over.
/// </summary>
public class CrashTests
{
    private const string Directory = "/var/lib/mailtlsstate";

    private static readonly int[] Errors = [5, 13, 28, 30, 122]; // EIO, EACCES, ENOSPC, EROFS, EDQUOT

    /// <summary>An apply that makes things where nothing was, and one that changes what is there.</summary>
    public static TheoryData<string> Applies() => ["creates", "changes"];

    [Theory]
    [MemberData(nameof(Applies))]
    public void Undisturbed_it_ends_in_the_new_state_and_undone_in_the_old_one(string apply)
    {
        var host = Start(apply);
        Apply(host, apply);
        Assert.Equal(NewState(apply), Tree(host));
        Assert.True(Changes(apply) > 35, $"{Changes(apply)}");

        host = Start(apply);
        var files = Commit(host, apply);
        Assert.Empty(files.Undo());
        files.FinishUndone();
        Assert.Equal(OldState(apply), Tree(host));
    }

    [Theory]
    [MemberData(nameof(Applies))]
    public void Killed_or_cut_off_at_any_change_it_is_recovered_whole(string apply)
    {
        var (old, @new) = (OldState(apply), NewState(apply));
        for (var at = 1; at <= Changes(apply); at++)
        {
            foreach (var cut in Cuts(apply, at))
            {
                var host = DieAt(apply, at, cut, out var verified);
                Recover(host);
                RequireWhole(host, verified ? @new : old, $"{apply}: dead at change {at}, {cut}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Applies))]
    public void A_recovery_that_dies_at_any_change_is_recovered_whole(string apply)
    {
        var (old, @new) = (OldState(apply), NewState(apply));
        for (var at = 1; at <= Changes(apply); at++)
        {
            for (var second = 1; ; second++)
            {
                var died = false;
                foreach (var cut in new[] { -1, 0, int.MaxValue })
                {
                    var host = DieAt(apply, at, cut, out var verified);
                    died |= Die(host, second, () => Recover(host));
                    Cut(host, cut);
                    Recover(host);
                    RequireWhole(host, verified ? @new : old, $"{apply}: dead at change {at}, then at change {second} of the recovery, {cut}");
                }

                if (!died)
                {
                    break;
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Applies))]
    public void Refused_at_any_change_it_is_taken_back_at_once_or_by_the_next_run(string apply)
    {
        var (old, @new) = (OldState(apply), NewState(apply));
        foreach (var error in Errors)
        {
            for (var at = 1; at <= Changes(apply); at++)
            {
                // Once, or from then on until somebody mends the disk.
                foreach (var lasting in new[] { false, true })
                {
                    var host = Start(apply);
                    var count = 0;
                    host.BeforeChange = (operation, path) => _ = ++count == at || (lasting && count > at) ? throw new HostWriteException(operation, path, error, "refused") : 0;
                    var verified = ApplyOrTakeBack(host, apply);
                    host.BeforeChange = (_, _) => { };
                    if (!lasting && !verified)
                    {
                        Assert.True(old.SequenceEqual(Names(host)), $"{apply}: error {error} at change {at}: {Differences(old, Names(host))}");
                    }

                    Recover(host);
                    RequireWhole(host, verified ? @new : old, $"{apply}: error {error} at change {at}, lasting {lasting}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Applies))]
    public void Without_the_flush_of_directories_a_power_cut_is_seen_to_leave_a_mixture(string apply)
    {
        var (old, @new) = (OldState(apply), NewState(apply));
        var mixed = 0;
        for (var at = 1; at <= Changes(apply) + 1; at++)
        {
            var host = Start(apply);
            host.ForgetsDirectories = true;
            Die(host, at, () => Apply(host, apply));
            for (var survivors = host.UnsettledNames; survivors >= 0; survivors -= 3)
            {
                var copy = Start(apply);
                copy.ForgetsDirectories = true;
                Die(copy, at, () => Apply(copy, apply));
                copy.CutPower(survivors);
                copy.ForgetsDirectories = false;
                var failed = Record.Exception(() => Recover(copy));
                mixed += failed is not null || !(old.SequenceEqual(Tree(copy)) || @new.SequenceEqual(Tree(copy))) ? 1 : 0;
            }
        }

        Assert.True(mixed >= 5, $"{mixed}");
    }

    private static InMemoryHost DieAt(string apply, int at, int cut, out bool verified)
    {
        var host = Start(apply);
        Assert.True(Die(host, at, () => Apply(host, apply)));
        Cut(host, cut);

        // The only way forward is by the line that says so, if it is on the disk.
        verified = Journal.Open(host, Directory) is { State: JournalState.Verified } || (host.Stat(Directory + "/applied/run") is not null && Journal.Open(host, Directory) is null);
        return host;
    }

    // Killed only; all that was not flushed lost; and with the first few changes of names on the disk.
    private static IEnumerable<int> Cuts(string apply, int at)
    {
        var host = Start(apply);
        Die(host, at, () => Apply(host, apply));
        return Enumerable.Range(-1, host.UnsettledNames + 2);
    }

    private static void Cut(InMemoryHost host, int survivors)
    {
        if (survivors >= 0)
        {
            host.CutPower(survivors);
        }
    }

    private static bool Die(InMemoryHost host, int at, Action action)
    {
        var count = 0;
        host.BeforeChange = (_, _) => _ = ++count >= at ? throw new DeadException() : 0;
        try
        {
            action();
            return false;
        }
        catch (DeadException)
        {
            return true;
        }
        finally
        {
            host.BeforeChange = (_, _) => { };
        }
    }

    private static void RequireWhole(InMemoryHost host, IReadOnlyList<string> wanted, string when) =>
        Assert.True(wanted.SequenceEqual(Tree(host)), $"{when}: {Differences(wanted, Tree(host))}");

    private static string Differences(IReadOnlyList<string> wanted, IReadOnlyList<string> found) =>
        string.Join("; ", found.Except(wanted).Select(l => "+ " + l).Concat(wanted.Except(found).Select(l => "- " + l)));

    private static void Apply(InMemoryHost host, string apply)
    {
        var files = Commit(host, apply);
        files.Activated();
        Assert.True(files.Verified());
        files.Finish();
    }

    private static FileTransaction Commit(InMemoryHost host, string apply)
    {
        var files = FileTransaction.Begin(host, Directory, Entry(apply));
        files.Stage(NewFiles(apply), DateTimeOffset.UnixEpoch);
        files.KeepBeforeImages();
        files.Intent();
        files.Commit();
        return files;
    }

    // As the executor does it: before the intent it is given up, after it undone, after verification it stands.
    private static bool ApplyOrTakeBack(InMemoryHost host, string apply)
    {
        FileTransaction? files = null;
        var intended = false;
        try
        {
            files = FileTransaction.Begin(host, Directory, Entry(apply));
            files.Stage(NewFiles(apply), DateTimeOffset.UnixEpoch);
            files.KeepBeforeImages();
            files.Intent();
            intended = true;
            files.Commit();
            files.Activated();
            if (!files.Verified())
            {
                return true;
            }
        }
        catch (HostWriteException)
        {
            _ = Record.Exception(() =>
            {
                if (!intended)
                {
                    files?.Abandon();
                }
                else if (files!.Undo().Count == 0)
                {
                    files.FinishUndone();
                }
            });
            return false;
        }

        _ = Record.Exception(files.Finish);
        return true;
    }

    private static void Recover(InMemoryHost host)
    {
        if (FileTransaction.Open(host, Directory) is not { } files)
        {
            return;
        }

        var left = files.Recover();
        Assert.Empty(left);
        if (files.State == JournalState.VerifyLater)
        {
            files.FinishUndone();
        }

        Assert.Null(Journal.Open(host, Directory));
    }

    private static int Changes(string apply)
    {
        var host = Start(apply);
        var count = 0;
        host.BeforeChange = (_, _) => count++;
        Apply(host, apply);
        return count;
    }

    private static List<string> OldState(string apply) => Tree(Start(apply));

    private static List<string> NewState(string apply)
    {
        var host = Start(apply);
        Apply(host, apply);
        return Tree(host);
    }

    // The journal's own folder stays with what it archives; a journal or anything else in it does not.
    private static List<string> Tree(InMemoryHost host) => [.. StepTests.Snapshot(host).Where(line =>
        !line.StartsWith(Directory + " ", StringComparison.Ordinal) && !line.StartsWith(Directory + "/applied", StringComparison.Ordinal))];

    // What a daemon could read.
    private static List<string> Names(InMemoryHost host) => [.. Tree(host).Where(line => !line.Contains(".mtls-", StringComparison.Ordinal) && !line.StartsWith(Directory, StringComparison.Ordinal))];

    private static InMemoryHost Start(string apply)
    {
        var host = new InMemoryHost().AddDirectory("/var/lib").AddDirectory("/etc/postfix").AddDirectory("/etc/dovecot");
        if (apply == "changes")
        {
            host.AddFile("/etc/postfix/main.cf", "main 1").AddFile("/etc/postfix/master.cf", "master 1", 0, 8, 0x1A0).AddFile("/etc/dovecot/dovecot.conf", "dovecot 1")
                .AddDirectory("/etc/pki/mailtls", mode: 0x1ED).AddFile("/etc/pki/mailtls/a.pem", "key 1", mode: 0x180).AddFile("/etc/pki/mailtls/a.key", "key 0", mode: 0x180);
        }

        return host.Settled();
    }

    private static JournalEntry Entry(string apply)
    {
        IReadOnlyList<Step> steps = apply == "creates"
            ?
            [
                new CreateDirectoryStep("/etc/pki", 0, 0, 0x1ED),
                new CreateDirectoryStep("/etc/pki/mailtls", 0, 0, 0x1C0),
                Replace("/etc/pki/mailtls/a.pem", "/etc", null, "key 2", 1),
                Replace("/etc/postfix/main.cf", "/etc/postfix", null, "main 2", 2),
                Replace("/etc/dovecot/x.conf", "/etc/dovecot", null, "dovecot 2", 3),
            ]
            :
            [
                new SetAttributesStep("/etc/pki/mailtls", new FileAttributes(0, 0, 0x1ED), new FileAttributes(0, 0, 0x1C0)),
                new CreateDirectoryStep("/etc/pki/mailtls/ca", 0, 0, 0x1C0),
                Replace("/etc/pki/mailtls/a.pem", "/etc/pki/mailtls", "key 1", "key 2", 1),
                Replace("/etc/pki/mailtls/ca/ca.pem", "/etc/pki/mailtls", null, "root", 2),
                Replace("/etc/postfix/main.cf", "/etc/postfix", "main 1", "main 2", 3),
                Replace("/etc/postfix/master.cf", "/etc/postfix", "master 1", "master 2", 4),
                new RemoveFileStep("/etc/pki/mailtls/a.key", Fingerprint.Digest("key 0")),
            ];
        return new JournalEntry("run", DateTimeOffset.UnixEpoch, "mailtls apply", "mail.mydomain.com", "m", steps, [], [new JournalEndpoint(ServiceKind.Postfix, EndpointKind.Smtp, "::1", 25, ProbeOutcome.Completed, "x")]);
    }

    private static IReadOnlyList<NewFile> NewFiles(string apply) => [.. Entry(apply).Steps.OfType<ReplaceFileStep>().Select(s => new NewFile(
        s.Path, Encoding.Latin1.GetBytes(Content[s.NewDigest]), new FileAttributes(0, 0, s.Path.EndsWith(".pem", StringComparison.Ordinal) ? 0x180 : 0x1A4), s.OldDigest, s.Path.EndsWith("main.cf", StringComparison.Ordinal)))];

    private static readonly Dictionary<string, string> Content = new[] { "key 2", "main 2", "master 2", "dovecot 2", "root" }.ToDictionary(text => Fingerprint.Digest(text));

    private static ReplaceFileStep Replace(string path, string staging, string? old, string @new, int number) => new(
        path,
        $"{staging}/.{Step.Name(path)}.mtls-run-{number}.new",
        old is null ? null : $"{Step.Parent(path)}/.{Step.Name(path)}.mtls-run-{number}.old",
        old is null ? null : Fingerprint.Digest(old),
        Fingerprint.Digest(@new));

    private sealed class DeadException : Exception;
}
