using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using Xunit;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Tests.Execution;

/// <summary>The files' part of an apply where somebody else is at work too, and where a program cannot be run on the way back.</summary>
public class FileTransactionTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private const string Path = "/etc/postfix/main.cf";
    private const string Rules = "/etc/selinux/targeted/contexts/files/file_contexts.local";

    [Fact]
    public void A_program_that_cannot_be_run_on_the_way_back_keeps_no_file_from_going_back()
    {
        foreach (var program in new Step[] { new RefreshTrustStep("/usr/sbin/update-ca-certificates", [], TrustRefresh.AfterUndo), new LabelRuleStep("/etc/pki(/.*)?", null, "cert_t", Rules) })
        {
            var host = Host();
            var files = Staged(host, [new SetAttributesStep("/etc/postfix", new FileAttributes(0, 0, 0x1ED), new FileAttributes(0, 0, 0x1C0)), program, Replace()]);
            files.KeepBeforeImages();
            files.Intent();
            host.Programs = call => Run(host, call);
            files.Commit();

            // No process can be started any more: also not by the recovery that follows.
            host.Programs = call => throw new MailTlsException(HostDiagnostics.ProgramNotStarted(call.Program, "resource temporarily unavailable"));
            Assert.Contains("could not be started: resource temporarily unavailable", Assert.Single(files.Undo()), StringComparison.Ordinal);
            Assert.Single(FileTransaction.Open(host, Directory)!.Recover());
            Assert.Equal("old", Encoding.Latin1.GetString(host.ReadBytes(Path)!));
            Assert.Equal(0x1ED, host.Stat("/etc/postfix")!.Mode);

            host.Programs = call => Run(host, call);
            Assert.Empty(FileTransaction.Open(host, Directory)!.Recover());
        }
    }

    public static TheoryData<string> Changes() => [.. Others.Keys];

    private static readonly Dictionary<string, Action<InMemoryHost>> Others = new()
    {
        ["chmod"] = host => host.SetOwnerAndMode(Path, 0, 0, 0x1A0),
        ["chown"] = host => host.SetOwnerAndMode(Path, 8, 0, 0x1A4),
        ["chgrp"] = host => host.SetOwnerAndMode(Path, 0, 8, 0x1A4),
        ["an attribute that the mode does not show, such as an ACL"] = host => host.SetLabel(Path, "system_u:object_r:another_t:s0"),
        ["an equal file"] = host => host.AddFile(Path, "old"),
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void What_somebody_sets_of_a_file_between_staging_and_commit_is_noticed_and_stays(string change)
    {
        // Before the before-images, and after them: that is while the rehearsal runs, and right before the commit.
        foreach (var late in new[] { false, true })
        {
            var host = Host();
            var files = Staged(host, [Replace()]);
            if (late)
            {
                files.KeepBeforeImages();
                files.Intent();
            }

            Others[change](host);
            var after = Visible(host);
            var stale = Assert.Throws<PlanStaleException>(late ? files.Commit : files.KeepBeforeImages);
            Assert.StartsWith(Path, Assert.Single(stale.Moved).Replace("owner, mode or another attribute of ", "", StringComparison.Ordinal), StringComparison.Ordinal);
            if (late)
            {
                Assert.Empty(files.Undo());
            }

            Assert.Equal(after, Visible(host));
        }
    }

    [Fact]
    public void What_the_run_itself_sets_of_a_file_that_it_replaces_is_nobody_elses_change()
    {
        var host = Host();
        host.SetLabel(Path, "system_u:object_r:tmp_t:s0");
        var files = Staged(host, [new SetAttributesStep(Path, new FileAttributes(0, 0, 0x1A4), new FileAttributes(0, 0, 0x180)), new SetLabelStep(Path, "system_u:object_r:tmp_t:s0", "system_u:object_r:cert_t:s0"), Replace()]);
        files.KeepBeforeImages();
        files.Intent();
        files.Commit();
        Assert.Equal("new", Encoding.Latin1.GetString(host.ReadBytes(Path)!));
        Assert.Empty(files.Undo());
        Assert.Equal(("old", 0x1A4, "system_u:object_r:tmp_t:s0"), (Encoding.Latin1.GetString(host.ReadBytes(Path)!), host.Stat(Path)!.Mode, host.LabelOf(Path)));
    }

    private static List<string> Visible(InMemoryHost host) => [.. StepTests.Snapshot(host).Where(l => l.StartsWith(Path, StringComparison.Ordinal)), host.LabelOf(Path) ?? ""];

    private static ProcessResult Run(InMemoryHost host, ProcessCall call)
    {
        const string context = "system_u:object_r:cert_t:s0";
        if (call.Program == "/usr/bin/flock")
        {
            var words = call.Arguments.SkipWhile(a => a != "fcontext").Skip(1).ToList();
            if (words[0] == "--list")
            {
                return new ProcessResult(0, host.ReadBytes(Rules) is { Length: > 0 } ? $"/etc/pki(/.*)?      all files    {context} \n" : "", "");
            }

            host.AddFile(Rules, words[0] == "-a" ? $"{words[^1]} {context}\n" : "");
        }

        return new ProcessResult(0, "", "");
    }

    private static FileTransaction Staged(InMemoryHost host, IReadOnlyList<Step> steps)
    {
        var files = FileTransaction.Begin(host, Directory, new JournalEntry("run", DateTimeOffset.UnixEpoch, "mailtls apply", "mail.mydomain.com", "m", steps, [], []));
        files.Stage([new NewFile(Path, "new"u8.ToArray(), new FileAttributes(0, 0, 0x1A4), Fingerprint.Digest("old"), BackDated: false)], DateTimeOffset.UnixEpoch);
        return files;
    }

    private static ReplaceFileStep Replace() => new(Path, "/etc/postfix/.main.cf.mtls-run-1.new", "/etc/postfix/.main.cf.mtls-run-1.old", Fingerprint.Digest("old"), Fingerprint.Digest("new"));

    private static InMemoryHost Host() => new InMemoryHost().AddDirectory("/var/lib").AddFile(Path, "old").AddFile("/usr/sbin/semanage", "", mode: 0x1ED);
}
