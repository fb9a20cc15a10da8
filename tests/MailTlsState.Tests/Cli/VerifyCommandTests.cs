using System.Security.Cryptography;
using System.Text.Json;
using MailTlsState.Hosts;
using MailTlsState.Probing;
using MailTlsState.Tests.Certificates;
using MailTlsState.Tests.Manifests;
using MailTlsState.Tests.Verification;
using Xunit;

namespace MailTlsState.Tests.Cli;

/// <summary><c>verify</c>'s questions: which addresses it asks, and what it says when there are none.</summary>
public class VerifyCommandTests
{
    private const string Manifest = "/m.yaml";

    [Fact]
    public async Task A_manifest_without_endpoints_is_an_error()
    {
        var run = await VerifyAsync("postfix: { endpoints: {} }");
        Assert.Equal(1, run.Status);
        Assert.Contains("/m.yaml:9:14: error MTS0174: services.postfix.endpoints", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_without_an_address_is_an_error_with_its_remedy()
    {
        var run = await VerifyAsync("postfix: { endpoints: { smtp: { security: opportunistic } } }", "--connect", "mail.example.com");
        Assert.Equal(1, run.Status);
        Assert.Contains("error MTS0911: mail.example.com has no address. hint: correct the name, or give --connect mail.example.com=ADDRESS", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_elsewhere_each_endpoint_is_asked_once_at_each_address_of_the_name_whatever_it_binds_on_its_host()
    {
        var host = Host("postfix: { endpoints: { smtp: { security: opportunistic, addresses: [10.0.0.1, 10.0.0.2] }, submissions: { security: implicit } } }");
        host.Names["mail.example.com"] = ["192.0.2.1", "2001:db8::1"];
        var run = await CommandRun.OfAsync(host, null, "verify", Manifest, "--connect", "mail.example.com", "--format", "json");
        Assert.True(run.Status == 2, run.Error);
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal(
            ["192.0.2.1:25", "192.0.2.1:465", "2001:db8::1:25", "2001:db8::1:465"],
            json.RootElement.GetProperty("endpoints").EnumerateArray().Select(e => $"{e.GetProperty("address").GetString()}:{e.GetProperty("port").GetInt32()}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("2001:db8::1", true)]
    [InlineData("192.0.2.1", true)]
    [InlineData("::1", false)]
    public async Task From_elsewhere_a_login_before_TLS_is_seen_over_IPv6_too(string address, bool seen)
    {
        var host = Host("dovecot: { endpoints: { imap: { security: required } } }");
        host.Probes = r => VerifierTests.Good(r) with { CapabilitiesBefore = ["IMAP4REV1", "STARTTLS", "AUTH=PLAIN"] };
        var run = await CommandRun.OfAsync(host, null, "verify", Manifest, "--quick", "--connect", $"mail.example.com={address}");
        Assert.Equal(seen, run.Output.Contains("MTS0818", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_server_says_commands_no_terminal()
    {
        var host = Host("postfix: { endpoints: { smtp: { security: disabled } } }");
        host.Probes = r => InMemoryHost.NotConnected(r) with { Outcome = ProbeOutcome.StartTlsNotOffered, Greeting = "220 \u001b[2Jcleared", Failure = "\u001b]0;title\a" };
        var run = await CommandRun.OfAsync(host, null, "verify", Manifest, "--connect", "mail.example.com=192.0.2.1");
        Assert.Contains("it greets with \"220 ?[2Jcleared\"", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output);
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_keeps_back_neither_the_others_nor_the_verdict()
    {
        var host = Host("postfix: { endpoints: { smtp: { security: opportunistic } } }").AddFile("/etc/motd", "").AddDirectory("/root");
        var run = await CommandRun.OfAsync(host, null, "verify", Manifest, "--quick", "--connect", "mail.example.com=192.0.2.1", "--report", "html=/etc/motd/x.html", "--report", "json=/root/x.json");
        Assert.Equal(2, run.Status);
        Assert.Contains("error MTS0908", run.Error, StringComparison.Ordinal);
        Assert.NotNull(host.ReadBytes("/root/x.json"));
    }

    private static Task<CommandRun> VerifyAsync(string services, params string[] arguments) => CommandRun.OfAsync(Host(services), null, ["verify", Manifest, .. arguments]);

    private static InMemoryHost Host(string services) => new InMemoryHost()
        .AddFile(Manifest, $"{Samples.Minimal[..Samples.Minimal.IndexOf("services:", StringComparison.Ordinal)]}services:\n  {services}\n")
        .AddFile("/etc/pki/mailtls/ca/ca.pem", PemEncoding.WriteString("CERTIFICATE", Sample.Issuing.Certificate));
}
