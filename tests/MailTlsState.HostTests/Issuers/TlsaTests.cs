using System.Diagnostics;
using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Issuers;

/// <summary>TLSA records in a real DNS server that the host's resolver configuration names.</summary>
public sealed class TlsaTests
{
    private const string Program = "/usr/sbin/dnsmasq";

    [Fact]
    public async Task A_new_key_that_meets_TLSA_records_is_told_and_a_server_that_does_not_answer_stops_nothing()
    {
        await using var lab = await MailLab.StartAsync("intermediate");
        await lab.RunAsync("rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 >/etc/resolv.conf");

        // Nothing answers on port 53.
        Assert.Contains("MTS0618", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);

        var digest = string.Concat(Enumerable.Repeat("ab", 32));
        var folder = Directory.CreateTempSubdirectory("mailtls-dns-").FullName;
        var pidFile = Path.Combine(folder, "pid");
        try
        {
            // So many on port 587 that they come by TCP only; none on the others, which is an answer as well.
            await lab.Host.RunInNetworkAsync(
                Program,
                [
                    "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--listen-address=127.0.0.1", "--bind-interfaces", $"--pid-file={pidFile}", "--local=/mydomain.com/",
                    $"--dns-rr=_25._tcp.mail.mydomain.com,52,030101{digest}",
                    .. Enumerable.Range(10, 40).Select(i => $"--dns-rr=_587._tcp.mail.mydomain.com,52,030101{i}{digest[2..]}"),
                ]);
            var told = (await lab.PlanAsync(2)).Error;
            Assert.Contains($"_25._tcp.mail.mydomain.com has a TLSA record: 3 1 1 {digest}", told, StringComparison.Ordinal);
            Assert.Contains("_587._tcp.mail.mydomain.com has TLSA records: 3 1 1 10ab", told, StringComparison.Ordinal);
            Assert.Contains(" and 36 more", told, StringComparison.Ordinal);
            Assert.DoesNotContain("MTS0618", told, StringComparison.Ordinal);
            Assert.DoesNotContain("_993", told, StringComparison.Ordinal);

            // A new certificate for the same key asks nobody.
            await lab.ApplyAsync(0);
            await lab.WriteManifestAsync("intermediate", t => t.Replace("names: [mail.mydomain.com]", "names: [mail.mydomain.com, imap.mydomain.com]", StringComparison.Ordinal));
            Assert.DoesNotContain("TLSA", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);
            await lab.RunAsync($": >{MailLab.Bundle}");
            Assert.Contains("_25._tcp.mail.mydomain.com has a TLSA record", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);

            // One that is there and says nothing costs a moment.
            Process.Start("kill", ["-STOP", (await File.ReadAllTextAsync(pidFile)).Trim()]).WaitForExit();
            Assert.Contains("the resolver 127.0.0.1 did not answer", (await lab.PlanAsync(2)).Error, StringComparison.Ordinal);
        }
        finally
        {
            if (File.Exists(pidFile))
            {
                Process.Start("kill", ["-KILL", (await File.ReadAllTextAsync(pidFile)).Trim()]).WaitForExit();
            }

            Directory.Delete(folder, recursive: true);
        }
    }
}
