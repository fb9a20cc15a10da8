using System.Text;
using MailTlsState.HostTests.Apply;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>Daemons that die, lie or linger at the worst moment: the old state comes back and is seen, or the new one is.</summary>
public sealed class DaemonFaultTests
{
    private const string Postfix = "/usr/sbin/postfix";
    private const string Doveadm = "/usr/bin/doveadm";
    private const string Smtpd = "/usr/lib/postfix/sbin/smtpd";

    [Fact]
    public async Task A_port_taken_between_rehearsal_and_reload_kills_the_master_and_is_undone()
    {
        await using var host = await FaultHost.StockAsync();
        System.Net.Sockets.Socket? taker = null;
        var taken = host.WhenAsync("Intent", () =>
        {
            taker = host.Listen(465);
            return Task.CompletedTask;
        });
        try
        {
            // The taker closes what it is offered only with itself, so the port looks open before and after: it is no mail server's.
            var served = await Handshake.AllAsync(host.Network, new Dictionary<string, string>());
            var tree = await host.Host.SnapshotAsync();
            var result = (await host.Host.RunAsync(CrashHost.Apply, timeLimit: CrashHost.Limit)).Expect(5);
            await taken;
            Assert.Contains("465", result.Error, StringComparison.Ordinal);
            Assert.Empty(tree.ChangesTo(await host.Host.SnapshotAsync()));
            await host.Lab.NothingLeftAsync();
            taker!.Dispose();
            Assert.Equal(served, await Handshake.AllAsync(host.Network, new Dictionary<string, string>()));
        }
        finally
        {
            taker?.Dispose();
        }

        await host.SucceedsAsync();
    }

    [Fact]
    public async Task A_postfix_reload_that_returns_0_and_does_nothing_is_undone()
    {
        await using var host = await FaultHost.StockAsync();
        await host.Lab.ReplaceAsync(Postfix, $"case \"$*\" in *reload*) exit 0;; esac\nexec {Postfix}.real \"$@\"");
        await host.RollsBackAsync(5, ["MTS07", "465"]);
        await RestorePostfixAsync(host);
        await host.SucceedsAsync();
    }

    [Fact]
    public async Task One_endpoint_of_seven_that_stays_old_brings_all_of_them_back()
    {
        await using var host = await FaultHost.AppliedAsync();
        await host.WantRenewalAsync();
        await host.Lab.RunAsync($"cp -p {MailLab.Bundle} /root/old.pem; readlink /proc/self/ns/net >/root/net");

        // Only on the host itself: a rehearsal has a network of its own.
        await host.Lab.ReplaceAsync(Smtpd, $"case \"$*\" in *465*|*submissions*|*smtps*) [ \"$(readlink /proc/self/ns/net)\" != \"$(cat /root/net)\" ] || exec {Smtpd}.real \"$@\" -o smtpd_tls_chain_files=/root/old.pem;; esac\nexec {Smtpd}.real \"$@\"");
        var error = await host.RollsBackAsync(5, ["MTS07", "submissions"]);
        Assert.DoesNotContain("imaps", error, StringComparison.Ordinal);
        await host.Lab.RestoreAsync(Smtpd);
        await host.Lab.RunAsync("/run/lab/reload.sh");
        await host.SucceedsAsync();
    }

    [Fact]
    public async Task What_was_stopped_before_is_stopped_again_after_a_roll_back()
    {
        await using var host = await FaultHost.StockAsync();
        await host.Lab.RunAsync("doveadm stop; while pgrep -x dovecot; do sleep 0.05; done");
        await host.Lab.ReplaceAsync(Postfix, $"case \"$*\" in *reload*) exit 0;; esac\nexec {Postfix}.real \"$@\"");
        await host.RollsBackAsync(5, ["start dovecot", "MTS07"]);
        Assert.NotEqual(0, (await host.Host.RunAsync("pgrep -x dovecot")).ExitCode);

        await RestorePostfixAsync(host);
        await host.SucceedsAsync();
        await host.Lab.RunAsync("pgrep -x dovecot");
    }

    [Fact]
    public async Task What_cannot_be_brought_back_is_said_and_recover_tries_again()
    {
        await using var host = await FaultHost.StockAsync();
        var tree = await host.Host.SnapshotAsync();
        var served = await Handshake.AllAsync(host.Network, new Dictionary<string, string>());
        await host.Lab.ReplaceAsync(Doveadm, $"[ -e /usr/sbin/dovecot ] || exit 1\nmv /usr/sbin/dovecot /usr/sbin/dovecot.away; exec {Doveadm}.real stop");
        var failed = (await host.Host.RunAsync(CrashHost.Apply, timeLimit: CrashHost.Limit)).Expect(6);
        Assert.Contains("mailtls recover", failed.Error, StringComparison.Ordinal);
        Assert.Contains("993", failed.Error, StringComparison.Ordinal);

        // The files are back all the same, and Postfix serves the old state.
        Assert.Empty(tree.ChangesTo(await host.Host.SnapshotAsync()).Where(c => !c.Contains("/dovecot.away", StringComparison.Ordinal)));
        await host.Lab.RunAsync("mv /usr/sbin/dovecot.away /usr/sbin/dovecot");
        await host.Lab.RestoreAsync(Doveadm);
        await host.Lab.RunAsync("mailtls recover");
        Assert.Empty(tree.ChangesTo(await host.Host.SnapshotAsync()));
        Assert.Equal(served, await Handshake.AllAsync(host.Network, new Dictionary<string, string>()));
        await host.Lab.NothingLeftAsync();
        await host.SucceedsAsync();
    }

    [Fact]
    public async Task Old_processes_that_linger_are_waited_out_and_their_sessions_go_on()
    {
        await using var host = await FaultHost.AppliedAsync();

        // Dovecot itself ends sessions without a login six seconds after a reload otherwise.
        await host.Lab.RunAsync("echo 'shutdown_clients = no' >>/etc/dovecot/local.conf; /run/lab/reload.sh");
        var old = (await Handshake.TryAsync(host.Network, MailPort.All[0])).Leaf;
        await host.WantRenewalAsync();

        // Several smtpd are at work, most of them idle afterwards; two sessions are under way all the time.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Handshake.TryAsync(host.Network, MailPort.All[0])));
        using var smtp = await host.Network.ConnectAsync(25, default);
        using var imap = await host.Network.ConnectAsync(143, default);
        Assert.StartsWith("220", await SayAsync(smtp, null), StringComparison.Ordinal);
        Assert.StartsWith("* OK", await SayAsync(imap, null), StringComparison.Ordinal);
        (await host.Host.RunAsync(CrashHost.Apply, timeLimit: CrashHost.Limit)).Expect(0);

        var seen = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Handshake.TryAsync(host.Network, MailPort.All[0])));
        Assert.Single(seen.Select(s => s.Leaf ?? s.Failure).Distinct());
        Assert.NotEqual(old, seen[0].Leaf);
        Assert.StartsWith("250", await SayAsync(smtp, "NOOP"), StringComparison.Ordinal);
        Assert.StartsWith("a OK", await SayAsync(imap, "a NOOP"), StringComparison.Ordinal);
    }

    private static async Task<string> SayAsync(System.Net.Sockets.Socket socket, string? line)
    {
        if (line is not null)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
        }

        var buffer = new byte[512];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var count = await socket.ReceiveAsync(buffer, limit.Token);
        return Encoding.ASCII.GetString(buffer, 0, count);
    }

    // Until it is really reloaded, an smtpd of the failed apply may serve a leaf of the CA that the roll-back took away.
    private static async Task RestorePostfixAsync(FaultHost host)
    {
        await host.Lab.RestoreAsync(Postfix);
        await host.Lab.RunAsync("/run/lab/reload.sh");
    }
}
