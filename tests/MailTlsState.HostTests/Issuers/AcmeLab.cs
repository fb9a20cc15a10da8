using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>
/// A mail host with an ACME server of its own (Pebble, on loopback) and Debian's ACME clients. Challenges are answered for real, by
/// http-01 on port 5002; a certificate of Pebble's is valid for five years.
/// </summary>
internal sealed class AcmeLab : IAsyncDisposable
{
    /// <summary>What the manifest trusts: the CA of this run of Pebble.</summary>
    public const string Root = "/root/acme/root.pem";

    public const string Directory = "https://127.0.0.1:14000/dir";

    // Pebble's own certificate is no part of what is tested; it may sign itself.
    private const string StartPebble = """
        mkdir /root/acme && cd /root/acme
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout pebble.key -out pebble.pem -days 9 -subj /CN=pebble -addext subjectAltName=IP:127.0.0.1 2>/dev/null
        printf '{"pebble":{"listenAddress":"127.0.0.1:14000","managementListenAddress":"127.0.0.1:15000","certificate":"pebble.pem","privateKey":"pebble.key","httpPort":5002,"tlsPort":5001}}' >pebble.json
        PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config pebble.json >pebble.log 2>&1 </dev/null &
        i=0; until curl -s --cacert pebble.pem https://127.0.0.1:15000/roots/0 >root.pem && [ -s root.pem ]; do i=$((i + 1)); [ $i -lt 100 ] || { cat pebble.log >&2; exit 1; }; sleep 0.1; done
        """;

    private static readonly (int Port, string? StartTls)[] Ports = [(25, "smtp"), (587, "smtp"), (465, null), (143, "imap"), (993, null), (110, "pop3"), (995, null)];

    private AcmeLab(MailLab mail) => Mail = mail;

    public MailLab Mail { get; }

    public static async Task<AcmeLab> StartAsync()
    {
        var lab = new AcmeLab(await MailLab.StartAsync("intermediate", release: LabEnvironment.Acme));
        try
        {
            await lab.Mail.RunAsync(StartPebble);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>The manifest of a host whose certificate another tool keeps in two files.</summary>
    public Task WriteManifestAsync(string certificate, string key, string trust = Root) => Mail.WriteManifestAsync("intermediate", text =>
        text[..text.IndexOf("  keys:", StringComparison.Ordinal)]
        + $"  issuer:\n    kind: existing\n    trust: {{ file: {trust} }}\n    files: [{{ certificate: {certificate}, key: {key} }}]\n"
        + text[text.IndexOf("policy:", StringComparison.Ordinal)..]);

    /// <summary>Every port serves the first certificate of the file.</summary>
    public async Task ServedEverywhereAsync(string certificate)
    {
        var disk = (await Mail.RunAsync($"openssl x509 -in {certificate} -noout -subject -issuer -fingerprint -sha256")).Output;
        foreach (var (port, startTls) in Ports)
        {
            Assert.Equal(disk, await Mail.Host.ServedCertificateAsync(port, startTls));
        }
    }

    public ValueTask DisposeAsync() => Mail.DisposeAsync();
}
