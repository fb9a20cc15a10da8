using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using Xunit;

namespace MailTlsState.Tests.Planning;

/// <summary>A process that began before another tool replaced the files may serve the former ones, whatever the handshakes show.</summary>
public class FormerProcessesTests
{
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
    public void There_is_one_line_a_port() =>
        Assert.Equal(
            [new AttributeChange("smtpd on port 25", "older than the files", "younger than the files of 2026-03-01 12:00:00 UTC")],
            Of(isOwn: false, new ServingProcess(25, "smtpd", Renewed.AddSeconds(-30)), new ServingProcess(25, "smtpd", Renewed.AddMinutes(-1))));

    [Fact]
    public void A_pair_that_only_apply_changes_needs_no_guess() => Assert.Empty(Of(isOwn: true, new ServingProcess(25, "smtpd", Renewed.AddDays(-1))));

    // The file is older than the link that leads to it now: the link's time counts.
    private static IReadOnlyList<AttributeChange> Of(bool isOwn, params ServingProcess[] serving)
    {
        var files = new[]
        {
            new FileObservation(Live + "key.pem", FileKind.Regular) { Changed = Renewed.AddDays(-60) },
            new FileObservation(Live + "fullchain.pem", FileKind.SymbolicLink) { LinkTarget = "../../archive/mail/fullchain2.pem", Changed = Renewed },
            new FileObservation(Archive + "fullchain2.pem", FileKind.Regular) { Changed = Renewed.AddDays(-1) },
        };
        var observed = new HostObservation(
            Renewed, new HostFacts("mail", 0, false, false), files.ToDictionary(f => f.Path),
            [new("0.0.0.0", 25, 7, "master", "/usr/lib/postfix/sbin/master"), new("0.0.0.0", 993, 8, "dovecot", "/usr/sbin/dovecot")],
            new Dictionary<ServiceKind, ServiceObservation>(), [], [])
        {
            Certificates = [new CertificatePlace(new CertificateFiles(Live + "key.pem", Live + "fullchain.pem") { IsOwn = isOwn }, 1, [])],
            Serving = serving,
        };
        return FormerProcesses.Of(ServiceKind.Postfix, observed);
    }
}
