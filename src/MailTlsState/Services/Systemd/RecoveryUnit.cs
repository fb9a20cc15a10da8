using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Services.Systemd;

/// <summary>
/// The unit that puts files back at boot, before the mail daemons start, after a power cut in an apply. Two files of our own: the unit, and
/// a drop-in that makes sysinit.target want it. A file instead of an enabling link, so that both go through the same steps as
/// every other file; and no daemon-reload, which would load whatever else an administrator has left half edited: only a boot reads them.
/// </summary>
public static class RecoveryUnit
{
    /// <summary>Name of the unit.</summary>
    public const string Name = "mailtls-recover.service";

    /// <summary>The unit's file.</summary>
    public const string UnitPath = Directory + "/" + Name;

    /// <summary>Where the drop-in lies.</summary>
    public const string DropInDirectory = Directory + "/" + Target + ".d";

    /// <summary>The file that makes the boot want the unit.</summary>
    public const string DropInPath = DropInDirectory + "/mailtls-recover.conf";

    private const string Directory = "/etc/systemd/system";
    private const string Target = "sysinit.target";
    private const string Reason = "a power cut in an apply must not let the daemons start on half a change";
    private const int DirectoryMode = 0x1ED; // 0755

    /// <summary>Looks at the unit's files. Asked only where systemd runs.</summary>
    public static Task LookAsync(ObservedFiles files, CancellationToken cancellation) => Task.WhenAll(
        files.LookAsync(UnitPath, cancellation), files.LookAsync(DropInDirectory, cancellation), files.LookAsync(DropInPath, cancellation));

    /// <summary>The changes that put the unit there. They come before every other, so that the first apply is covered as well. Pure.</summary>
    public static ServiceChanges Plan(HostObservation observed)
    {
        if (!observed.Host.Systemd)
        {
            return new ServiceChanges([], []);
        }

        var unit = observed.File(UnitPath);
        if (unit.Kind == FileKind.SymbolicLink)
        {
            // systemctl mask: the administrator's word.
            return new ServiceChanges([], [SystemdDiagnostics.BootRecoveryMasked(UnitPath, unit.LinkTarget ?? "")]);
        }

        if (observed.Host.Program is not { } program)
        {
            return new ServiceChanges([], [SystemdDiagnostics.NoBootRecovery(observed.Host.ProgramProblem ?? "the program's own path is not known")]);
        }

        var dropIn = observed.File(DropInPath);
        if ((ConfigEdit.Refusal(unit) ?? ConfigEdit.Refusal(dropIn)) is { } refusal)
        {
            return new ServiceChanges([], [SystemdDiagnostics.NoBootRecovery(refusal.Fact)]);
        }

        var changes = new List<Change>();
        if (observed.File(DropInDirectory).Kind == FileKind.Absent)
        {
            changes.Add(new Change("directory", DropInDirectory, ChangeAction.Create, Reason, [new AttributeChange("mode", null, "0755")], null, [])
            {
                Work = new MakeDirectory(DropInDirectory, DirectoryMode),
            });
        }

        changes.AddRange(new[] { FileChange(unit, UnitText(program)), FileChange(dropIn, DropInText) }.OfType<Change>());
        return new ServiceChanges(changes, []);
    }

    /// <summary>The drop-in of sysinit.target: everything with default dependencies starts after that.</summary>
    internal static string DropInText { get; } = $"""
        # Made by mailtls. To do without: systemctl mask {Name} (move the unit's file away first).
        [Unit]
        Wants={Name}

        """;

    /// <summary>
    /// The unit. It does not name the mounts that it needs (RequiresMountsFor=): where one of them comes by network, that would be
    /// an ordering cycle, and systemd breaks those by dropping some job.
    /// </summary>
    internal static string UnitText(string program) => $"""
        # Made by mailtls; changes of your own belong in {UnitPath}.d/.
        [Unit]
        Description=Put mail TLS files back after an apply that a power cut ended
        DefaultDependencies=no
        After=local-fs.target systemd-remount-fs.service
        Before={Target} postfix.service postfix@-.service dovecot.service dovecot.socket
        Conflicts=shutdown.target
        Before=shutdown.target
        ConditionPathExists=/var/lib/mailtlsstate/journal

        [Service]
        Type=oneshot
        ExecStart={program} recover --files-only
        TimeoutStartSec=90
        UMask=0077
        LimitCORE=0
        PrivateNetwork=yes
        ProtectControlGroups=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        LockPersonality=yes
        RestrictRealtime=yes

        """;

    private static Change? FileChange(FileObservation file, string wanted) => ConfigEdit.Of(
        file, _ => wanted, "unit", [], file.Kind == FileKind.Absent ? Reason : "its text is another", "used at the next boot");
}
