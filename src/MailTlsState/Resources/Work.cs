using MailTlsState.Certificates;
using MailTlsState.Certificates.HostTrust;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Resources;

/// <summary>What the executor does for a change. Data and pure functions; it opens nothing by itself.</summary>
public abstract record Work;

/// <summary>Makes a directory, owned by root, that did not exist.</summary>
/// <param name="Path">Absolute path; its parent exists or is made by earlier work.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record MakeDirectory(string Path, int Mode) : Work;

/// <summary>Sets owner, group and mode of something that MailTlsState made.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Owner">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record SetAttributes(string Path, int Owner, int Group, int Mode) : Work;

/// <summary>Sets the SELinux label of a file or directory that is there.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Old">Context before, or null when it has none.</param>
/// <param name="New">Context after.</param>
public sealed record SetLabel(string Path, string? Old, string New) : Work;

/// <summary>Adds, changes or removes a local rule of which SELinux label a path and all below it get.</summary>
/// <param name="Pattern">The rule's pattern.</param>
/// <param name="Old">The type that it gives, or null where there is no such rule.</param>
/// <param name="New">The type that it is to give, or null where it goes.</param>
/// <param name="Rules">File of the local rules.</param>
public sealed record SetLabelRule(string Pattern, string? Old, string? New, string Rules) : Work;

/// <summary>Edits a text file, or makes it.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="BeforeDigest">Digest of the raw bytes that the plan was made from, or null when nothing was there.</param>
/// <param name="Edit">Old text to new text, each byte one character (Latin-1). Runs on the raw bytes; the plan's diff came from the redacted ones.</param>
/// <param name="KeepModificationTime">True for a file whose reader waits for a fresh time stamp to age (main.cf): its time is set back.</param>
public sealed record EditText(string Path, string? BeforeDigest, Func<string, string> Edit, bool KeepModificationTime) : Work;

/// <summary>Keeps the pair that this plan replaces or removes as the one former pair, once the new state was seen.</summary>
/// <param name="Path">Where it is kept.</param>
/// <param name="Files">Where the pair is now: one file, or a key and a chain.</param>
/// <param name="BeforeDigest">Digest of what is kept there now, or null.</param>
public sealed record KeepPair(string Path, IReadOnlyList<string> Files, string? BeforeDigest) : Work;

/// <summary>Brings the one former pair back into its files.</summary>
/// <param name="Previous">Where it is kept.</param>
/// <param name="PreviousDigest">Digest of that file.</param>
/// <param name="Targets">The files to be written.</param>
public sealed record RestorePair(string Previous, string PreviousDigest, IReadOnlyList<PairTarget> Targets) : Work;

/// <summary>One file that a pair is written to.</summary>
/// <param name="Path">The file.</param>
/// <param name="Part">What it holds.</param>
/// <param name="BeforeDigest">Digest of what is there now, or null.</param>
public sealed record PairTarget(string Path, PairPart Part, string? BeforeDigest);

/// <summary>Takes a text file away at once: it is emptied with the other changes, so that no daemon reads it, and removed once the new state was seen.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="BeforeDigest">Digest of its raw bytes.</param>
public sealed record RemoveText(string Path, string BeforeDigest) : Work;

/// <summary>Puts a root into the host's own trust store, for everybody to read.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Root">The root's file, as it is on disk or is made by the same plan.</param>
/// <param name="BeforeDigest">Digest of what is there now, or null.</param>
/// <param name="Store">The trust store.</param>
public sealed record InstallAnchor(string Path, string Root, string? BeforeDigest, TrustStore Store) : Work;

/// <summary>Takes a root out of the host's own trust store, once the new state was seen.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Store">The trust store.</param>
public sealed record RemoveAnchor(string Path, TrustStore Store) : Work;

/// <summary>Removes a directory once the new state was seen, unless something is in it.</summary>
/// <param name="Path">Absolute path.</param>
public sealed record RemoveEmptyDirectory(string Path) : Work;

/// <summary>Removes a file that the new state does not name any more, after the new state was verified.</summary>
/// <param name="Path">Absolute path.</param>
public sealed record RemoveFile(string Path) : Work;

/// <summary>Makes a service use what is on disk.</summary>
/// <param name="Service">Which.</param>
/// <param name="Activation">How.</param>
public sealed record ActivateService(ServiceKind Service, Activation Activation) : Work;
