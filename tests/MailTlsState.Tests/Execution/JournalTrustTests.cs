using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using Xunit;

namespace MailTlsState.Tests.Execution;

/// <summary>Root follows no journal that somebody else may have written.</summary>
public class JournalTrustTests
{
    private const string Directory = "/var/lib/mailtlsstate";
    private static readonly JournalEntry Entry = new("20260301T120000000", new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), "mailtls apply", "mail", "sha256:00", [], [], []);

    [Theory]
    [InlineData("", 65534, 0x1C0, "belongs to user 65534, not to root")]
    [InlineData("", 0, 0x1FF, "can be written by others (mode 0777)")]
    [InlineData("", 0, 0x1F8, "can be written by others (mode 0770)")]
    [InlineData("/journal", 65534, 0x180, "belongs to user 65534, not to root")]
    [InlineData("/journal", 0, 0x1B6, "can be written by others (mode 0666)")]
    public void It_is_refused_with_its_remedy_and_stays(string at, int owner, int mode, string expected)
    {
        var host = new InMemoryHost().AddDirectory("/var/lib");
        Journal.Begin(host, Directory, Entry).Reach(JournalState.Intent);
        host.SetOwnerAndMode(Directory + at, owner, 0, mode);
        var refused = Assert.Throws<JournalUnreadableException>(() => Journal.Open(host, Directory)).Diagnostic;
        Assert.Equal(("MTS0722", $"{Directory}{at} {expected}"), (refused.Code.Id, refused.Fact));
        Assert.Contains($"chown root {Directory}{at} && chmod go-w {Directory}{at}", refused.Remedy, StringComparison.Ordinal);

        host.SetOwnerAndMode(Directory + at, 0, 0, at.Length == 0 ? 0x1ED : 0x1A4);
        Assert.Equal(JournalState.Intent, Journal.Open(host, Directory)!.State);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/applied")]
    public void No_apply_begins_where_others_may_write(string at)
    {
        var host = new InMemoryHost().AddDirectory("/var/lib");
        Journal.Begin(host, Directory, Entry).Discard();
        host.SetOwnerAndMode(Directory + at, 65534, 0, 0x1C0);
        Assert.Equal("MTS0722", Assert.Throws<MailTlsException>(() => Journal.Begin(host, Directory, Entry)).Diagnostics[0].Code.Id);
        Assert.Null(host.Stat(Directory + "/journal"));
    }
}
