using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using Xunit;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Tests.Execution;

/// <summary>The files' part of an apply where a program cannot be run on the way back.</summary>
public class FileTransactionTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private const string Path = "/etc/postfix/main.cf";
    private const string Rules = "/etc/selinux/targeted/contexts/files/file_contexts.local";

    [Fact]
    public void A_program_that_cannot_be_run_on_the_way_back_keeps_no_file_from_going_back()
    {
        foreach (var program in new Step[] { new RefreshTrustStep("/usr/sbin/update-ca-certificates", [], TrustRefresh.AfterUndo), new LabelRuleStep("/etc/pki(/.*)?", "cert_t", Rules, Adds: true) })
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

    private static ProcessResult Run(InMemoryHost host, ProcessCall call)
    {
        if (call.Program == MailTlsState.Hosts.SeLinux.SecurityContext.SeManage)
        {
            host.AddFile(Rules, call.Arguments[1] == "-a" ? $"{call.Arguments[^1]} system_u:object_r:cert_t:s0\n" : "");
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

    private static InMemoryHost Host() => new InMemoryHost().AddDirectory("/var/lib").AddFile(Path, "old");
}
