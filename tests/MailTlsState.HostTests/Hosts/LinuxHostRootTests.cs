using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using Xunit;

namespace MailTlsState.HostTests.Hosts;

/// <summary>What only root can do or see.</summary>
public sealed class LinuxHostRootTests
{
    private const int Nobody = 65534;
    private static readonly LinuxHost Host = new();

    [Fact]
    public Task A_link_is_followed_where_root_alone_could_have_made_it_and_nowhere_else() => InsideHost.RunAsync(() =>
    {
        Host.CreateDirectory("/etc/ours", 0, 0, 0b111_101_101);
        Host.CreateDirectory("/etc/theirs", Nobody, Nobody, 0b111_101_101);
        Host.CreateDirectory("/etc/target", 0, 0, 0b111_101_101);
        File.CreateSymbolicLink("/etc/ours/way", "../target");
        File.CreateSymbolicLink("/etc/theirs/way", "/etc/target");

        Host.CreateFile("/etc/ours/way/file", "x"u8, 0, 0, 0b110_000_000);
        var failure = Assert.Throws<HostWriteException>(() => Host.CreateFile("/etc/theirs/way/other", "x"u8, 0, 0, 0b110_000_000));

        Assert.Equal(["file"], Host.List("/etc/target"));
        Assert.Equal(40, failure.Error);
        Assert.Equal("x"u8, Host.ReadBytes("/etc/target/file")!);
        return Task.CompletedTask;
    });

    [Fact]
    public Task Owner_and_mode_are_the_final_ones_at_once() => InsideHost.RunAsync(() =>
    {
        Host.CreateFile("/etc/file", "x"u8, Nobody, 8, 0b110_100_000);
        Host.CreateDirectory("/etc/dir", Nobody, 8, 0b111_101_000);
        Host.SetOwnerAndMode("/etc/dir", 0, 0, 0b111_000_000);

        Assert.Equal((Nobody, 8, 0b110_100_000), Attributes("/etc/file"));
        Assert.Equal((0, 0, 0b111_000_000), Attributes("/etc/dir"));
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_full_disk_is_an_error_and_leaves_no_half_file() => InsideHost.RunAsync(async () =>
    {
        await RunAsync("mkdir /small && mount -t tmpfs -o size=16k small /small");

        var failure = Assert.Throws<HostWriteException>(() => Host.CreateFile("/small/file", new byte[65536], 0, 0, 0b110_000_000));

        Assert.Equal((28, "write"), (failure.Error, failure.Operation));
        Assert.Empty(Host.List("/small"));
    });

    [Fact]
    public Task A_read_only_file_system_is_seen_before_anything_is_written() => InsideHost.RunAsync(async () =>
    {
        await RunAsync("mkdir /fixed && mount -t tmpfs -o ro fixed /fixed");

        Assert.True((await Host.ObserveFileAsync("/fixed/none/at/all", default)).ReadOnlyFileSystem);
        Assert.False((await Host.ObserveFileAsync("/etc/passwd", default)).ReadOnlyFileSystem);
        Assert.Equal(30, Assert.Throws<HostWriteException>(() => Host.CreateFile("/fixed/file", "x"u8, 0, 0, 0b110_000_000)).Error);
    });

    [Fact]
    public Task A_secret_of_another_user_is_refused() => InsideHost.RunAsync(async () =>
    {
        Host.CreateFile("/root/secret", "x\n"u8, Nobody, 0, 0b110_000_000);

        Assert.Equal(HostDiagnostics.SecretOwnerCode.Id, (await Host.ObserveSecretAsync(new SecretReference("/root/secret", null), default)).Code);
    });

    [Fact]
    public Task The_lock_holds_across_processes_and_ends_with_its_holder() => InsideHost.RunAsync(async () =>
    {
        if (InsideHost.Role == "holder")
        {
            using var held = Host.Lock("mailtls apply first.yaml");
            await File.WriteAllTextAsync("/run/holding", "");
            await Task.Delay(Timeout.Infinite);
        }

        using var holder = InsideHost.StartRole("holder");
        await InsideHost.UntilAsync(() => File.Exists("/run/holding"), "the other process holds the lock");

        var refused = Assert.Throws<LockHeldException>(() => Host.Lock("mailtls apply second.yaml"));
        holder.Kill();
        await holder.WaitForExitAsync();
        using var free = Host.Lock("mailtls apply third.yaml");

        Assert.Equal((holder.Id, "mailtls apply first.yaml"), (refused.ProcessId, refused.Command));
    });

    [Fact]
    public Task Listeners_belong_to_the_masters() => InsideHost.RunAsync(async () =>
    {
        await RunAsync("/run/lab/start-mail.sh");

        var listeners = await Host.ObserveListenersAsync(default);

        Assert.All(listeners.Where(l => l.Port == 25), l => Assert.Equal(("master", "/usr/lib/postfix/sbin/master"), (l.Program, l.Executable)));
        Assert.All(listeners.Where(l => l.Port is 143 or 993 or 995 or 110), l => Assert.Equal(("dovecot", "/usr/sbin/dovecot"), (l.Program, l.Executable)));
        Assert.True(new[] { 25, 110, 143, 993, 995 }.All(p => listeners.Any(l => l.Port == p)));
    });

    internal static async Task<ProcessResult> RunAsync(string command)
    {
        var result = await Host.RunAsync(new ProcessCall("/bin/sh", ["-c", command]), default);
        Assert.True(result.ExitCode == 0, $"{command}: {result.ExitCode} {result.Output}{result.Error}");
        return result;
    }

    private static (int Owner, int Group, int Mode) Attributes(string path) => Host.Stat(path) is { } found ? (found.Owner, found.Group, found.Mode) : default;
}
