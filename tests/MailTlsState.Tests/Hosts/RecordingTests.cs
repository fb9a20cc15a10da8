using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Policies;
using MailTlsState.Probing;
using Xunit;

namespace MailTlsState.Tests.Hosts;

public sealed class RecordingTests
{
    private static readonly ProbeRequest Request = new(MailProtocol.Smtp, false, "192.0.2.1", 25, "mail.example.com", "127.0.0.2", [TlsVersion.Tls10, TlsVersion.Tls11]);
    private static readonly ProcessCall Call = new("/usr/sbin/postconf", ["-c", "/etc/postfix", "-n"], TimeSpan.FromSeconds(5));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recording_comes_back_from_JSON_with_every_answer()
    {
        var recording = await RecordAsync(Host(), reversed: false);

        var host = new RecordedHost(RecordingJson.Read(RecordingJson.Write(recording)));

        Assert.Equal(Host().Facts, await host.ObserveHostAsync(Cancellation));
        Assert.Equal(await Host().ObserveFileAsync("/etc/a", Cancellation), await host.ObserveFileAsync("/etc/a", Cancellation));
        Assert.Equal(await Host().ObserveFileAsync("/etc/none", Cancellation), await host.ObserveFileAsync("/etc/none", Cancellation));
        Assert.Equal(await Host().ObserveFileAsync("/etc/link", Cancellation), await host.ObserveFileAsync("/etc/link", Cancellation));
        Assert.Equal(["a", "link"], await host.ListDirectoryAsync("/etc", Cancellation));
        Assert.Equal(new ProcessResult(1, "out\n", "err\xff\n"), await host.RunAsync(Call with { TimeLimit = null }, Cancellation));
        Assert.Equal(Host().Listeners, await host.ObserveListenersAsync(Cancellation));
        Assert.Equal(Host().Serving, await host.ObserveServingAsync(Cancellation));
        Assert.Equivalent(Host().Probes(Request), await host.ProbeAsync(Request, Cancellation), strict: true);
        Assert.Equal("MTS0201", (await host.ObserveSecretAsync(new SecretReference("/root/none", null), Cancellation)).Code);
        Assert.Equal(recording.Time, host.Clock.GetUtcNow());
    }

    [Fact]
    public async Task The_order_of_the_questions_changes_no_byte() =>
        Assert.Equal(
            Encoding.UTF8.GetString(RecordingJson.Write(await RecordAsync(Host(), reversed: false))),
            Encoding.UTF8.GetString(RecordingJson.Write(await RecordAsync(Host(), reversed: true))));

    [Fact]
    public async Task A_question_is_asked_once()
    {
        var host = Host();
        var recorder = new RecordingHost(host);

        await Task.WhenAll(recorder.RunAsync(Call, Cancellation), recorder.RunAsync(Call, Cancellation));

        Assert.Single(host.Runs);
    }

    [Fact]
    public async Task A_question_that_was_not_recorded_ends_with_its_code()
    {
        var host = new RecordedHost(new Recording(DateTimeOffset.UnixEpoch));

        var failure = await Assert.ThrowsAsync<MailTlsException>(() => host.ObserveFileAsync("/etc/a", Cancellation));

        Assert.Equal(HostDiagnostics.NotRecordedCode, failure.Diagnostics[0].Code);
        Assert.Contains("/etc/a", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"format\":\"mailtlsstate-observation/v2\"}")]
    [InlineData("{\"format\":\"mailtlsstate-observation/v1\"}")]
    [InlineData("{\"format\":1}")]
    public void A_file_that_is_no_recording_is_refused_with_its_code(string json)
    {
        var failure = Assert.Throws<MailTlsException>(() => RecordingJson.Read(Encoding.UTF8.GetBytes(json)));

        Assert.Equal(HostDiagnostics.RecordingUnreadableCode, failure.Diagnostics[0].Code);
    }

    [Fact]
    public async Task No_secret_is_in_a_recording()
    {
        var host = Host().AddFile("/etc/a", "ssl_key_password = hunter2\n").AddFile("/root/pass", "hunter2\n", mode: 0b110_000_000);
        var recorder = new RecordingHost(host);
        await recorder.ObserveFileAsync("/etc/a", Cancellation);
        await recorder.ObserveSecretAsync(new SecretReference("/root/pass", null), Cancellation);

        Assert.DoesNotContain("hunter2", Encoding.UTF8.GetString(RecordingJson.Write(recorder.Recording)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_is_only_read_refuses_every_change()
    {
        var inner = new InMemoryHost().AddFile("/a", "x");
        var host = new ReadOnlyHost(inner);

        Assert.Equal("x"u8, host.ReadBytes("/a")!);
        Assert.NotNull(host.Stat("/a"));
        foreach (var change in new Action[]
        {
            () => host.CreateFile("/b", [], 0, 0, 0), () => host.AppendFile("/a", []), () => host.CreateDirectory("/b", 0, 0, 0), () => host.Rename("/a", "/b", true),
            () => host.Link("/a", "/b"), () => host.Unlink("/a"), () => host.RemoveDirectory("/a"), () => host.SetOwnerAndMode("/a", 0, 0, 0),
            () => host.SetModificationTime("/a", default), () => host.SyncDirectory("/"), () => host.Lock("x"), () => host.ReadSecret(new SecretReference("/a", null)),
        })
        {
            Assert.Equal(HostDiagnostics.ReadOnlyCode, Assert.Throws<MailTlsException>(change).Diagnostics[0].Code);
        }

        Assert.Equal(["/", "/a"], inner.Paths);
    }

    [Fact]
    public void Every_code_is_unique_and_explained()
    {
        Assert.Equal(HostDiagnostics.All.Count, HostDiagnostics.All.Select(c => c.Id).Distinct().Count());
        Assert.All(HostDiagnostics.All, c => Assert.Matches("^MTS02[0-9]{2}$", c.Id));
        Assert.All(HostDiagnostics.All, c => Assert.True(c.Explanation.Length > 80));
    }

    private static InMemoryHost Host()
    {
        var host = new InMemoryHost(new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)))
        {
            Facts = new HostFacts("mail", 0, true, false),
            Programs = _ => new ProcessResult(1, "out\n", "err\xff\n"),
            Listeners = [new Listener("0.0.0.0", 25, 7, "master", "/usr/lib/postfix/sbin/master"), new Listener("::", 993, null, null, null)],
            Serving = [new ServingProcess(25, "smtpd", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))],
            Probes = request => new ProbeResult(
                request, ProbeOutcome.Completed, null, "220 mail ESMTP", ["STARTTLS"], ["AUTH PLAIN"], TlsVersion.Tls13, "TLS_AES_256_GCM_SHA384", ["QUI+/w=="],
                new Dictionary<TlsVersion, OfferOutcome> { [TlsVersion.Tls10] = OfferOutcome.Refused, [TlsVersion.Tls11] = OfferOutcome.Accepted }),
        };
        return host.AddFile("/etc/a", "text \x00e4\n", mode: 0b110_000_000).AddLink("/etc/link", "a");
    }

    private static async Task<Recording> RecordAsync(InMemoryHost inner, bool reversed)
    {
        var host = new RecordingHost(inner);
        Func<Task>[] questions =
        [
            () => host.ObserveHostAsync(Cancellation), () => host.ObserveFileAsync("/etc/a", Cancellation), () => host.ObserveFileAsync("/etc/none", Cancellation),
            () => host.ObserveFileAsync("/etc/link", Cancellation), () => host.ListDirectoryAsync("/etc", Cancellation), () => host.RunAsync(Call, Cancellation),
            () => host.RunAsync(new ProcessCall("/bin/x", []), Cancellation), () => host.ObserveListenersAsync(Cancellation), () => host.ProbeAsync(Request, Cancellation),
            () => host.ObserveServingAsync(Cancellation),
            () => host.ObserveSecretAsync(new SecretReference("/root/none", null), Cancellation), () => host.ObserveSecretAsync(new SecretReference(null, "X"), Cancellation),
        ];
        foreach (var question in reversed ? questions.Reverse() : questions)
        {
            await question();
        }

        return host.Recording;
    }
}
