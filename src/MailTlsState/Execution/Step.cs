using System.Security.Cryptography;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Execution;

/// <summary>
/// One change of the host's files that can be written down, done, undone and asked whether it is done. All three decide
/// from the record and the disk alone, never from memory, and may be repeated: a run that died is finished or undone by another.
/// </summary>
/// <param name="Path">The path that changes.</param>
public abstract record Step(string Path)
{
    /// <summary>True when the host is as after <see cref="Do"/>.</summary>
    public abstract bool IsDone(IHostWriter host);

    /// <summary>Brings the host to the new state and makes that last (fsync of the directory).</summary>
    public abstract void Do(IHostWriter host);

    /// <summary>Brings the host back to the old state and makes that last.</summary>
    public abstract void Undo(IHostWriter host);

    /// <summary>Why <see cref="Undo"/> would throw away what is somebody else's, or lacks what it brings back; null where it can be done.</summary>
    public virtual string? Hindrance(IHostWriter host) => null;

    /// <summary>True when it is done only after the new state was seen, and never undone.</summary>
    public virtual bool FollowsProof => false;

    /// <summary>How long the program may take that it runs to be done or undone; zero where it runs none.</summary>
    public virtual TimeSpan Patience => TimeSpan.Zero;

    /// <summary>Names that exist only while the apply runs.</summary>
    public virtual IEnumerable<string> TemporaryNames => [];

    /// <summary>Digest of the file at <paramref name="path"/>, or null when nothing is there.</summary>
    public static string? DigestOf(IHostWriter host, string path)
    {
        var bytes = host.ReadBytes(path);
        var digest = bytes is null ? null : Fingerprint.Digest(bytes);

        // It may be a key's file.
        CryptographicOperations.ZeroMemory(bytes);
        return digest;
    }

    /// <summary>The directory of <paramref name="path"/>.</summary>
    public static string Parent(string path) => path.LastIndexOf('/') is > 0 and var i ? path[..i] : "/";

    /// <summary>The last component of <paramref name="path"/>.</summary>
    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];
}

/// <summary>Makes a directory that did not exist.</summary>
/// <param name="Path">The directory.</param>
/// <param name="Owner">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Label">SELinux context, or null for what the policy gives.</param>
public sealed record CreateDirectoryStep(string Path, int Owner, int Group, int Mode, string? Label = null) : Step(Path)
{
    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) =>
        host.Stat(Path) is { Kind: FileKind.Directory } now && (now.Owner, now.Group, now.Mode) == (Owner, Group, Mode);

    /// <inheritdoc/>
    public override void Do(IHostWriter host)
    {
        if (!IsDone(host))
        {
            host.CreateDirectory(Path, Owner, Group, Mode, Label);
        }

        host.SyncDirectory(Parent(Path));
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // Its parent may be a directory of the same run that was not made yet, or is gone again.
        if (host.Stat(Parent(Path)) is null)
        {
            return;
        }

        // What somebody else put into it meanwhile is not ours to remove, and no reason to fail.
        if (host.Stat(Path)?.Kind == FileKind.Directory && host.List(Path).Count == 0)
        {
            host.RemoveDirectory(Path);
        }

        host.SyncDirectory(Parent(Path));
    }
}

/// <summary>Puts a staged file in the place of another, or where nothing was, by one rename.</summary>
/// <param name="Path">The file.</param>
/// <param name="Staged">The new file under its temporary name, on the same file system.</param>
/// <param name="BeforeImage">A second name (hard link) of the old file, or null when there was none.</param>
/// <param name="OldDigest">Digest of the old file, or null when there was none.</param>
/// <param name="NewDigest">Digest of the new file.</param>
public sealed record ReplaceFileStep(string Path, string Staged, string? BeforeImage, string? OldDigest, string NewDigest) : Step(Path)
{
    /// <summary>
    /// The step for one new file. It waits in the nearest directory that exists, which is on the file system that it goes to.
    /// </summary>
    /// <param name="host">Tells which directories exist.</param>
    /// <param name="file">The new file.</param>
    /// <param name="run">Id of the apply.</param>
    /// <param name="number">Which of its files, from 1.</param>
    public static ReplaceFileStep Of(IHostWriter host, NewFile file, string run, int number)
    {
        var (name, home) = (Name(file.Path), Parent(file.Path));
        var waits = home;
        while (waits != "/" && host.Stat(waits) is null)
        {
            waits = Parent(waits);
        }

        return new ReplaceFileStep(
            file.Path,
            $"{(waits == "/" ? "" : waits)}/{Hosts.TemporaryNames.Staged(name, run, number)}",
            file.OldDigest is null ? null : $"{home}/{Hosts.TemporaryNames.BeforeImage(name, run, number)}",
            file.OldDigest,
            Fingerprint.Digest(file.Content));
    }

    /// <inheritdoc/>
    public override IEnumerable<string> TemporaryNames => BeforeImage is null ? [Staged] : [Staged, BeforeImage];

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => DigestOf(host, Path) == NewDigest;

    /// <summary>Keeps the old file under a second name, so that it can come back with content, owner, mode, label and ACL as they were.</summary>
    public void KeepBeforeImage(IHostWriter host)
    {
        if (BeforeImage is not null)
        {
            host.Preserve(Path, BeforeImage);
            host.SyncDirectory(Parent(BeforeImage));
        }
    }

    /// <inheritdoc/>
    public override void Do(IHostWriter host)
    {
        if (!IsDone(host))
        {
            host.Rename(Staged, Path, replace: BeforeImage is not null);
        }

        Sync(host);
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        if (Hindrance(host) is { } why)
        {
            throw new StepNotUndoneException(why);
        }

        if (IsDone(host))
        {
            BringBack(host);
        }

        // Also when nothing was to be done: the run that did it may have died before this.
        Sync(host);
    }

    /// <inheritdoc/>
    public override string? Hindrance(IHostWriter host)
    {
        var now = DigestOf(host, Path);
        if (now == NewDigest)
        {
            var image = BeforeImage is null ? null : DigestOf(host, BeforeImage);
            return image == OldDigest ? null : $"the former content of {Path} is {(image is null ? "missing" : "damaged")} at {BeforeImage}";
        }

        // While the staged file has not gone to its place, whatever is there was there before.
        if (now == OldDigest || host.Stat(Staged) is not null)
        {
            return null;
        }

        return $"{Path} was changed by somebody else after the commit"
            + (BeforeImage is null ? "; before it there was none" : host.Stat(BeforeImage) is not null ? $"; its former content is kept in {BeforeImage}" : "");
    }

    private void BringBack(IHostWriter host)
    {
        if (BeforeImage is null)
        {
            host.Unlink(Path);
        }
        else
        {
            host.Rename(BeforeImage, Path, replace: true);
        }
    }

    private void Sync(IHostWriter host)
    {
        foreach (var directory in new[] { Parent(Path), Parent(Staged) }.Distinct().Where(d => host.Stat(d) is not null))
        {
            host.SyncDirectory(directory);
        }
    }
}

/// <summary>A step cannot be taken back without loss.</summary>
public sealed class StepNotUndoneException(string message) : Exception(message);

/// <summary>Removes a file that the new state does not name any more. Done last, after the new state was verified, so it is never undone.</summary>
/// <param name="Path">The file.</param>
/// <param name="Digest">Digest of what is removed: anything else under its name is somebody else's, and stays.</param>
public sealed record RemoveFileStep(string Path, string Digest) : Step(Path)
{
    /// <inheritdoc/>
    public override bool FollowsProof => true;

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => DigestOf(host, Path) != Digest;

    /// <inheritdoc/>
    public override void Do(IHostWriter host)
    {
        if (!IsDone(host))
        {
            host.Unlink(Path);
        }

        host.SyncDirectory(Parent(Path));
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // Nothing is removed before the new state is proven, so there is nothing to bring back.
    }
}

/// <summary>Removes a directory that an earlier apply made, unless something is in it by now.</summary>
/// <param name="Path">The directory.</param>
/// <param name="Old">Its attributes, so that it can be made again.</param>
public sealed record RemoveDirectoryStep(string Path, FileAttributes Old) : Step(Path)
{
    /// <inheritdoc/>
    public override bool FollowsProof => true;

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => host.Stat(Path)?.Kind != FileKind.Directory || host.List(Path).Count > 0;

    /// <inheritdoc/>
    public override void Do(IHostWriter host)
    {
        if (!IsDone(host))
        {
            host.RemoveDirectory(Path);
        }

        if (host.Stat(Parent(Path)) is not null)
        {
            host.SyncDirectory(Parent(Path));
        }
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // Nothing is removed before the new state is proven.
    }
}

/// <summary>
/// Keeps the pair that was replaced as the one former pair: its before-image (or the file itself, when nothing takes its place)
/// gets that name, readable for root alone. Its time stamp says since when, which is how long it may stay.
/// </summary>
/// <param name="Path">Where the former pair is kept; what was kept there before goes.</param>
/// <param name="Source">The file that is to be kept.</param>
/// <param name="Digest">Digest of what is kept: anything else under that name is somebody else's, and stays.</param>
/// <param name="Time">When it was replaced.</param>
/// <param name="Label">SELinux context that it gets, or null to keep what it has.</param>
public sealed record KeepPairStep(string Path, string Source, string Digest, DateTimeOffset Time, string? Label = null) : Step(Path)
{
    private const int PrivateFile = 0x180; // 0600

    /// <inheritdoc/>
    public override bool FollowsProof => true;

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => DigestOf(host, Source) != Digest;

    /// <inheritdoc/>
    public override void Do(IHostWriter host)
    {
        if (!IsDone(host))
        {
            host.SetOwnerAndMode(Source, 0, 0, PrivateFile);
            if (Label is not null)
            {
                host.SetLabel(Source, Label);
            }

            host.SetModificationTime(Source, Time);
            host.Rename(Source, Path, replace: true);
        }

        host.SyncDirectory(Parent(Path));
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // Nothing is kept before the new state is proven.
    }
}

/// <summary>Sets owner, group and mode.</summary>
/// <param name="Path">The path.</param>
/// <param name="Old">Attributes before.</param>
/// <param name="New">Attributes after.</param>
public sealed record SetAttributesStep(string Path, FileAttributes Old, FileAttributes New) : Step(Path)
{
    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) =>
        host.Stat(Path) is { } now && new FileAttributes(now.Owner, now.Group, now.Mode) == New;

    /// <inheritdoc/>
    public override void Do(IHostWriter host) => Set(host, New);

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // What is gone by now, or has what neither state has, is somebody else's later change and stays.
        if (host.Stat(Path) is { Kind: FileKind.Regular or FileKind.Directory } now && IsOurs(now))
        {
            Set(host, Old);
        }
    }

    // A run can die between owner and mode, and the mode is narrowed before the owner changes: then there is some of each.
    private bool IsOurs(FileIdentity now) =>
        (now.Owner == Old.Owner || now.Owner == New.Owner)
        && (now.Group == Old.Group || now.Group == New.Group)
        && (now.Mode == Old.Mode || now.Mode == New.Mode || now.Mode == (Old.Mode & New.Mode));

    private void Set(IHostWriter host, FileAttributes to)
    {
        host.SetOwnerAndMode(Path, to.Owner, to.Group, to.Mode);
        host.SyncDirectory(Parent(Path));
    }
}

/// <summary>Sets the SELinux label.</summary>
/// <param name="Path">The path.</param>
/// <param name="Old">Context before, or null when it had none.</param>
/// <param name="New">Context after.</param>
public sealed record SetLabelStep(string Path, string? Old, string New) : Step(Path)
{
    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => false;

    /// <inheritdoc/>
    public override void Do(IHostWriter host) => host.SetLabel(Path, New);

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // A policy forbids to take a label away, so a file without one keeps the new one.
        if (Old is not null && host.Stat(Path) is not null)
        {
            host.SetLabel(Path, Old);
        }
    }
}

/// <summary>Owner, group and permission bits.</summary>
/// <param name="Owner">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record FileAttributes(int Owner, int Group, int Mode);
