using System.Text;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using Xunit;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Tests.Execution;

/// <summary>A file that cannot be put back: the host is left with what goes together, and there is a way out.</summary>
public class UndoTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private const string Key = "/etc/pki/mailtls/a.pem";
    private const string MainCf = "/etc/postfix/main.cf";
    private const string MasterCf = "/etc/postfix/master.cf";
    private const string MainImage = "/etc/postfix/.main.cf.mtls-run-2.old";

    private static readonly Dictionary<string, (Action<InMemoryHost> Happens, Action<InMemoryHost> Mended, string Words)> Hindrances = new()
    {
        ["a line by hand"] = (h => h.AddFile(MainCf, "main 2 and more"), h => h.AddFile(MainCf, "main 2"), $"{MainCf} was changed by somebody else after the commit; its former content is kept in {MainImage}"),
        ["a line by hand, and then the former content"] = (h => h.AddFile(MainCf, "main 2 and more"), h => h.AddFile(MainCf, "main 1"), "changed by somebody else"),
        ["a file that is gone"] = (h => h.Unlink(MainCf), h => h.AddFile(MainCf, "main 1"), "changed by somebody else"),
        ["a new file that somebody changed"] = (h => h.AddFile(Key, "key 3"), h => h.Unlink(Key), $"{Key} was changed by somebody else after the commit; before it there was none"),
        ["a before-image that is gone"] = (h => h.Unlink(MainImage), h => h.AddFile(MainImage, "main 1"), $"the former content of {MainCf} is missing at {MainImage}"),
        ["a before-image that is damaged"] = (h => h.AddFile(MainImage, "mai"), h => h.AddFile(MainImage, "main 1"), $"the former content of {MainCf} is damaged at {MainImage}"),
    };

    public static TheoryData<string> Kinds() => [.. Hindrances.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Where_one_file_cannot_be_put_back_none_is_until_that_is_mended(string kind)
    {
        var (happens, mended, words) = Hindrances[kind];
        var host = Host();
        var old = Visible(host);
        var files = Committed(host);
        happens(host);
        var found = StepTests.Snapshot(host);
        Assert.Contains(words, Assert.Single(files.Undo()), StringComparison.Ordinal);
        Assert.False(files.FilesAreBack);
        Assert.Equal(found, StepTests.Snapshot(host));

        // The recovery that follows does no more than that either.
        Assert.Contains(words, Assert.Single(FileTransaction.Open(host, Directory)!.Recover()), StringComparison.Ordinal);
        Assert.Equal(found, StepTests.Snapshot(host));

        mended(host);
        files = FileTransaction.Open(host, Directory)!;
        Assert.Empty(files.Recover());
        Assert.True(files.FilesAreBack);
        files.FinishUndone();
        Assert.Equal(old, Visible(host));
    }

    [Fact]
    public void An_error_ends_the_way_back_where_what_is_left_goes_together()
    {
        // The other way round from the commit: master.cf is old, and goes with both main.cf; what main.cf names is there.
        var host = Host();
        var old = Visible(host);
        var files = Committed(host);
        host.BeforeChange = (operation, path) => _ = path == MainImage ? throw new HostWriteException(operation, path, 5, "input/output error") : 0;
        Assert.Contains("input/output error", Assert.Single(files.Undo()), StringComparison.Ordinal);
        Assert.False(files.FilesAreBack);
        Assert.Equal(("key 2", "main 2", "master 1"), (Text(host, Key), Text(host, MainCf), Text(host, MasterCf)));

        host.BeforeChange = (_, _) => { };
        files = FileTransaction.Open(host, Directory)!;
        Assert.Empty(files.Recover());
        files.FinishUndone();
        Assert.Equal(old, Visible(host));
    }

    [Fact]
    public void What_somebody_changes_once_the_files_are_back_stays_and_hinders_nobody()
    {
        var host = Host();
        Assert.Empty(Committed(host).Undo());
        host.AddFile(MainCf, "main 1 and more");
        var files = FileTransaction.Open(host, Directory)!;
        Assert.Empty(files.Recover());
        Assert.True(files.FilesAreBack);
        files.FinishUndone();
        Assert.Equal("main 1 and more", Text(host, MainCf));
        Assert.Null(Journal.Open(host, Directory));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_new_files_in_place_no_service_is_told_but_one_that_its_reload_ended_is_started(bool ends)
    {
        // The daemons go on serving the old certificate, so the apply fails; meanwhile somebody writes a line.
        var machine = new ServingMachine { Loads = false };
        var programs = machine.Host.Programs;
        var told = new List<string>();
        machine.Host.Programs = call =>
        {
            if (call.Arguments is [.., "reload" or "restart" or "start" or "stop"] || call is { Program: "/usr/sbin/dovecot", Arguments: ["-c", _] })
            {
                told.Add($"{Step.Name(call.Program)} {call.Arguments[^1]}");
            }

            if (call.Arguments is [.., "reload"] && call.Program.EndsWith("doveadm", StringComparison.Ordinal))
            {
                machine.SetText(ServingMachine.MainCf, machine.Text(ServingMachine.MainCf) + "# by hand\n");
                if (ends)
                {
                    machine.Host.Unlink("/run/dovecot/master.pid");
                }
            }

            return programs(call);
        };
        var (status, output, error) = await machine.RunAsync("apply", ServingMachine.Manifest, "--auto-approve");
        Assert.True(status == 6, output + error);
        Assert.Contains("error MTS0704", error, StringComparison.Ordinal);
        Assert.Contains($"{ServingMachine.MainCf} was changed by somebody else after the commit", error, StringComparison.Ordinal);
        Assert.Equal(ends ? ["postfix reload", "doveadm reload", "dovecot /etc/dovecot/dovecot.conf"] : ["postfix reload", "doveadm reload"], told);
        Assert.EndsWith("# by hand\n", machine.Text(ServingMachine.MainCf), StringComparison.Ordinal);
        Assert.Contains(ServingMachine.Bundle, machine.Text(ServingMachine.MainCf), StringComparison.Ordinal);
        Assert.NotNull(machine.Host.Stat(ServingMachine.Bundle));
        Assert.NotNull(machine.Host.Stat(ServingMachine.Own));
    }

    private static string Text(InMemoryHost host, string path) => Encoding.Latin1.GetString(host.ReadBytes(path)!);

    private static List<string> Visible(InMemoryHost host) => [.. StepTests.Snapshot(host).Where(l => !l.StartsWith(Directory, StringComparison.Ordinal))];

    private static InMemoryHost Host() => new InMemoryHost().AddDirectory("/var/lib").AddDirectory("/etc/pki").AddFile(MainCf, "main 1").AddFile(MasterCf, "master 1");

    // As an apply orders them: the certificate first, and every file goes with those before it.
    private static FileTransaction Committed(InMemoryHost host)
    {
        ReplaceFileStep[] steps =
        [
            new(Key, "/etc/pki/.a.pem.mtls-run-1.new", null, null, Fingerprint.Digest("key 2")),
            new(MainCf, "/etc/postfix/.main.cf.mtls-run-2.new", MainImage, Fingerprint.Digest("main 1"), Fingerprint.Digest("main 2")),
            new(MasterCf, "/etc/postfix/.master.cf.mtls-run-3.new", "/etc/postfix/.master.cf.mtls-run-3.old", Fingerprint.Digest("master 1"), Fingerprint.Digest("master 2")),
        ];
        string[] contents = ["key 2", "main 2", "master 2"];
        var entry = new JournalEntry("run", DateTimeOffset.UnixEpoch, "mailtls apply", "mail.mydomain.com", "m", [new CreateDirectoryStep("/etc/pki/mailtls", 0, 0, 0x1C0), .. steps], [], []);
        var files = FileTransaction.Begin(host, Directory, entry);
        files.Stage([.. steps.Zip(contents, (s, c) => new NewFile(s.Path, Encoding.Latin1.GetBytes(c), new FileAttributes(0, 0, 0x1A4), s.OldDigest, BackDated: false))], DateTimeOffset.UnixEpoch);
        files.KeepBeforeImages();
        files.Intent();
        files.Commit();
        return files;
    }
}
