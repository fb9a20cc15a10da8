using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution.History;

/// <summary>An apply of the past.</summary>
/// <param name="Entry">Its journal's intent.</param>
/// <param name="State">How it ended.</param>
public sealed record ArchivedApply(JournalEntry Entry, JournalState State)
{
    /// <summary>True when its state was served in the end; false when it was taken back at once.</summary>
    public bool Applied => State == JournalState.Verified;

    /// <summary>True when it changed files; false for a reload alone, of which nothing can be taken back.</summary>
    public bool HasSteps => Entry.Steps.Count > 0;
}

/// <summary>What the archive holds, newest first, and what in it cannot be read.</summary>
/// <param name="Applies">The applies.</param>
/// <param name="Problems">A warning for each file that is damaged or of a newer version, by its id.</param>
public sealed record ArchiveContent(IReadOnlyList<ArchivedApply> Applies, IReadOnlyDictionary<string, Diagnostic> Problems);

/// <summary>The journals of the last applies: ten that changed files, ten of a reload alone, and ten that were rolled back at once, so that no row of the others pushes out what can be rolled back.</summary>
public static class Archive
{
    /// <summary>How many of each outcome stay.</summary>
    public const int Kept = 10;

    private const string IdFormat = "yyyyMMdd'T'HHmmssfff";

    /// <summary>Where the journals of the past are.</summary>
    public static string PathIn(string journalDirectory) => journalDirectory + "/applied";

    /// <summary>Reads all of it.</summary>
    /// <exception cref="HostWriteException">The directory cannot be read.</exception>
    public static ArchiveContent Read(IHostWriter host, string journalDirectory)
    {
        var applies = new List<ArchivedApply>();
        var problems = new Dictionary<string, Diagnostic>();
        foreach (var id in Ids(host, journalDirectory))
        {
            try
            {
                if (Journal.Read(host, journalDirectory, $"{PathIn(journalDirectory)}/{id}") is { } journal)
                {
                    applies.Add(new ArchivedApply(journal.Entry, journal.State));
                }
            }
            catch (JournalUnreadableException e)
            {
                problems[id] = HistoryDiagnostics.ArchiveDamaged(id, e.Diagnostic.Fact);
            }
            catch (HostWriteException e)
            {
                problems[id] = HistoryDiagnostics.ArchiveDamaged(id, e.Message);
            }
        }

        return new ArchiveContent(applies, problems);
    }

    /// <summary>The apply whose id is, or begins with, <paramref name="id"/>.</summary>
    /// <exception cref="MailTlsException">There is none, or several.</exception>
    public static ArchivedApply Find(IReadOnlyList<ArchivedApply> applies, string id)
    {
        var found = applies.Where(a => a.Entry.Id.StartsWith(id, StringComparison.Ordinal)).ToList();
        return found.Count == 1 && id.Length > 0 ? found[0] : throw new MailTlsException(HistoryDiagnostics.UnknownApply(id, found.Count));
    }

    /// <summary>An id for a run that begins now, later than every one in the archive, also after the clock was set back.</summary>
    public static string NextId(IHostWriter host, string journalDirectory, DateTimeOffset now)
    {
        var id = now.UtcDateTime.ToString(IdFormat, CultureInfo.InvariantCulture);
        return Ids(host, journalDirectory) is [var newest, ..] && string.CompareOrdinal(newest, id) >= 0
            ? Parse(newest)!.Value.AddMilliseconds(1).ToString(IdFormat, CultureInfo.InvariantCulture)
            : id;
    }

    /// <summary>Removes what is too old. It may die at any point: the next one goes on.</summary>
    internal static void Prune(IHostWriter host, string journalDirectory)
    {
        try
        {
            var ids = Ids(host, journalDirectory);
            if (ids.Count <= Kept)
            {
                return;
            }

            var applies = Read(host, journalDirectory).Applies.ToDictionary(a => a.Entry.Id, a => (a.Applied, a.HasSteps));
            foreach (var old in ids.GroupBy(i => applies.GetValueOrDefault(i)).SelectMany(g => g.Skip(Kept)))
            {
                host.Unlink($"{PathIn(journalDirectory)}/{old}");
            }
        }
        catch (Exception e) when (e is HostWriteException or MailTlsException or IOException)
        {
            // The apply is over and its outcome stands; one journal too many does no harm until the next run.
        }
    }

    /// <summary>Newest first.</summary>
    private static IReadOnlyList<string> Ids(IHostWriter host, string journalDirectory) => host.Stat(PathIn(journalDirectory))?.Kind == FileKind.Directory
        ? [.. host.List(PathIn(journalDirectory)).Where(n => Parse(n) is not null).OrderDescending(StringComparer.Ordinal)]
        : [];

    private static DateTime? Parse(string id) =>
        DateTime.TryParseExact(id, IdFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
