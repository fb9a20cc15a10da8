using MailTlsState.Hosts;

namespace MailTlsState.Diagnostics;

/// <summary>What keeps a file from being replaced safely (MTS022x and MTS023x): found before anything is changed.</summary>
public static class PathDiagnostics
{
    /// <summary>The file is a symbolic link.</summary>
    public static readonly DiagnosticCode LinkCode = new(
        "MTS0220",
        "file is a symbolic link",
        "A file is replaced by an atomic rename, which would put a plain file where the link was and leave its target as it is; writing through the link would change a file that something else owns. "
        + "Usually a configuration repository (GitOps, stow, etckeeper clones) links its checkout into /etc: its next deployment would undo the change, or find its checkout dirty. "
        + "Either let MailTlsState own the file, as a plain file in /etc that the repository leaves out, or let the repository own it: commit the settings that the manifest asks for there, deploy, and let mailtls verify prove them.");

    /// <summary>The file has further names.</summary>
    public static readonly DiagnosticCode HardLinkCode = new(
        "MTS0221",
        "file has another hard link",
        "Two names stand for one file. Replacing one of them by rename would part them, and the other name would keep the old content, unseen by whoever relies on both being the same. "
        + "Before-images that MailTlsState itself keeps during an apply do not count. Find the other name with find / -xdev -samefile FILE and make one of them a copy.");

    /// <summary>The file is a mount point.</summary>
    public static readonly DiagnosticCode MountPointCode = new(
        "MTS0222",
        "file is a mount point",
        "Something is mounted on the file itself, as container engines do for a single file (docker run -v ./main.cf:/etc/postfix/main.cf). The kernel refuses to rename over a mount point, and to write into it in place could leave half a file. "
        + "Mount the directory instead of the file, or apply where the file really lies.");

    /// <summary>The file or its directory has chattr +i or +a.</summary>
    public static readonly DiagnosticCode ImmutableCode = new(
        "MTS0223",
        "file is immutable",
        "The file or its directory has the attribute i (immutable) or a (append only), which somebody set so that it is not changed. MailTlsState does not lift it by itself. Look with lsattr, ask who set it, "
        + "and take it away with chattr -i or chattr -a if the change is wanted.");

    /// <summary>The file system is mounted read-only.</summary>
    public static readonly DiagnosticCode ReadOnlyCode = new(
        "MTS0224",
        "file system is read-only",
        "The file system on which the file lies, or would lie, is mounted read-only: by intent (an image-based system, a container with a read-only root), or by the kernel after an error. Look into the kernel's log first; "
        + "then remount it with mount -o remount,rw, or name a directory on a writable one.");

    /// <summary>A directory on the way can be changed by others.</summary>
    public static readonly DiagnosticCode ParentNotTrustedCode = new(
        "MTS0225",
        "directory can be changed by somebody other than root",
        "A directory on the way to the file belongs to another user, or its group or everybody may write to it. Whoever that is could exchange the file, or lead root's write to another place by a symbolic link, at any moment. "
        + "Give the directory to root and take the write permission away. A directory with the sticky bit that belongs to root, such as /tmp, is allowed on the way.");

    /// <summary>The file itself can be changed by others.</summary>
    public static readonly DiagnosticCode FileNotTrustedCode = new(
        "MTS0226",
        "configuration file can be changed by somebody other than root",
        "The file belongs to another user, or its group or everybody may write to it. The mail daemons start as root and do what it says, so that user is root in all but name, and could change it while it is replaced. "
        + "Give it to root and take the write permission away, then plan again.");

    /// <summary>The disk is full.</summary>
    public static readonly DiagnosticCode NoSpaceCode = new(
        "MTS0227",
        "no space left",
        "The file system has no block or no inode left for the new files or the journal. Everything that an apply needs is written and flushed before the first file is replaced. Free space (df -h) or inodes (df -i), then apply again.");

    /// <summary>A quota is used up.</summary>
    public static readonly DiagnosticCode QuotaCode = new(
        "MTS0228",
        "quota is used up",
        "The file system counts what its users or projects use, and the limit that holds for the new files is reached, although the disk itself may have room. Look with repquota or xfs_quota, raise the limit, then apply again.");

    /// <summary>Staged file and target lie on different file systems.</summary>
    public static readonly DiagnosticCode OtherDeviceCode = new(
        "MTS0229",
        "file would have to cross file systems",
        "A new file waits beside its place and is renamed into it, which works only inside one file system. The directory became a mount point meanwhile, or a quota project ends there. Make the directory first, so that the new file can wait inside it.");

    /// <summary>A link appeared where none was.</summary>
    public static readonly DiagnosticCode SwappedCode = new(
        "MTS0230",
        "path became a symbolic link",
        "Paths are resolved once, and every change after that follows no link at all. A directory on the way, or the file, is a symbolic link now and was none before, so something exchanged it while MailTlsState was at work; nothing is ever written through it. "
        + "Find out who did that, put the directory back, and run the command again.");

    /// <summary>Every code of this area.</summary>
    public static IReadOnlyList<DiagnosticCode> All { get; } =
    [
        LinkCode, HardLinkCode, MountPointCode, ImmutableCode, ReadOnlyCode, ParentNotTrustedCode, FileNotTrustedCode, NoSpaceCode, QuotaCode, OtherDeviceCode, SwappedCode,
    ];

    /// <summary>Why a file, existing or to be made, cannot be replaced by a rename; null when it can, as far as reading tells.</summary>
    /// <param name="file">What is there.</param>
    /// <param name="at">Where the diagnostic points to.</param>
    /// <param name="mend">True when its owner and mode are set right by the plan, so that they are no obstacle.</param>
    public static Diagnostic? Obstacle(FileObservation file, SourceLocation at, bool mend = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        var path = file.Path;
        return file switch
        {
            { Kind: FileKind.SymbolicLink } => Error(
                LinkCode,
                $"{path} is a symbolic link to {file.LinkTarget}",
                $"make it a plain file (cp --remove-destination \"$(readlink -f {path})\" {path}), or keep the settings where the link leads and let mailtls verify prove them",
                at),
            { ReadOnlyFileSystem: true } => Error(ReadOnlyCode, $"{path} is on a read-only file system", "remount it writable, or choose a path on one that is", at),
            { ChangeableBy: { } component } => Error(
                ParentNotTrustedCode,
                $"{path} cannot be replaced safely: {component} can be changed by somebody other than root",
                $"chown root {component} && chmod go-w {component}",
                at),
            { Immutable: { } what } => Error(ImmutableCode, $"{what} has the attribute immutable or append-only", $"lsattr -d {what} shows it; chattr -i -a {what} takes it away, if that is wanted", at),
            { MountPoint: true } => Error(MountPointCode, $"{path} is a mount point", "mount its directory instead of the file", at),
            { Kind: FileKind.Regular, HardLinks: > 1 } => Error(
                HardLinkCode, $"{path} has {file.HardLinks} hard links", $"find / -xdev -samefile {path} names them; make one of them a copy", at),
            { Kind: FileKind.Regular } when !mend && (file.Owner != 0 || FileModes.OthersMayWrite(file.Mode)) => Error(
                FileNotTrustedCode,
                file.Owner != 0 ? $"{path} belongs to user {file.Owner}, not to root" : $"{path} can be written by others (mode {Convert.ToString(file.Mode, 8).PadLeft(4, '0')})",
                $"chown root {path} && chmod go-w {path}",
                at),
            _ => null,
        };
    }

    /// <summary>The diagnostic of a failed write that has a code of its own, or null.</summary>
    public static Diagnostic? OfFailure(HostWriteException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var fact = $"{failure.Message}; nothing was changed";
        return failure.Reason switch
        {
            WriteFailure.NoSpace => Error(NoSpaceCode, fact, "free space (df -h) or inodes (df -i), then apply again", null),
            WriteFailure.Quota => Error(QuotaCode, fact, "raise the quota, then apply again", null),
            WriteFailure.ReadOnly => Error(ReadOnlyCode, fact, "read the kernel's log, remount it writable, then apply again", null),
            WriteFailure.OtherDevice => Error(OtherDeviceCode, fact, "make the directory first, then apply again", null),
            WriteFailure.Link => Error(SwappedCode, fact, "find out who exchanged it, put it back, then run the command again", null),
            WriteFailure.MountPoint => Error(MountPointCode, fact, "mount the directory instead of the file", null),
            _ => null,
        };
    }

    private static Diagnostic Error(DiagnosticCode code, string fact, string remedy, SourceLocation? at) => new(code, Severity.Error, fact, remedy, at);
}
