using System.Text;
using CsCheck;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;
using Xunit;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Tests.Execution;

/// <summary>Each step decides from the disk alone, so a run that died anywhere can be finished or taken back by another.</summary>
public class StepTests
{
    private const string Directory = "/var/lib/mailtlsstate";

    public static TheoryData<string> Kinds() => [.. Steps.Keys];

    private static readonly Dictionary<string, Step> Steps = new()
    {
        ["new directory"] = new CreateDirectoryStep("/etc/pki", 0, 0, 0x1C0),
        ["replaced file"] = new ReplaceFileStep("/etc/a", "/etc/.a.new", "/etc/.a.old", Digest("old"), Digest("new")),
        ["new file"] = new ReplaceFileStep("/etc/b", "/etc/.b.new", null, null, Digest("new")),
        ["attributes"] = new SetAttributesStep("/etc/a", new FileAttributes(0, 0, 0x1A4), new FileAttributes(0, 8, 0x180)),
        ["removed file"] = new RemoveFileStep("/etc/a", Digest("old")),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Doing_a_step_twice_is_doing_it_once(string kind)
    {
        var host = Host();
        var step = Steps[kind];
        Keep(host, step);
        Assert.False(step.IsDone(host));
        step.Do(host);
        Assert.True(step.IsDone(host));
        var after = Snapshot(host);
        step.Do(host);
        Assert.Equal(after, Snapshot(host));
        Assert.True(step.IsDone(host));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Undoing_a_step_any_number_of_times_brings_the_old_state_back(string kind)
    {
        var step = Steps[kind];
        if (step is RemoveFileStep)
        {
            // It is done only when the new state was proven, so there is no way back.
            var proven = Host();
            step.Do(proven);
            step.Undo(proven);
            Assert.True(step.IsDone(proven));
            return;
        }

        var host = Host();
        var before = Visible(host);
        step.Undo(host);
        Assert.Equal(before, Visible(host));
        Keep(host, step);
        step.Do(host);
        Assert.NotEqual(before, Visible(host));
        step.Undo(host);
        Assert.Equal(before, Visible(host));
        step.Undo(host);
        Assert.Equal(before, Visible(host));
        Assert.False(step.IsDone(host));
    }

    [Fact]
    public void What_somebody_else_put_in_the_place_of_a_committed_file_is_not_thrown_away()
    {
        foreach (var kind in new[] { "replaced file", "new file" })
        {
            var host = Host();
            var step = Steps[kind];
            Keep(host, step);
            step.Do(host);
            host.AddFile(step.Path, "mended by hand");
            Assert.Contains("changed by somebody else", Assert.Throws<StepNotUndoneException>(() => step.Undo(host)).Message, StringComparison.Ordinal);
            Assert.Equal("mended by hand", Encoding.Latin1.GetString(host.ReadBytes(step.Path)!));
        }
    }

    [Fact]
    public void What_somebody_else_changed_before_the_commit_is_left_alone()
    {
        var host = Host();
        var step = Steps["replaced file"];
        Keep(host, step);
        host.AddFile("/etc/a", "mended by hand");
        step.Undo(host);
        Assert.Equal("mended by hand", Encoding.Latin1.GetString(host.ReadBytes("/etc/a")!));
    }

    [Fact]
    public void A_before_image_that_is_damaged_is_not_brought_back()
    {
        var host = Host();
        var step = Steps["replaced file"];
        Keep(host, step);
        step.Do(host);
        host.AddFile("/etc/.a.old", "dam");
        Assert.Throws<StepNotUndoneException>(() => step.Undo(host));
        Assert.Equal("new", Encoding.Latin1.GetString(host.ReadBytes("/etc/a")!));
    }

    [Fact]
    public void A_file_that_is_gone_by_now_keeps_no_run_from_being_taken_back()
    {
        var host = Host();
        var step = Steps["attributes"];
        step.Do(host);
        host.Unlink("/etc/a");
        step.Undo(host);
        Assert.Null(host.Stat("/etc/a"));
    }

    [Theory]
    [InlineData(0, 0x180)]
    [InlineData(8, 0x180)]
    [InlineData(8, 0x1A4)]
    public void Owner_and_mode_of_a_run_that_died_between_the_two_go_back(int owner, int mode)
    {
        var host = Host();
        host.SetOwnerAndMode("/etc/a", owner, owner, mode);
        new SetAttributesStep("/etc/a", new FileAttributes(0, 0, 0x1A4), new FileAttributes(8, 8, 0x190)).Undo(host);
        Assert.Equal((0, 0, 0x1A4), (host.Stat("/etc/a")!.Owner, host.Stat("/etc/a")!.Group, host.Stat("/etc/a")!.Mode));
    }

    [Theory]
    [InlineData(7, 8, 0x180)]
    [InlineData(0, 7, 0x180)]
    [InlineData(0, 8, 0x1A0)]
    public void Owner_and_mode_that_somebody_set_since_stay(int owner, int group, int mode)
    {
        var host = Host();
        var step = Steps["attributes"];
        step.Do(host);
        host.SetOwnerAndMode("/etc/a", owner, group, mode);
        step.Undo(host);
        Assert.Equal((owner, group, mode), (host.Stat("/etc/a")!.Owner, host.Stat("/etc/a")!.Group, host.Stat("/etc/a")!.Mode));
    }

    [Fact]
    public void A_new_directory_in_which_somebody_else_put_a_file_stays()
    {
        var host = Host();
        var step = Steps["new directory"];
        step.Do(host);
        host.AddFile("/etc/pki/theirs", "x");
        step.Undo(host);
        Assert.NotNull(host.Stat("/etc/pki/theirs"));
    }

    [Fact]
    public void What_somebody_else_put_under_the_name_of_a_file_that_is_removed_stays()
    {
        var host = Host();
        host.AddFile("/etc/a", "put there meanwhile");
        Steps["removed file"].Do(host);
        Assert.Equal("put there meanwhile", Encoding.Latin1.GetString(host.ReadBytes("/etc/a")!));
        Assert.True(Steps["removed file"].IsDone(host));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_step_that_is_undone_already_still_makes_that_last(string kind)
    {
        var host = Host();
        var synced = new List<string>();
        host.BeforeChange = (operation, path) =>
        {
            if (operation == "sync")
            {
                synced.Add(path);
            }
        };
        Steps[kind].Undo(host);
        string[] expected = Steps[kind] is RemoveFileStep ? [] : ["/etc"];
        Assert.Equal(expected, synced);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_journal_gives_back_each_step(string kind) => Assert.Equal(Steps[kind], JournalText.Read(JournalText.Write(Entry(Steps[kind]))).Steps.Single());

    [Fact]
    public void A_journal_keeps_everything_whatever_the_text()
    {
        Gen.String.Where(IsText).Sample(text =>
        {
            var entry = Entry([.. Steps.Values]) with { Command = text, Host = text };
            var read = JournalText.Read(JournalText.Write(entry));
            Assert.Equal(JournalText.Write(entry), JournalText.Write(read));
            Assert.Equal(text, read.Command);
            Assert.DoesNotContain('\n', JournalText.Write(entry));
        });
    }

    [Fact]
    public void A_journal_is_opened_in_the_last_state_that_was_reached()
    {
        foreach (var state in Enum.GetValues<JournalState>())
        {
            var host = Host();
            var journal = Journal.Begin(host, Directory, Entry());
            if (state != JournalState.Staging)
            {
                journal.Reach(state);
            }

            Assert.Equal(state, Journal.Open(host, Directory)!.State);
        }
    }

    [Fact]
    public void A_last_line_that_was_cut_off_anywhere_counts_as_not_written()
    {
        var host = Host();
        var journal = Journal.Begin(host, Directory, Entry());
        journal.Reach(JournalState.Intent);
        var whole = host.ReadBytes(Directory + "/journal")!.Length;
        journal.Reach(JournalState.Committed);
        var bytes = host.ReadBytes(Directory + "/journal")!;
        for (var length = whole; length < bytes.Length - 1; length++)
        {
            Assert.Equal(JournalState.Intent, Reopen(bytes[..length])!.State);
        }

        Assert.Equal(JournalState.Committed, Reopen(bytes)!.State);
    }

    [Fact]
    public void A_line_that_was_cut_off_is_replaced_by_the_next_one()
    {
        var host = Host();
        Journal.Begin(host, Directory, Entry()).Reach(JournalState.Intent);
        host.AppendFile(Directory + "/journal", "Comm"u8);
        var journal = Journal.Open(host, Directory)!;
        Assert.True(journal.WasCutOff);
        journal.Reach(JournalState.VerifyLater);
        Assert.Equal(JournalState.VerifyLater, Journal.Open(host, Directory)!.State);
        Assert.False(Journal.Open(host, Directory)!.WasCutOff);
        Assert.Equal(0x180, host.Stat(Directory + "/journal")!.Mode);
    }

    [Fact]
    public void A_journal_whose_first_line_is_not_whole_is_damaged_and_kept()
    {
        var host = Host();
        Journal.Begin(host, Directory, Entry(Steps["replaced file"]));
        var bytes = host.ReadBytes(Directory + "/journal")!;
        for (var length = 0; length < bytes.Length - 1; length += 7)
        {
            Assert.Equal("MTS0712", Assert.Throws<JournalUnreadableException>(() => Reopen(bytes[..length])).Diagnostic.Code.Id);
        }

        host = Host().AddDirectory(Directory);
        host.AddFile("/etc/.a.mtls-id1-1.old", "old").AddFile(Directory + "/journal", "{\"staged\":\"/etc/.a.mtls-id1-1.new\",\"beforeI");
        Assert.Contains("/etc/.a.mtls-id1-1.old (the former content of a)", Assert.Throws<JournalUnreadableException>(() => Journal.Open(host, Directory)).Diagnostic.Fact, StringComparison.Ordinal);
        Assert.NotNull(host.Stat(Directory + "/journal"));
    }

    [Fact]
    public void A_journal_is_there_whole_or_not_at_all()
    {
        for (var at = 1; ; at++)
        {
            var host = Host();
            var count = 0;
            host.BeforeChange = (_, _) => _ = ++count == at ? throw new HostWriteException("write", "x", 5, "input/output error") : 0;
            if (Record.Exception(() => Journal.Begin(host, Directory, Entry())) is null)
            {
                Assert.True(at > 5);
                return;
            }

            host.BeforeChange = (_, _) => { };
            Assert.Null(Journal.Open(host, Directory));
            Assert.DoesNotContain(host.Paths, path => path.Contains("/journal", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_damaged_line_in_the_middle_is_damage()
    {
        var host = Host();
        var journal = Journal.Begin(host, Directory, Entry());
        journal.Reach(JournalState.Intent);
        journal.Reach(JournalState.Committed);
        var text = Encoding.UTF8.GetString(host.ReadBytes(Directory + "/journal")!);
        var thrown = Assert.Throws<JournalUnreadableException>(() => Reopen(Encoding.UTF8.GetBytes(text.Replace("\nIntent ", "\nIntens ", StringComparison.Ordinal))));
        Assert.Contains("line 2", thrown.Diagnostic.Fact, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"version\":1", "\"version\":2")]
    [InlineData("\"kind\":\"removeFile\"", "\"kind\":\"burnFile\"")]
    [InlineData("\"host\":", "\"host2\":")]
    public void A_journal_of_a_newer_version_is_left_alone(string old, string @new)
    {
        var text = JournalText.Write(Entry(Steps["removed file"])).Replace(old, @new, StringComparison.Ordinal);
        var thrown = Assert.Throws<JournalUnreadableException>(() => Reopen(Encoding.UTF8.GetBytes($"{text} {Digest(text)}\n")));
        Assert.Equal("MTS0713", thrown.Diagnostic.Code.Id);
    }

    [Fact]
    public void A_journal_is_for_root_alone_and_goes_to_the_archive()
    {
        var host = Host();
        var journal = Journal.Begin(host, Directory, Entry());
        Assert.Equal(0x1C0, host.Stat(Directory)!.Mode);
        Assert.Equal(0x180, host.Stat(Directory + "/journal")!.Mode);
        journal.Close();
        Assert.Null(Journal.Open(host, Directory));
        Assert.NotNull(host.Stat(Directory + "/applied/id1"));
    }

    [Fact]
    public void A_run_ends_also_where_somebody_removed_the_archive()
    {
        var host = Host();
        var journal = Journal.Begin(host, Directory, Entry());
        host.RemoveDirectory(Directory + "/applied");
        journal.Close();
        Assert.Null(Journal.Open(host, Directory));
        Assert.NotNull(host.Stat(Directory + "/applied/id1"));
        Assert.Equal(0x1C0, host.Stat(Directory + "/applied")!.Mode);
    }

    private static Journal? Reopen(byte[] bytes)
    {
        var host = Host().AddDirectory(Directory);
        host.CreateFile(Directory + "/journal", bytes, 0, 0, 0x180);
        return Journal.Open(host, Directory);
    }

    private static JournalEntry Entry(params Step[] steps) => new(
        "id1", new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), "mailtls apply", "mail.mydomain.com", Digest("m"), steps,
        [new JournalActivation(ServiceKind.Postfix, Activation.Reload), new JournalActivation(ServiceKind.Dovecot, Activation.Start)],
        [new JournalEndpoint(ServiceKind.Postfix, EndpointKind.Smtp, "127.0.0.1", 25, ProbeOutcome.Completed, Digest("leaf")), new JournalEndpoint(ServiceKind.Dovecot, EndpointKind.Imaps, "::1", 993, ProbeOutcome.NotConnected, null)]);

    private static InMemoryHost Host() => new InMemoryHost().AddFile("/etc/a", "old").AddFile("/etc/.a.new", "new").AddFile("/etc/.b.new", "new").AddDirectory("/var/lib");

    private static void Keep(InMemoryHost host, Step step) => (step as ReplaceFileStep)?.KeepBeforeImage(host);

    private static string Digest(string text) => Fingerprint.Digest(text);

    // A lone surrogate is no text, and no argument of a command line can be one.
    private static bool IsText(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    /// <summary>All that a daemon could read.</summary>
    private static List<string> Visible(InMemoryHost host) => [.. Snapshot(host).Where(line => !line.StartsWith("/etc/.", StringComparison.Ordinal))];

    internal static List<string> Snapshot(InMemoryHost host) => [.. host.Paths.Select(path =>
    {
        var at = host.Stat(path)!;
        return $"{path} {at.Kind} {at.Owner}:{at.Group} {at.Mode} {(at.Kind == FileKind.Regular ? Digest(Encoding.Latin1.GetString(host.ReadBytes(path)!)) : "")}";
    })];
}
