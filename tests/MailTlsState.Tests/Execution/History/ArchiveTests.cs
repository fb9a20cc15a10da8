using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using Xunit;

namespace MailTlsState.Tests.Execution.History;

/// <summary>The journals of past applies.</summary>
public class ArchiveTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Ten_applies_stay_and_ten_that_failed()
    {
        var host = Host();
        var ids = Enumerable.Range(0, 14).Select(i => Close(host, Start.AddHours(i), JournalState.Verified)).ToList();
        var failed = Enumerable.Range(20, 30).Select(i => Close(host, Start.AddHours(i), JournalState.RolledBack)).ToList();
        var kept = Archive.Read(host, Directory);
        Assert.Empty(kept.Problems);
        Assert.Equal(failed.TakeLast(10).Reverse(), kept.Applies.Where(a => !a.Applied).Select(a => a.Entry.Id));
        Assert.Equal(ids.TakeLast(10).Reverse(), kept.Applies.Where(a => a.Applied).Select(a => a.Entry.Id));
    }

    [Fact]
    public void No_row_of_reloads_pushes_out_what_can_be_taken_back()
    {
        var host = Host();
        var first = Close(host, Start, JournalState.Verified, new RemoveFileStep("/etc/pki/mailtls/mail.pem", "sha256:00"));
        var reloads = Enumerable.Range(1, 14).Select(i => Close(host, Start.AddHours(i), JournalState.Verified)).ToList();
        Assert.Equal([.. reloads.TakeLast(10).Reverse(), first], Archive.Read(host, Directory).Applies.Select(a => a.Entry.Id));
    }

    [Fact]
    public void Pruning_that_dies_is_done_by_the_next_apply()
    {
        var host = Host();
        foreach (var i in Enumerable.Range(0, 10))
        {
            Close(host, Start.AddHours(i), JournalState.Verified);
        }

        host.BeforeChange = (operation, path) => _ = operation == "remove" && path.StartsWith(Archive.PathIn(Directory), StringComparison.Ordinal)
            ? throw new HostWriteException("remove", path, 5, "input/output error") : 0;
        Close(host, Start.AddHours(10), JournalState.Verified);
        Assert.Equal(11, host.List(Archive.PathIn(Directory)).Count);
        host.BeforeChange = (_, _) => { };
        Close(host, Start.AddHours(11), JournalState.Verified);
        Assert.Equal(10, host.List(Archive.PathIn(Directory)).Count);
    }

    [Fact]
    public void A_run_after_the_clock_was_set_back_is_still_the_newest()
    {
        var host = Host();
        var first = Close(host, Start, JournalState.Verified);
        var second = Archive.NextId(host, Directory, Start.AddDays(-1));
        Assert.True(string.CompareOrdinal(second, first) > 0, second);
        Assert.Equal("20260301T120000001", second);
    }

    [Fact]
    public void A_damaged_entry_is_left_out_and_named()
    {
        var host = Host();
        var good = Close(host, Start, JournalState.Verified);
        var bad = Close(host, Start.AddHours(1), JournalState.Verified);
        host.AddFile($"{Archive.PathIn(Directory)}/{bad}", "nonsense\n").AddFile($"{Archive.PathIn(Directory)}/README", "not a journal\n");
        var content = Archive.Read(host, Directory);
        Assert.Equal(good, Assert.Single(content.Applies).Entry.Id);
        Assert.Contains(bad, Assert.Single(content.Problems).Value.Fact, StringComparison.Ordinal);
    }

    [Fact]
    public void An_apply_is_found_by_the_beginning_of_its_id_where_that_is_the_only_one()
    {
        var host = Host();
        var first = Close(host, Start, JournalState.Verified);
        Close(host, Start.AddDays(1), JournalState.Verified);
        var applies = Archive.Read(host, Directory).Applies;
        Assert.Equal(first, Archive.Find(applies, "20260301").Entry.Id);
        Assert.All(["2026", "", "nonsense"], id => Assert.Equal("MTS0731", Assert.Throws<MailTlsException>(() => Archive.Find(applies, id)).Diagnostics[0].Code.Id));
    }

    private static InMemoryHost Host() => new InMemoryHost().AddDirectory("/var/lib");

    private static string Close(InMemoryHost host, DateTimeOffset time, JournalState state, params Step[] steps)
    {
        var id = Archive.NextId(host, Directory, time);
        var journal = Journal.Begin(host, Directory, new JournalEntry(id, time, "mailtls apply", "mail", "sha256:00", [.. steps], [], []));
        journal.Reach(state);
        journal.Close();
        return id;
    }
}
