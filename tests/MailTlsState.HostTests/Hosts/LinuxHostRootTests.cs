using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Hosts.Linux;
using MailTlsState.Manifests;
using MailTlsState.Planning;
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

        Host.CreateFile("/etc/target/file", "x"u8, 0, 0, 0b110_000_000);
        var failure = Assert.Throws<HostWriteException>(() => Host.Resolve("/etc/theirs/way/other"));

        Assert.Equal("/etc/target/other", Host.Resolve("/etc/ours/way/other"));
        Assert.Equal(40, failure.Error);
        Assert.Equal("x"u8, Host.ReadBytes("/etc/ours/way/file")!);
        Assert.Equal(40, Assert.Throws<HostWriteException>(() => Host.ReadBytes("/etc/theirs/way/file")).Error);
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
    public Task What_takes_a_files_place_keeps_its_attributes_but_a_private_file_lets_nobody_in() => InsideHost.RunAsync(() =>
    {
        Host.CreateFile("/run/old", "x"u8, 0, 8, 0b110_100_000);
        Mark("/run/old");
        Host.CreateFile("/run/new", "y"u8, 0, 8, 0b110_100_000, like: "/run/old");
        Host.CreateFile("/run/key", "z"u8, 0, 0, 0b110_000_000, like: "/run/old");

        Assert.Equal(Marks("/run/old"), Marks("/run/new"));
        Assert.Equal(["trusted.note=6B657074"], Marks("/run/key"));
        Assert.Equal((0, 8, 0b110_100_000), Attributes("/run/new"));
        return Task.CompletedTask;
    });

    [Fact]
    public Task Where_no_hard_link_can_be_made_the_before_image_is_a_faithful_copy() => InsideHost.RunAsync(async () =>
    {
        await RunAsync("mkdir /run/other && mount -t tmpfs other /run/other");
        Host.CreateFile("/run/old", "x"u8, Nobody, 8, 0b110_100_000);
        Mark("/run/old");
        Host.SetModificationTime("/run/old", new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(1234567));
        Host.Preserve("/run/old", "/run/other/image");
        Host.Preserve("/run/old", "/run/second");

        Assert.Equal("x"u8, Host.ReadBytes("/run/other/image")!);
        Assert.Equal((Nobody, 8, 0b110_100_000), Attributes("/run/other/image"));
        Assert.Equal(Marks("/run/old"), Marks("/run/other/image"));
        Assert.Equal(File.GetLastWriteTimeUtc("/run/old"), File.GetLastWriteTimeUtc("/run/other/image"));
        Assert.Equal(Host.Stat("/run/old")!.Inode, Host.Stat("/run/second")!.Inode);
    });

    [Fact]
    public Task Who_takes_connections_is_known_and_a_reload_leaves_none_of_before() => InsideHost.RunAsync(async () =>
    {
        await RunAsync("/run/lab/start-mail.sh");
        Assert.Empty(Accepting());

        using var session = new System.Net.Sockets.TcpClient("127.0.0.1", 25);
        await InsideHost.UntilAsync(() => Accepting().Count > 0, "an smtpd has started");
        var busy = Assert.Single(Accepting());

        // It is in a session: it still holds the socket, and ends with the session.
        await RunAsync("postfix reload");
        Assert.Contains(busy, Accepting());
        session.Close();
        await InsideHost.UntilAsync(() => !Accepting().Contains(busy), "the smtpd of before has ended");

        // Between fork(2) and execve(2) each child of the master holds its sockets, whatever it will be, by the master's name.
        static IReadOnlyList<AcceptingProcess> Accepting() => [.. Host.AcceptingProcesses().Where(p => p.Port == 25 && p.Program == "smtpd")];
    });

    [Fact]
    public Task A_change_follows_no_link_of_a_path_that_was_resolved() => InsideHost.RunAsync(() =>
    {
        Host.CreateDirectory("/etc/ours", 0, 0, 0b111_101_101);
        Host.CreateDirectory("/etc/target", 0, 0, 0b111_101_101);
        File.CreateSymbolicLink("/etc/ours/way", "../target");

        Assert.Equal("/etc/target/new/file", Host.Resolve("/etc/ours/way/new/file"));
        Action[] changes =
        [
            () => Host.CreateFile("/etc/ours/way/file", "x"u8, 0, 0, 0b110_000_000),
            () => Host.CreateDirectory("/etc/ours/way/dir", 0, 0, 0b111_000_000),
            () => Host.Unlink("/etc/ours/way/file"),
            () => Host.SyncDirectory("/etc/ours/way"),
            () => Host.SetOwnerAndMode("/etc/ours/way/file", 0, 0, 0b110_000_000),
        ];
        Assert.All(changes, change => Assert.Equal(WriteFailure.Link, Assert.Throws<HostWriteException>(change).Reason));
        Assert.Empty(Host.List("/etc/target"));
        return Task.CompletedTask;
    });

    [Fact]
    public Task A_directory_that_is_swapped_for_a_link_after_staging_is_never_written_through() => InsideHost.RunAsync(async () =>
    {
        await RunAsync("mkdir /etc/ours /root/elsewhere && echo old >/etc/ours/a && cp -p /etc/ours/a /root/elsewhere/");
        var content = "new"u8.ToArray();
        var file = new NewFile("/etc/ours/a", content, new Execution.FileAttributes(0, 0, 0b110_000_000), Fingerprint.Digest(Host.ReadBytes("/etc/ours/a")), BackDated: false);
        var step = new ReplaceFileStep(file.Path, "/etc/ours/.a.mtls-1.new", "/etc/ours/.a.mtls-1.old", file.OldDigest, Fingerprint.Digest(content));
        var entry = new JournalEntry("1", Host.Clock.GetUtcNow(), "mailtls apply", "mail", "", [step], [], []);
        var transaction = FileTransaction.Begin(Host, "/var/lib/mailtlsstate", entry);
        transaction.Stage([file], Host.Clock.GetUtcNow());
        await RunAsync("mv /etc/ours /etc/real && ln -s /root/elsewhere /etc/ours");

        Assert.Equal(WriteFailure.Link, Assert.Throws<HostWriteException>(transaction.KeepBeforeImages).Reason);
        Assert.Equal(WriteFailure.Link, Assert.Throws<HostWriteException>(transaction.Commit).Reason);
        Assert.Single(transaction.Undo());
        Assert.Equal("old\n", await File.ReadAllTextAsync("/root/elsewhere/a"));
        Assert.Equal(["a"], Host.List("/root/elsewhere"));

        // Put back, the journal that was kept brings the rest in order.
        await RunAsync("rm /etc/ours && mv /etc/real /etc/ours");
        Assert.Empty(FileTransaction.Open(Host, "/var/lib/mailtlsstate")!.Recover());
        Assert.Equal(["a"], Host.List("/etc/ours"));
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

    // A note, and an ACL (acl(5): version 2, then tag, permissions and id of each entry) by which user 1234 may read.
    private static void Mark(string path)
    {
        using var file = Open(path);
        var acl = Convert.FromHexString("0200000001000600FFFFFFFF02000400D204000004000400FFFFFFFF10000400FFFFFFFF20000000FFFFFFFF");
        ExtendedAttributes.Copy(new Dictionary<string, byte[]> { ["trusted.note"] = "kept"u8.ToArray(), [ExtendedAttributes.AccessControlList] = acl }, file, path);
    }

    private static IReadOnlyList<string> Marks(string path)
    {
        using var file = Open(path);
        return [.. ExtendedAttributes.Read(file, path).Select(a => $"{a.Key}={Convert.ToHexString(a.Value)}")];
    }

    private static Descriptor Open(string path) => new(Libc.OpenAt(Libc.AtCurrentDirectory, path, Libc.ReadOnly | Libc.CloseOnExec, 0));

    internal static async Task<ProcessResult> RunAsync(string command)
    {
        var result = await Host.RunAsync(new ProcessCall("/bin/sh", ["-c", command]), default);
        Assert.True(result.ExitCode == 0, $"{command}: {result.ExitCode} {result.Output}{result.Error}");
        return result;
    }

    private static (int Owner, int Group, int Mode) Attributes(string path) => Host.Stat(path) is { } found ? (found.Owner, found.Group, found.Mode) : default;
}
