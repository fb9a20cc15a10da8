using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>No byte of a key or a passphrase is ever to be had by others, on disk or in anything that a run says or shows.</summary>
public sealed class KeySafetyTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("bundle")]
    [InlineData("split")]
    public async Task Keys_are_never_readable_by_others_for_even_a_moment(string layout)
    {
        await using var lab = await MailLab.StartAsync("article", text => Edit(text, layout, "rsa-2048"));
        var watcher = new KeyWatcher(lab.Host);
        var said = new List<string>();
        await using (watcher)
        {
            said.Add(Said(await lab.RunAsync($"mailtls plan {MailLab.Manifest} -o /root/plan.json")));
            said.Add(Said(await lab.ApplyAsync(0, "/root/plan.json")));
            said.Add(await lab.Host.ReadFileAsync("/root/plan.json"));
            await CollectAsync(lab, said);

            // Another key takes the place of the first, which is gone from disk afterwards.
            await lab.WriteManifestAsync("article", text => Edit(text, layout, "ecdsa-p256"));
            said.Add(Said(await lab.RunAsync($"mailtls plan {MailLab.Manifest} --format json")));
            said.Add(Said(await lab.RunAsync($"mailtls apply {MailLab.Manifest} --auto-approve --format json")));
            await CollectAsync(lab, said);
        }

        output.WriteLine($"{watcher.Looks} looks; key files and modes seen: {string.Join(", ", watcher.KeyFiles.Keys.Order(StringComparer.Ordinal))}");
        Assert.Empty(watcher.Faults.Keys.Where(k => !k.Contains("ssl-cert-snakeoil", StringComparison.Ordinal)));
        Assert.NotEmpty(watcher.KeyFiles);
        Assert.All(watcher.KeyFiles.Keys, k => Assert.EndsWith(" 600", k, StringComparison.Ordinal));
        Assert.Contains(watcher.Processes.Keys, p => p.StartsWith("cmdline mailtls\0apply", StringComparison.Ordinal));
        await KeyBytes.NoneInAsync(lab, [.. said, .. watcher.Processes.Keys]);
    }

    [Fact]
    public async Task A_killed_run_leaves_no_core_dump_and_shows_nothing_in_proc()
    {
        await using var lab = await MailLab.StartAsync(options: Strace.Options);

        // Held between staging and commit, with all keys in memory and on disk.
        var held = lab.Host.RunAsync(
            $"""
            ulimit -c unlimited; cd /root
            {Strace.Command("-o /dev/null -e trace=linkat -e inject=linkat:delay_enter=3000000:when=1", CrashHost.Apply)} >/root/out 2>/root/err; echo $?
            """);
        var pid = (await lab.RunAsync("until p=$(pgrep -x mailtls) && ls /etc/pki/mailtls/../.mail.mydomain.com.pem.mtls-* /etc/.mail.mydomain.com.pem.mtls-* 2>/dev/null | grep -q new; do sleep 0.02; done; echo $p")).Output.Trim();
        var limits = (await lab.RunAsync($"cat /proc/{pid}/limits; stat -c 'owner %U' /proc/{pid}/mem /proc/{pid}/environ; grep -H . /proc/{pid}/coredump_filter; tr '\\0' '\\n' </proc/{pid}/cmdline")).Output;
        Assert.Matches("Max core file size +0 ", limits);
        await lab.RunAsync($"kill -SEGV {pid}; kill -ABRT {pid} || :");
        Assert.NotEqual("0", (await held).Output.Trim());
        Assert.Empty((await lab.RunAsync("find / -xdev -name 'core*' -type f -newer /root/manifest.yaml -size +100k 2>/dev/null || :")).Output);
        await lab.RunAsync("mailtls recover");
        await KeyBytes.NoneInAsync(lab, [limits, await lab.Host.ReadFileAsync("/root/out"), await lab.Host.ReadFileAsync("/root/err")]);
        await lab.ApplyAsync(0);
        await lab.ConvergedAsync();
    }

    private static string Edit(string text, string layout, string key) =>
        text.Replace("layout: bundle", $"layout: {layout}", StringComparison.Ordinal).Replace("rsa-2048", key, StringComparison.Ordinal);

    private static string Said(CommandResult result) => result.ToString();

    // Everything of MailTlsState that stays on the host, and what others wrote down meanwhile.
    private static async Task CollectAsync(MailLab lab, List<string> said)
    {
        said.Add((await lab.RunAsync("find /var/lib/mailtlsstate -type f -exec cat {} +; cat /run/mailtlsstate.lock /var/log/mail.log /etc/postfix/main.cf /etc/postfix/master.cf; cat /etc/dovecot/*.conf /etc/dovecot/conf.d/*.conf")).Output);
        if ((await lab.Host.RunAsync("mailtls history")) is { ExitCode: 0 } history)
        {
            said.Add(history.Output);
        }

        said.Add("keys now on disk:\n" + (await lab.RunAsync("find /etc/pki -type f -exec sh -c 'openssl pkey -in $1 2>/dev/null >>/root/keys || :' sh {} \\;; grep -h -A 99 'PRIVATE KEY' /etc/pki/mailtls/ca/ca.key >>/root/keys; wc -l </root/keys")).Output);
    }
}
