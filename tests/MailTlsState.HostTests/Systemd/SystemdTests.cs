using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Systemd;

/// <summary>
/// A smoke test where systemd is the init: services are started and reloaded by their units, a hung apply is recovered by its timer, and after a
/// power cut the files are put back before the daemons start. One guest for all of it: what costs is the boot.
/// </summary>
[Trait("Run", "Long")]
public class SystemdTests
{
    private const string Manifest = "/root/manifest.yaml";
    private const string Leaf = "/etc/pki/mailtls/mail.mydomain.com.pem";
    private const string Journal = "/var/lib/mailtlsstate/journal";
    private const string Apply = $"mailtls apply {Manifest} --auto-approve";
    private const string Up = "systemctl -q is-active postfix@-.service && systemctl -q is-active dovecot.service";

    [Fact]
    public async Task Apply_works_through_the_units_and_a_hung_apply_and_a_power_cut_are_recovered()
    {
        await using var guest = await Guest.StartAsync();
        await guest.WaitAsync(Up);
        Assert.Contains("services to reload", await guest.ExpectAsync(Apply), StringComparison.Ordinal);
        Assert.Contains("No changes", await guest.ExpectAsync($"mailtls plan {Manifest}"), StringComparison.Ordinal);

        // A unit that gives the CA's passphrase, plain and encrypted; where it gives none, nothing is changed.
        await guest.ExpectAsync($"sed -i 's|file: /root/mail-ca.pass|credential: mail-ca|' {Manifest}; systemd-creds encrypt --with-key=host --name=mail-ca /root/mail-ca.pass /root/mail-ca.cred");
        foreach (var property in new[] { "LoadCredential=mail-ca:/root/mail-ca.pass", "LoadCredentialEncrypted=mail-ca:/root/mail-ca.cred" })
        {
            await guest.ExpectAsync($"rm {Leaf}");
            (await guest.RunAsync(Unit(""))).Expect(1);
            await guest.ExpectAsync($"! test -e {Leaf} && journalctl --no-pager -o cat -u renew.service | grep 'MTS.*mail-ca'");
            await guest.ExpectAsync($"{Unit(property)} && test -s {Leaf}");
        }

        // Down: started by the unit.
        await guest.ExpectAsync("systemctl stop postfix.service dovecot.service");
        Assert.Contains("services to start", await guest.ExpectAsync(Apply), StringComparison.Ordinal);
        await guest.ExpectAsync(Up);
        Assert.Contains("No changes", await guest.ExpectAsync(Apply), StringComparison.Ordinal);
        Assert.Empty(await guest.ExpectAsync("systemctl list-units --all --plain --no-legend 'mailtls-deadline-*'"));

        // Hung after the commit: the timer ends it, and the old state is back and served.
        var before = await StateAsync(guest);
        await HangAsync(guest, "Committed", "--deadline 20s");
        Assert.NotEqual(before, await StateAsync(guest));
        await guest.WaitAsync($"! test -e {Journal}");
        Assert.Equal(before, await StateAsync(guest));
        Assert.Contains("rolled back, and the former state was verified", await guest.ExpectAsync("journalctl --no-pager -o cat -u 'mailtls-deadline-*'"), StringComparison.Ordinal);

        await PowerCutAsync(guest, "Committed", before);
        if (LabEnvironment.Long)
        {
            await PowerCutAsync(guest, "Intent", before);
        }

        await guest.ExpectAsync("mailtls apply /root/other.yaml --auto-approve");
        Assert.Contains("No changes", await guest.ExpectAsync("mailtls plan /root/other.yaml"), StringComparison.Ordinal);
    }

    private static string Unit(string property) =>
        $"printf '[Service]\\nType=oneshot\\n{property}\\nExecStart=/usr/local/sbin/{Apply}\\n' >/run/systemd/system/renew.service; systemctl daemon-reload; systemctl start renew.service";

    // Before the daemons start, the files are put back; the next run sees by handshake that they serve the old state.
    private static async Task PowerCutAsync(Guest guest, string state, string before)
    {
        await HangAsync(guest, state, "");
        await guest.CutPowerAsync();

        await guest.BootAsync();
        await guest.WaitAsync(Up);
        Assert.Equal(before, await StateAsync(guest));
        Assert.Contains("VerifyLater", await guest.ExpectAsync($"cat {Journal}"), StringComparison.Ordinal);
        var order = (await guest.ExpectAsync(
            "for u in mailtls-recover.service postfix@-.service dovecot.service; do systemctl show -P InactiveExitTimestampMonotonic $u; done; systemctl show -P ExecMainExitTimestampMonotonic -P ExecMainStatus mailtls-recover.service"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse).ToArray();
        var (postfix, dovecot, recovered, status) = (order[1], order[2], order[3..].Max(), order[3..].Min());
        Assert.Equal(0, status);
        Assert.InRange(recovered, 1, Math.Min(postfix, dovecot));

        Assert.Contains("verified", (await guest.RunAsync("mailtls recover")).Expect(0).ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await StateAsync(guest));
        await guest.ExpectAsync($"! test -e {Journal}");
    }

    // Stopped as soon as the journal says the state; nothing but a state line begins with its name.
    private static async Task HangAsync(Guest guest, string state, string options)
    {
        await guest.ExpectAsync(
            $"sed 's/base: article/base: intermediate/' {Manifest} >/root/other.yaml; "
            + $"mailtls apply /root/other.yaml --auto-approve {options} >/run/hung.out 2>&1 & p=$!; "
            + $"until grep -q '^{state} ' {Journal} 2>/dev/null; do kill -0 $p 2>/dev/null || {{ cat /run/hung.out >&2; exit 98; }}; done; kill -STOP $p");
    }

    /// <summary>Everything that an apply manages, and what is served.</summary>
    private static Task<string> StateAsync(Guest guest) => guest.ExpectAsync(
        "find /etc/postfix /etc/dovecot /etc/pki /etc/systemd/system -not -name '.*.mtls-*' -printf '%p %m %U:%G %l\\n' | sort; "
        + "find /etc/postfix /etc/dovecot /etc/pki /etc/systemd/system -type f -not -name '.*.mtls-*' | sort | xargs sha256sum; "
        + "openssl s_client -connect 127.0.0.1:993 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256");
}
