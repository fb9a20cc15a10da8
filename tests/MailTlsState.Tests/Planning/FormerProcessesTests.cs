using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using Xunit;

namespace MailTlsState.Tests.Planning;

/// <summary>A process that began before another tool replaced the files may serve the former ones, whatever the handshakes show.</summary>
public class FormerProcessesTests
{
    private const string Master = "/usr/lib/postfix/sbin/master";
    private const string Live = "/etc/letsencrypt/live/mail/";
    private const string Archive = "/etc/letsencrypt/archive/mail/";
    private static readonly DateTimeOffset Renewed = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(-3600, 25, "smtpd on port 25")]
    [InlineData(0.05, 25, "smtpd on port 25")]
    [InlineData(0.2, 25, null)]
    [InlineData(-3600, 993, null)]
    public void Processes_older_than_the_files_are_named_by_their_service(double seconds, int port, string? expected) =>
        Assert.Equal(expected is null ? [] : [expected], Of(isOwn: false, new ServingProcess(port, "smtpd", Renewed.AddSeconds(seconds))).Select(a => a.Name));

    [Fact]
    public void Processes_of_another_instance_are_not_ours() => Assert.Empty(Of(isOwn: false, new ServingProcess(2525, "smtpd", Renewed.AddDays(-1))));

    [Fact]
    public void There_is_one_line_a_port() =>
        Assert.Equal(
            [new AttributeChange("smtpd on port 25", "older than the files", "younger than the files of 2026-03-01 12:00:00 UTC")],
            Of(isOwn: false, new ServingProcess(25, "smtpd", Renewed.AddSeconds(-30)), new ServingProcess(25, "smtpd", Renewed.AddMinutes(-1))));

    // Mode and label of our own files change without a reload, and a clock that was wrong may have written a time that is still to come.
    [Theory]
    [InlineData(-3600, "2026-03-01 11:00:00 UTC")]
    [InlineData(-100_000, null)]
    [InlineData(1, null)]
    public void Of_our_own_pair_the_time_of_its_content_counts(double written, string? expected) =>
        Assert.Equal(
            expected is null ? [] : [$"younger than the files of {expected}"],
            Of([new FileObservation(Live + "key.pem", FileKind.Regular) { Changed = Renewed, Modified = Renewed.AddSeconds(written) }], isOwn: true, new ServingProcess(25, "smtpd", Renewed.AddDays(-1))).Select(a => a.After));

    // The file is older than the link that leads to it now: the link's time counts.
    private static IReadOnlyList<AttributeChange> Of(bool isOwn, params ServingProcess[] serving)
    {
        FileObservation[] files =
        [
            new FileObservation(Live + "key.pem", FileKind.Regular) { Changed = Renewed.AddDays(-60) },
            new FileObservation(Live + "fullchain.pem", FileKind.SymbolicLink) { LinkTarget = "../../archive/mail/fullchain2.pem", Changed = Renewed },
            new FileObservation(Archive + "fullchain2.pem", FileKind.Regular) { Changed = Renewed.AddDays(-1) },
        ];
        return Of(files, isOwn, serving);
    }

    private static IReadOnlyList<AttributeChange> Of(FileObservation[] files, bool isOwn, params ServingProcess[] serving)
    {
        var observed = new HostObservation(
            Renewed, new HostFacts("mail", 0, false, false), files.ToDictionary(f => f.Path),
            [new("0.0.0.0", 25, 7, "master", Master), new("0.0.0.0", 2525, 7, "master", Master), new("::1", 2525, 9, "master", Master), new("0.0.0.0", 993, 8, "dovecot", "/usr/sbin/dovecot")],
            new Dictionary<ServiceKind, ServiceObservation>
            {
                [ServiceKind.Postfix] = new(ServiceKind.Postfix, true, "3.7.11", true, null, [], new Dictionary<string, string>()) { MasterProcess = 7 },
            },
            [], [])
        {
            Certificates = [new CertificatePlace(new CertificateFiles(Live + "key.pem", Live + "fullchain.pem") { IsOwn = isOwn }, 1, [])],
            Serving = serving,
        };
        return FormerProcesses.Of(ServiceKind.Postfix, observed);
    }
}
