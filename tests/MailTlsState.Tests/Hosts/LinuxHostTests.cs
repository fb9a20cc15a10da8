using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Hosts.Linux;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using Xunit;

namespace MailTlsState.Tests.Hosts;

/// <summary>What needs no root: files in a folder of our own, programs of the system.</summary>
public sealed class LinuxHostTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mailtlsstate-").FullName;
    private readonly LinuxHost _host;

    public LinuxHostTests() => _host = new LinuxHost(new LinuxHostOptions { LockPath = _folder + "/lock" });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private int User => _host.Stat(_folder)!.Owner;

    private int Group => _host.Stat(_folder)!.Group;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_file_is_observed_with_mode_digest_and_text()
    {
        _host.CreateFile(_folder + "/a", "abc\xff"u8, User, Group, 0b110_100_000);

        var file = await _host.ObserveFileAsync(_folder + "/a", Cancellation);

        Assert.Equal(FileKind.Regular, file.Kind);
        Assert.Equal(0b110_100_000, file.Mode);
        Assert.Equal(Digests.Sha256("abc\xff"u8), file.Digest);
        Assert.Equal(5, file.Size);
        Assert.Equal("abcÃ¿", file.Text);
        Assert.Null(file.Problem);
        Assert.False(file.ReadOnlyFileSystem);
        Assert.Equal(1, file.HardLinks);
    }

    [Fact]
    public async Task A_link_is_observed_as_a_link()
    {
        File.CreateSymbolicLink(_folder + "/link", "nowhere");

        var file = await _host.ObserveFileAsync(_folder + "/link", Cancellation);

        Assert.Equal(FileKind.SymbolicLink, file.Kind);
        Assert.Equal("nowhere", file.LinkTarget);
        Assert.Null(file.Text);
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/file/below")]
    public async Task What_is_not_there_is_absent(string path)
    {
        File.WriteAllText(_folder + "/file", "");

        Assert.Equal(FileKind.Absent, (await _host.ObserveFileAsync(_folder + path, Cancellation)).Kind);
    }

    [Fact]
    public async Task A_directory_lists_its_names_in_ordinal_order()
    {
        File.WriteAllText(_folder + "/b", "");
        File.WriteAllText(_folder + "/B", "");
        File.WriteAllText(_folder + "/.a", "");

        Assert.Equal([".a", "B", "b"], await _host.ListDirectoryAsync(_folder, Cancellation));
        Assert.Equal([".a", "B", "b"], _host.List(_folder));
        Assert.Empty(await _host.ListDirectoryAsync(_folder + "/none", Cancellation));
        Assert.Empty(await _host.ListDirectoryAsync(_folder + "/b", Cancellation));
    }

    [Fact]
    public void A_file_is_never_made_over_another_one_or_through_a_link()
    {
        File.WriteAllText(_folder + "/victim", "old");
        File.CreateSymbolicLink(_folder + "/link", _folder + "/other");

        Assert.Throws<HostWriteException>(() => _host.CreateFile(_folder + "/victim", "new"u8, User, Group, 0b110_000_000));
        Assert.Throws<HostWriteException>(() => _host.CreateFile(_folder + "/link", "new"u8, User, Group, 0b110_000_000));

        Assert.Equal("old", File.ReadAllText(_folder + "/victim"));
        Assert.False(File.Exists(_folder + "/other"));
    }

    [Fact]
    public void A_link_among_the_parents_that_others_could_have_made_is_refused()
    {
        Directory.CreateDirectory(_folder + "/real");
        File.CreateSymbolicLink(_folder + "/way", _folder + "/real");

        // Everybody could have made that link.
        _host.SetOwnerAndMode(_folder, User, Group, 0b111_111_111);
        var failure = Assert.Throws<HostWriteException>(() => _host.CreateFile(_folder + "/way/file", "x"u8, User, Group, 0b110_000_000));

        Assert.Contains("symbolic link", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder + "/real"));
    }

    [Fact]
    public void Opening_a_link_for_reading_or_changing_is_refused()
    {
        File.WriteAllText(_folder + "/victim", "old");
        File.CreateSymbolicLink(_folder + "/link", _folder + "/victim");
        _host.SetOwnerAndMode(_folder + "/victim", User, Group, 0b110_000_000);

        Assert.Throws<HostWriteException>(() => _host.ReadBytes(_folder + "/link"));
        Assert.Throws<HostWriteException>(() => _host.AppendFile(_folder + "/link", "x"u8));
        Assert.Throws<HostWriteException>(() => _host.SetOwnerAndMode(_folder + "/link", User, Group, 0b110_110_110));

        Assert.Equal("old", File.ReadAllText(_folder + "/victim"));
        Assert.Equal(0b110_000_000, _host.Stat(_folder + "/victim")!.Mode);
    }

    [Fact]
    public void The_writer_does_what_its_names_say()
    {
        _host.CreateDirectory(_folder + "/d", User, Group, 0b111_101_000);
        _host.CreateFile(_folder + "/d/a", "one"u8, User, Group, 0b110_100_100);
        _host.AppendFile(_folder + "/d/a", "two"u8);
        _host.Link(_folder + "/d/a", _folder + "/d/b");
        Assert.Equal(2, _host.Stat(_folder + "/d/a")!.HardLinks);
        Assert.Equal(_host.Stat(_folder + "/d/a")!.Inode, _host.Stat(_folder + "/d/b")!.Inode);
        _host.CreateFile(_folder + "/d/c", "three"u8, User, Group, 0b110_000_000);
        Assert.Throws<HostWriteException>(() => _host.Rename(_folder + "/d/c", _folder + "/d/a", replace: false));
        _host.Rename(_folder + "/d/c", _folder + "/d/a", replace: true);
        var changed = _host.Stat(_folder + "/d/b")!.Changed;
        Thread.Sleep(20); // some file systems tell times of change by the kernel's tick
        _host.SetOwnerAndMode(_folder + "/d/b", User, Group, 0b100_000_000);
        Assert.InRange(_host.Stat(_folder + "/d/b")!.Changed - changed, 1, 60_000_000_000);
        var time = new DateTimeOffset(2020, 1, 2, 3, 4, 5, TimeSpan.Zero);
        _host.SetModificationTime(_folder + "/d/b", time);
        _host.SyncDirectory(_folder + "/d");

        Assert.Equal("three"u8, _host.ReadBytes(_folder + "/d/a")!);
        Assert.Equal("onetwo"u8, _host.ReadBytes(_folder + "/d/b")!);
        Assert.Equal(0b100_000_000, _host.Stat(_folder + "/d/b")!.Mode);
        Assert.Equal(time.UtcDateTime, File.GetLastWriteTimeUtc(_folder + "/d/b"));
        Assert.Equal(0b111_101_000, _host.Stat(_folder + "/d")!.Mode);
        Assert.Null(_host.ReadBytes(_folder + "/d/c"));
        Assert.Null(_host.Stat(_folder + "/d/c"));
        _host.Unlink(_folder + "/d/a");
        _host.Unlink(_folder + "/d/a");
        _host.Unlink(_folder + "/d/b");
        _host.RemoveDirectory(_folder + "/d");
        _host.RemoveDirectory(_folder + "/d");
        Assert.Null(_host.Stat(_folder + "/d"));
    }

    [Fact]
    public async Task A_program_runs_with_an_empty_environment_and_no_input()
    {
        var result = await _host.RunAsync(new ProcessCall("/bin/sh", ["-c", "/usr/bin/env; umask; cat; echo $0 \"$1\" >&2; exit 3", "a b", "$x*"]), Cancellation);

        Assert.Equal(3, result.ExitCode);
        Assert.Equal(["0077", "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith("PWD=", StringComparison.Ordinal) && !l.StartsWith("OLDPWD=", StringComparison.Ordinal) && !l.StartsWith("_=", StringComparison.Ordinal)).Order());
        Assert.Equal("a b $x*\n", result.Error);
    }

    [Fact]
    public async Task A_program_that_does_not_exist_ends_with_127() =>
        Assert.Equal(127, (await _host.RunAsync(new ProcessCall("/usr/sbin/no-such-program", []), Cancellation)).ExitCode);

    [Fact]
    public async Task A_program_that_others_could_change_is_not_run()
    {
        File.WriteAllText(_folder + "/program", "#!/bin/sh\n");

        var failure = await Assert.ThrowsAsync<MailTlsException>(() => _host.RunAsync(new ProcessCall(_folder + "/program", []), Cancellation));

        Assert.Equal(HostDiagnostics.ProgramNotTrustedCode, failure.Diagnostics[0].Code);
    }

    [Fact]
    public async Task A_program_is_ended_with_its_children_when_its_time_is_up()
    {
        var result = await _host.RunAsync(new ProcessCall("/bin/sh", ["-c", "sleep 61 & echo $!; wait"], TimeSpan.FromMilliseconds(200)), Cancellation);

        Assert.Equal(124, result.ExitCode);
        await AssertGoneAsync(result.Output.Trim());
    }

    [Fact]
    public async Task A_cancelled_program_is_ended()
    {
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.RunAsync(new ProcessCall("/bin/sleep", ["62"]), soon.Token));
    }

    [Fact]
    public async Task A_daemon_that_keeps_the_pipes_open_does_not_hold_us_up()
    {
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var result = await _host.RunAsync(new ProcessCall("/bin/sh", ["-c", "sleep 5 & echo $!"]), Cancellation);

        Assert.Equal(0, result.ExitCode);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(3));
        System.Diagnostics.Process.GetProcessById(int.Parse(result.Output, System.Globalization.CultureInfo.InvariantCulture)).Kill();
    }

    [Fact]
    public async Task A_program_that_writes_without_end_is_ended()
    {
        var failure = await Assert.ThrowsAsync<MailTlsException>(() => _host.RunAsync(new ProcessCall("/bin/cat", ["/dev/zero"]), Cancellation));

        Assert.Equal(HostDiagnostics.ProgramOutputCode, failure.Diagnostics[0].Code);
    }

    [Fact]
    public async Task Large_outputs_on_both_pipes_arrive_whole()
    {
        var result = await _host.RunAsync(new ProcessCall("/bin/sh", ["-c", "head -c 1000000 /dev/zero; head -c 900000 /dev/zero >&2"]), Cancellation);

        Assert.Equal((1000000, 900000), (result.Output.Length, result.Error.Length));
    }

    [Fact]
    public async Task A_listener_of_this_process_is_found_with_its_owner()
    {
        using var socket = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        socket.Start();
        var port = ((System.Net.IPEndPoint)socket.LocalEndpoint).Port;

        var listener = Assert.Single(await _host.ObserveListenersAsync(Cancellation), l => l.Port == port);

        Assert.Equal("127.0.0.1", listener.Address);
        Assert.Equal(Environment.ProcessId, listener.ProcessId);
        Assert.Equal(Environment.ProcessPath is { } path ? File.ResolveLinkTarget(path, true)?.FullName ?? path : null, listener.Executable);
    }

    [Theory]
    [InlineData("/usr/sbin/dovecot (deleted)", ServiceKind.Dovecot)]
    [InlineData("/usr/sbin/dovecot", ServiceKind.Dovecot)]
    [InlineData("/usr/lib/postfix/sbin/master (deleted)", ServiceKind.Postfix)]
    [InlineData("/usr/sbin/another (deleted)", null)]
    [InlineData(null, null)]
    public void A_daemon_whose_package_was_upgraded_under_it_is_known_by_where_its_program_was(string? link, ServiceKind? owner)
    {
        var executable = LinuxListeners.ExecutableOf(link);
        Assert.DoesNotContain("deleted", executable ?? "", StringComparison.Ordinal);
        Assert.Equal(owner, ServiceOwners.OwnerOf(new Listener("0.0.0.0", 993, 1, "dovecot", executable)));
    }

    [Fact]
    public void A_second_lock_names_the_first_ones_holder()
    {
        using (_host.Lock("mailtls apply a.yaml"))
        {
            var held = Assert.Throws<LockHeldException>(() => _host.Lock("mailtls apply b.yaml"));
            Assert.Equal(Environment.ProcessId, held.ProcessId);
            Assert.Equal("mailtls apply a.yaml", held.Command);
            Assert.NotNull(held.Since);
        }

        _host.Lock("again").Dispose();
    }

    [Fact]
    public async Task Host_facts_name_the_user_and_the_host()
    {
        var facts = await _host.ObserveHostAsync(Cancellation);

        Assert.Equal(Environment.MachineName, facts.Name.Split('.')[0]);
        Assert.Equal(Environment.IsPrivilegedProcess ? 0 : User, facts.UserId);
    }

    [Theory]
    [InlineData("correct horse\n", 0b110_000_000, null)]
    [InlineData("correct horse", 0b100_000_000, null)]
    [InlineData("correct horse\n", 0b110_100_000, "MTS0202")]
    [InlineData("correct horse\n", 0b110_000_100, "MTS0202")]
    [InlineData("\n", 0b110_000_000, "MTS0205")]
    [InlineData("", 0b110_000_000, "MTS0205")]
    public async Task A_secret_file_is_read_only_when_nobody_else_can_read_it(string content, int mode, string? code)
    {
        var reference = new SecretReference(_folder + "/secret", null);
        _host.CreateFile(_folder + "/secret", System.Text.Encoding.UTF8.GetBytes(content), User, Group, mode);

        var observed = await _host.ObserveSecretAsync(reference, Cancellation);

        Assert.Equal(code, observed.Code);
        Assert.Equal(code is null, observed.Problem is null);
        if (code is null)
        {
            Assert.Equal("correct horse", _host.ReadSecret(reference));
        }
        else
        {
            var failure = Assert.Throws<MailTlsException>(() => _host.ReadSecret(reference));
            Assert.Equal(code, failure.Diagnostics[0].Code.Id);
            Assert.DoesNotContain("horse", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_secret_that_is_missing_a_link_a_directory_too_large_or_binary_is_refused()
    {
        File.CreateSymbolicLink(_folder + "/link", "/dev/null");
        _host.CreateFile(_folder + "/large", new byte[4097], User, Group, 0b110_000_000);
        _host.CreateFile(_folder + "/binary", [0xff, 0xfe], User, Group, 0b110_000_000);

        async Task<string?> CodeOf(string path) => (await _host.ObserveSecretAsync(new SecretReference(_folder + path, null), Cancellation)).Code;

        Assert.Equal("MTS0201", await CodeOf("/none"));
        Assert.Equal("MTS0203", await CodeOf("/link"));
        Assert.Equal("MTS0203", await CodeOf(""));
        Assert.Equal("MTS0204", await CodeOf("/large"));
        Assert.Equal("MTS0209", await CodeOf("/binary"));
    }

    [Fact]
    public async Task A_secret_from_the_environment_is_read_or_named_as_not_set()
    {
        Environment.SetEnvironmentVariable("MAILTLSSTATE_TEST_SECRET", "correct horse");

        Assert.Equal("correct horse", _host.ReadSecret(new SecretReference(null, "MAILTLSSTATE_TEST_SECRET")));
        Assert.Equal("MTS0207", (await _host.ObserveSecretAsync(new SecretReference(null, "MAILTLSSTATE_NO_SECRET"), Cancellation)).Code);
    }

    private static async Task AssertGoneAsync(string process)
    {
        for (var i = 0; i < 100 && Directory.Exists("/proc/" + process); i++)
        {
            if (File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal))
            {
                return;
            }

            await Task.Delay(10, Cancellation);
        }

        Assert.False(Directory.Exists("/proc/" + process));
    }
}
