using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;
using MailTlsState.Services.Systemd;
using Xunit;

namespace MailTlsState.Tests.Services.Systemd;

public class RecoveryUnitTests
{
    private const string Program = "/usr/local/sbin/mailtls";

    [Fact]
    public void Where_systemd_does_not_run_nothing_is_planned_and_nothing_is_said()
    {
        var planned = Plan(new HostFacts("mail", 0, Systemd: false, SeLinux: false));
        Assert.Empty(planned.Changes);
        Assert.Empty(planned.Diagnostics);
    }

    [Fact]
    public void The_unit_and_the_file_that_makes_the_boot_want_it_are_made()
    {
        var planned = Plan(Facts());
        Assert.Equal(
            ["directory " + RecoveryUnit.DropInDirectory, "unit " + RecoveryUnit.UnitPath, "unit " + RecoveryUnit.DropInPath],
            planned.Changes.Select(c => c.Address));
        Assert.All(planned.Changes, c => Assert.Equal(ChangeAction.Create, c.Action));
        var text = Written(planned, RecoveryUnit.UnitPath);
        Assert.Contains($"\nExecStart={Program} recover --files-only\n", text, StringComparison.Ordinal);
        Assert.Contains("\nConditionPathExists=/var/lib/mailtlsstate/journal\n", text, StringComparison.Ordinal);
        Assert.Contains("\nDefaultDependencies=no\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\nBefore=sysinit\.target .*\bpostfix@-\.service\b.*\bdovecot\.socket\n", text);
        Assert.Contains("\nWants=mailtls-recover.service\n", Written(planned, RecoveryUnit.DropInPath), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_there_already_is_left_alone()
    {
        var first = Plan(Facts());
        var planned = Plan(
            Facts(),
            new FileObservation(RecoveryUnit.DropInDirectory, FileKind.Directory) { Mode = 0x1ED },
            File(RecoveryUnit.UnitPath, Written(first, RecoveryUnit.UnitPath)),
            File(RecoveryUnit.DropInPath, Written(first, RecoveryUnit.DropInPath)));
        Assert.Empty(planned.Changes);
        Assert.Empty(planned.Diagnostics);
    }

    [Fact]
    public void A_unit_that_starts_another_program_is_corrected()
    {
        var old = Written(Plan(Facts("/opt/old/mailtls")), RecoveryUnit.UnitPath);
        var change = Plan(Facts(), File(RecoveryUnit.UnitPath, old)).Changes.Single(c => c.Name == RecoveryUnit.UnitPath);
        Assert.Equal(ChangeAction.Update, change.Action);
        Assert.Contains($"-ExecStart=/opt/old/mailtls", change.Diff, StringComparison.Ordinal);
        Assert.Contains($"+ExecStart={Program}", change.Diff, StringComparison.Ordinal);
    }

    [Fact]
    public void A_masked_unit_is_the_administrators_word()
    {
        var planned = Plan(Facts(), new FileObservation(RecoveryUnit.UnitPath, FileKind.SymbolicLink) { LinkTarget = "/dev/null" });
        Assert.Empty(planned.Changes);
        Assert.Equal(SystemdDiagnostics.BootRecoveryMaskedCode, Assert.Single(planned.Diagnostics).Code);
    }

    [Fact]
    public void A_program_that_others_could_change_is_never_named_in_a_unit()
    {
        var planned = Plan(new HostFacts("mail", 0, Systemd: true, SeLinux: false) { ProgramProblem = "others than root may change /home/anna" });
        Assert.Empty(planned.Changes);
        var note = Assert.Single(planned.Diagnostics);
        Assert.Equal((SystemdDiagnostics.NoBootRecoveryCode, Severity.Note), (note.Code, note.Severity));
        Assert.Contains("/home/anna", note.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_replaced_safely_is_left_and_said_so()
    {
        var planned = Plan(Facts(), File(RecoveryUnit.UnitPath, "x") with { HardLinks = 2 });
        Assert.Empty(planned.Changes);
        Assert.Equal(SystemdDiagnostics.NoBootRecoveryCode, Assert.Single(planned.Diagnostics).Code);
    }

    [Fact]
    public void The_timer_names_the_run_and_its_time()
    {
        Assert.Equal(
            "/usr/bin/systemd-run --quiet --no-ask-password --unit=mailtls-deadline-R1 --description=Recover the mailtls run R1 unless it ends in time "
            + "--on-active=90500ms --timer-property=AccuracySec=100ms /usr/local/sbin/mailtls recover --deadline R1",
            DeadlineTimer.Arm(Program, "R1", TimeSpan.FromSeconds(90.5)).ToString());
        Assert.Equal("/usr/bin/systemctl --no-ask-password stop mailtls-deadline-R1.timer", DeadlineTimer.Disarm("R1").ToString());
    }

    private static HostFacts Facts(string program = Program) => new("mail", 0, Systemd: true, SeLinux: false) { Program = program };

    private static FileObservation File(string path, string text) => new(path, FileKind.Regular) { Text = text, Mode = 0x1A4, Digest = Fingerprint.Digest(text) };

    private static string Written(ServiceChanges planned, string path) => planned.Changes.Select(c => c.Work).OfType<EditText>().Single(w => w.Path == path).Edit("");

    private static ServiceChanges Plan(HostFacts facts, params FileObservation[] files) => RecoveryUnit.Plan(new HostObservation(
        DateTimeOffset.UnixEpoch, facts, files.ToDictionary(f => f.Path), [], new Dictionary<MailTlsState.Manifests.ServiceKind, ServiceObservation>(), [], []));
}
