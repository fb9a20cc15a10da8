using System.Globalization;
using MailTlsState.Planning;
using MailTlsState.Policies;
using MailTlsState.Services.Dovecot.Editing;
using MailTlsState.Tests.Execution;
using MailTlsState.Tests.Planning;
using Xunit;

namespace MailTlsState.Tests.Services.Dovecot;

/// <summary>Lines that override the manifest's settings, however many there are.</summary>
public sealed class DovecotOverridesTests
{
    private const int Many = 5_000;
    private const string Local = "/etc/dovecot/local.conf";

    /// <summary>By name: a line that hides the one before it.</summary>
    private static readonly Dictionary<string, Func<int, string>> Lines = new()
    {
        ["in one filter"] = i => string.Create(CultureInfo.InvariantCulture, $"ssl_min_protocol = {(i % 2 == 0 ? "TLSv1" : "TLSv1.1")}\n"),
        ["each in a block of its own"] = i => string.Create(CultureInfo.InvariantCulture, $"local_name \"mail.mydomain.com a{i}.example.org\" {{\n  ssl_min_protocol = TLSv1\n}}\n"),
        ["of a listener"] = _ => "service imap-login {\n  inet_listener imaps {\n    port = 994\n  }\n}\n",
    };

    public static TheoryData<string> All => [.. Lines.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Lines_that_hide_one_another_are_found_in_few_readings(string how)
    {
        var (count, text) = (how == "each in a block of its own" ? Many / 10 : Many, Lines[how]);
        var host = RecordedMachine.Start("stock").AddFile(Local, "# mine\n" + string.Concat(Enumerable.Range(0, count).Select(text)));
        var manifest = new GoldenCase("stock").Manifest;
        var policy = PolicyCatalogue.Resolve(manifest.Policy);
        var observed = await HostObserver.ObserveAsync(host, manifest, policy, TestContext.Current.CancellationToken);

        var clock = ThreadTime.Start();
        var plan = Planner.Plan(manifest, policy, observed, observed.At).Plan!;
        var planned = clock.Elapsed;
        var change = Assert.Single(plan.Changes, c => c.Name == Local);
        Assert.Equal(count, change.Attributes.Count);

        // A plan reads the configuration a few times, some of them line by line with the differences; once for each line would be thousands.
        var parse = Enumerable.Range(0, 5).Min(_ => Parse(observed.Files.Where(f => f.Value.Text is not null).ToDictionary(f => f.Key, f => f.Value.Text!)));
        TestContext.Current.TestOutputHelper?.WriteLine($"plan {planned.TotalMilliseconds:F0} ms, one reading {parse.TotalMilliseconds:F1} ms");
        Assert.True(planned < (100 * parse) + TimeSpan.FromMilliseconds(100), $"{planned} against {parse}");
    }

    private static TimeSpan Parse(Dictionary<string, string> texts)
    {
        var clock = ThreadTime.Start();
        Assert.NotEmpty(DovecotTree.Build("/etc/dovecot/dovecot.conf", texts).Assignments);
        return clock.Elapsed;
    }
}
