using System.Text;
using MailTlsState.Certificates;
using MailTlsState.Cli;
using MailTlsState.Cli.Rendering;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Tests.Certificates;
using Xunit;

namespace MailTlsState.Tests.Cli;

/// <summary>A CA on a machine of its own.</summary>
public sealed class CaCommandTests
{
    private const string Directory = "/srv/ca/mail";

    [Fact]
    public async Task A_CA_is_made_once_signs_requests_and_shows_its_root_alone()
    {
        var host = Machine();
        Assert.Contains("O=My Domain", (await RunAsync(host, 0, "ca", "create", "/ca.yaml")).Output, StringComparison.Ordinal);
        Assert.Equal(0b110_000_000, host.Stat($"{Directory}/ca.key")!.Mode);
        Assert.Equal(0b111_000_000, host.Stat(Directory)!.Mode);
        Assert.Contains("MTS0534", (await RunAsync(host, 1, "ca", "create", "/ca.yaml")).Error, StringComparison.Ordinal);

        host.AddFile("/mail.csr", Encoding.ASCII.GetString(SigningRequest.Write(Sample.Names, Sample.Key(KeyKind.EcdsaP256))));
        var leaf = (await RunAsync(host, 0, "ca", "sign", "/ca.yaml", "/mail.csr")).Output;
        var root = (await RunAsync(host, 0, "ca", "export", "/ca.yaml")).Output;
        await RunAsync(host, 0, "ca", "export", "/ca.yaml", "--der", "-o", "/root.cer");

        using var files = new TemporaryFiles();
        OpenSsl.Must(null, "verify", "-x509_strict", "-CAfile", files.Write("ca.pem", Encoding.ASCII.GetBytes(root)), files.Write("leaf.pem", Encoding.ASCII.GetBytes(leaf)));
        Assert.Equal(host.ReadBytes("/root.cer"), Convert.FromBase64String(string.Concat(root.Split('\n').Where(l => !l.StartsWith('-')))));
        Assert.DoesNotContain("PRIVATE KEY", leaf + root, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_a_CA_is_never_left_or_written_over()
    {
        var host = Machine().AddFile($"{Directory}/ca.pem", "somebody's");
        Assert.Contains("MTS0534", (await RunAsync(host, 1, "ca", "create", "/ca.yaml")).Error, StringComparison.Ordinal);
        Assert.Null(host.Stat($"{Directory}/ca.key"));
    }

    [Fact]
    public async Task A_key_is_encrypted_anew_in_one_step_and_nothing_is_left_beside_it()
    {
        var host = Machine();
        await RunAsync(host, 0, "ca", "create", "/ca.yaml");
        var before = Encoding.ASCII.GetString(host.ReadBytes($"{Directory}/ca.key")!);

        // What a run left that was killed is in nobody's way.
        host.AddFile($"{Directory}/.ca.key.mtls-encrypt-1.new", "half of a key", mode: 0b110_000_000);
        var changed = new List<string>();
        host.BeforeChange = (operation, path) => changed.Add($"{operation} {path}");
        Assert.Contains("Encrypted", (await RunAsync(host, 0, "ca", "encrypt", "/ca.yaml")).Output, StringComparison.Ordinal);
        Assert.NotEqual(before, Encoding.ASCII.GetString(host.ReadBytes($"{Directory}/ca.key")!));
        Assert.Equal(["ca.key", "ca.pem"], host.List(Directory));
        Assert.DoesNotContain(changed, c => c.EndsWith("/ca.key", StringComparison.Ordinal));
        Assert.Equal(0b110_000_000, host.Stat($"{Directory}/ca.key")!.Mode);
    }

    [Fact]
    public async Task A_key_is_not_encrypted_anew_while_another_run_is_at_work_or_has_not_ended()
    {
        var host = Machine();
        await RunAsync(host, 0, "ca", "create", "/ca.yaml");
        var before = host.ReadBytes($"{Directory}/ca.key");
        using (host.Lock("mailtls apply /mail.yaml"))
        {
            Assert.Contains("mailtls apply /mail.yaml", (await RunAsync(host, 4, "ca", "encrypt", "/ca.yaml")).Error, StringComparison.Ordinal);
        }

        host.AddDirectory("/var/lib");
        var journal = Journal.Begin(host, Journal.DefaultDirectory, new JournalEntry("run1", Sample.Now, "mailtls apply", "mail.mydomain.com", "m", [], [], []));
        Assert.Matches("error MTS0711.*run1", (await RunAsync(host, 1, "ca", "encrypt", "/ca.yaml")).Error);
        Assert.Equal(before, host.ReadBytes($"{Directory}/ca.key"));
        journal.Discard();
        await RunAsync(host, 0, "ca", "encrypt", "/ca.yaml");
    }

    [Fact]
    public async Task A_manifest_without_a_CA_is_told_so()
    {
        var host = Machine("purchased\n    trust: system");
        Assert.All(
            new[] { await RunAsync(host, 1, "ca", "create", "/ca.yaml"), await RunAsync(host, 1, "ca", "export", "/ca.yaml"), await RunAsync(host, 1, "ca", "sign", "/ca.yaml", "/mail.csr") },
            run => Assert.Matches(@"^/ca.yaml:\d+:\d+: error MTS0530", run.Error));
    }

    private static InMemoryHost Machine(string issuer = $"privateCa\n    directory: {Directory}\n    subject: {{ commonName: My Mail CA, organization: My Domain }}\n    passphrase: {{ file: /pass }}") =>
        new InMemoryHost()
            .AddFile("/pass", Sample.Passphrase + "\n", mode: 0b110_000_000)
            .AddFile("/ca.yaml", $"apiVersion: mailtlsstate/v1\nhost: mail.mydomain.com\ncertificate:\n  keys: [ecdsa-p256]\n  issuer:\n    kind: {issuer}\npolicy:\n  base: intermediate\nservices:\n  postfix:\n    endpoints:\n      smtp: {{ security: opportunistic }}\n");

    private static async Task<CommandRun> RunAsync(InMemoryHost host, int status, params string[] arguments)
    {
        var run = await CommandRun.OfAsync(host, null, arguments);
        Assert.True(status == run.Status, $"{string.Join(' ', arguments)}: {run.Status}: {run.Error}");
        return run;
    }
}
