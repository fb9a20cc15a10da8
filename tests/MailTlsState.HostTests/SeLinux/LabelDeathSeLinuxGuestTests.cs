using Xunit;

namespace MailTlsState.HostTests.SeLinux;

/// <summary>Labels that were set where nothing was enforced, and a death at each of the calls that set one.</summary>
[Trait("Run", "Long")]
public class LabelDeathSeLinuxGuestTests
{
    [Fact]
    public async Task A_death_while_labels_are_made_leaves_nothing_of_them()
    {
        await using var host = await LabelledGuest.StartAsync();

        // A first apply makes directories and files with their labels, each by one write that sets the label and one that clears it. Every fifth takes both.
        var deaths = await DieAtEachAsync(host, "-P /proc/thread-self/attr/fscreate", "openat", 5, () => Task.CompletedTask);
        Assert.True(deaths >= 10, $"{deaths}");
        Assert.All(await host.TypesAsync(), t => Assert.Equal("cert_t", t));
    }

    [Fact]
    public async Task A_death_while_labels_are_mended_leaves_the_old_ones_or_the_new_ones_and_those_hold_when_they_are_enforced_at_last()
    {
        await using var host = await LabelledGuest.StartAsync();
        var guest = host.Guest;
        await host.TellAsync(LabelledGuest.Apply);

        // A renewal of what has wrong labels: one is set on the directory, one from the file's creation on, and one on the former pair that is kept. The daemons may
        // read what has them: what they only serve from memory no recovery brings back.
        foreach (var (filter, call, least) in new[] { ("", "fsetxattr", 2), ("-P /proc/thread-self/attr/fscreate", "openat", 2) })
        {
            var deaths = await DieAtEachAsync(host, filter, call, 1, () => guest.ExpectAsync(
                $"openssl pkey -in {host.Bundle} -noout -text | grep -q secp384r1 && kind=p256 || kind=p384; sed -i \"s/keys: .ecdsa-p.*/keys: [ecdsa-$kind]/\" {LabelledGuest.Manifest}; "
                + $"chcon -t usr_t {host.Bundle} {host.Directory}"));
            Assert.True(deaths >= least, $"{call}: {deaths}");
            Assert.All(await host.TypesAsync(), t => Assert.Equal("cert_t", t));
        }

        // Only reported, then enforced.
        var refusedBefore = await guest.ExpectAsync(LabelledGuest.Denials);
        await host.TellAsync($"setenforce 0; chcon -t user_home_t {host.Bundle}");
        Assert.Contains("label  user_home_t → cert_t", await host.TellAsync(LabelledGuest.Apply), StringComparison.Ordinal);
        await host.TellAsync("setenforce 1; systemctl restart postfix.service dovecot.service");
        await guest.WaitAsync(LabelledGuest.Up);
        await host.VerifyAsync();
        await host.NothingToDoAsync();
        Assert.Equal(refusedBefore.Trim(), (await guest.ExpectAsync($"{{ {LabelledGuest.Denials}; }} | grep -v permissive=1 || :")).Trim());
    }

    // Until an apply makes no such call any more, and is done. How many calls it makes at least.
    private static async Task<int> DieAtEachAsync(LabelledGuest host, string filter, string call, int step, Func<Task> prepare)
    {
        for (var at = 1; ; at += step)
        {
            await prepare();
            var before = await host.StateAsync();
            var run = await host.TellRunAsync($"strace -f -qq -o /dev/null {filter} -e trace={call} -e inject={call}:signal=KILL:when={at} {LabelledGuest.Apply}");
            if (run.ExitCode != 137)
            {
                // It has no such call left; at most a program of the rehearsal has, whose death changes nothing.
                if (run.ExitCode != 0)
                {
                    Assert.Equal(before, await host.StateAsync());
                    await host.TellAsync(LabelledGuest.Apply);
                }

                return at - step;
            }

            await host.TellAsync("mailtls recover");
            if (await host.StateAsync() != before)
            {
                await host.NothingToDoAsync();
            }
        }
    }
}
