using MailTlsState.Certificates;
using MailTlsState.Execution;
using MailTlsState.Execution.History;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using Xunit;
using FileAttributes = MailTlsState.Execution.FileAttributes;

namespace MailTlsState.Tests.Execution.History;

/// <summary>What a journal keeps for people is read as it was written.</summary>
public class RecordTests
{
    [Fact]
    public void A_record_is_read_as_it_was_written()
    {
        var time = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var record = new ApplyRecord(
            0,
            "anna",
            "Plan: 1 to add.",
            [new Change("settings", "/etc/a", ChangeAction.Update, "why", [new AttributeChange("x", "1", "2")], null, ["reload postfix"])],
            [new RecordedEdit("/etc/a", false, true, "--- a\n+++ b\n@@ -1 +1 @@\n-\xe9\n+\xff\n", true)],
            [new RecordedPair("/p", "sha256:1", null, [new RecordedPairFile("/k", PairPart.Bundle)], [new RecordedPairFile("/l", PairPart.Key)]), new RecordedPair("/q", null, "sha256:2", [], [])])
        {
            RollsBack = "20260301T120000000",
            Endpoints = [new RecordedEndpoint(ServiceKind.Dovecot, EndpointKind.Imaps, 993, false)],
            KeepPrevious = TimeSpan.FromHours(7),
        };
        Step[] steps = [new RemoveDirectoryStep("/d", new FileAttributes(0, 1, 0x1C0)), new KeepPairStep("/p", "/s", "sha256:0", time)];
        var entry = new JournalEntry("20260301T120000001", time, "mailtls rollback", "mail", "sha256:00", steps, [new JournalActivation(ServiceKind.Postfix, Activation.Stop)], []) { Record = record, LeavesOnDisk = ["sha256:1", "sha256:2"] };
        var read = JournalText.Read(JournalText.Write(entry));
        Assert.Equal(JournalText.Write(entry), JournalText.Write(read));
        Assert.Equal(steps, read.Steps);
        Assert.Equal(record.Edits, read.Record!.Edits);
        Assert.Equal("anna", read.Record.Login);
        Assert.Equal(record.Pairs[0].AfterFiles, read.Record.Pairs[0].AfterFiles);
        Assert.Equal("/q", read.Record.Pairs[1].Previous);
        Assert.Equal(entry.LeavesOnDisk, read.LeavesOnDisk);
    }
}
