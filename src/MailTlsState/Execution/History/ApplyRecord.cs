using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Services;

namespace MailTlsState.Execution.History;

/// <summary>
/// What the journal keeps of an apply for people and for <c>rollback</c>. Made from observations, which are redacted before
/// they leave the host, so that no secret and no byte of a key can be in it.
/// </summary>
/// <param name="UserId">Who ran it: the effective user id.</param>
/// <param name="Login">Under which name that person logged in, or null where it is not known.</param>
/// <param name="Summary">The plan's last line.</param>
/// <param name="Changes">The plan's changes, diffs left out: they are in <paramref name="Edits"/>.</param>
/// <param name="Edits">The text files that it changed.</param>
/// <param name="Pairs">The keys with their certificates that it replaced, made or took away.</param>
public sealed record ApplyRecord(
    int UserId, string? Login, string Summary, IReadOnlyList<Change> Changes, IReadOnlyList<RecordedEdit> Edits, IReadOnlyList<RecordedPair> Pairs)
{
    /// <summary>The apply that it rolled back, or null.</summary>
    public string? RollsBack { get; init; }

    /// <summary>Who issued the certificates that it left in service (RFC 4514), those that signed themselves left out: clients trust their roots.</summary>
    public IReadOnlyList<string> Issuers { get; init; } = [];

    /// <summary>The endpoints that the manifest named.</summary>
    public IReadOnlyList<RecordedEndpoint> Endpoints { get; init; } = [];

    /// <summary>For how long a replaced pair stays; zero keeps none.</summary>
    public TimeSpan KeepPrevious { get; init; }

    /// <summary>The changes with the diffs of their files, as a plan shows them.</summary>
    public IReadOnlyList<Change> ShownChanges => [.. Changes.Select(c => Edits.FirstOrDefault(e => c.Kind == "settings" && e.Path == c.Name) is { } edit ? c with { Diff = edit.ShownDiff } : c)];
}

/// <summary>One text file that was edited, made or removed.</summary>
/// <param name="Path">The file.</param>
/// <param name="Created">True when it did not exist before.</param>
/// <param name="Removed">True when it does not exist after.</param>
/// <param name="Diff">The unified diff of the redacted texts, one character a byte (Latin-1), so that it can be taken back byte for byte.</param>
/// <param name="BackDated">True when its time stamp is set back (main.cf).</param>
public sealed record RecordedEdit(string Path, bool Created, bool Removed, string Diff, bool BackDated)
{
    /// <summary>The diff as people read it.</summary>
    public string ShownDiff => ConfigEdit.Show(Diff);
}

/// <summary>A key and certificate that another took the place of, one that was made where there was none, or one that went.</summary>
/// <param name="Previous">Where the one former pair of its kind is kept.</param>
/// <param name="BeforeLeaf"><c>sha256:</c> and hex of the leaf before, or null when there was no leaf with its key.</param>
/// <param name="AfterLeaf">Of the leaf after, or null when there is none.</param>
/// <param name="BeforeFiles">Where the pair was.</param>
/// <param name="AfterFiles">Where it is since.</param>
public sealed record RecordedPair(string Previous, string? BeforeLeaf, string? AfterLeaf, IReadOnlyList<RecordedPairFile> BeforeFiles, IReadOnlyList<RecordedPairFile> AfterFiles);

/// <summary>One file of a pair.</summary>
/// <param name="Path">The file.</param>
/// <param name="Part">What it holds.</param>
public sealed record RecordedPairFile(string Path, PairPart Part);

/// <summary>An endpoint that the manifest named.</summary>
/// <param name="Service">Its service.</param>
/// <param name="Kind">Which endpoint.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Enabled">False when the manifest switched it off.</param>
public sealed record RecordedEndpoint(ServiceKind Service, EndpointKind Kind, int Port, bool Enabled);
