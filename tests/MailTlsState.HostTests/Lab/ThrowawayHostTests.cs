using Xunit;

namespace MailTlsState.HostTests.Lab;

public sealed class ThrowawayHostTests
{
    private static readonly ThrowawayHostOptions NoBinary = new() { WithBinary = false };

    [Theory]
    [InlineData(25, "smtp")]
    [InlineData(110, "pop3")]
    [InlineData(143, "imap")]
    [InlineData(993, null)]
    [InlineData(995, null)]
    public async Task A_stock_host_serves_the_distributions_certificate(int port, string? startTls)
    {
        await using var host = await ThrowawayHost.StartMailHostAsync(NoBinary);
        var disk = (await host.RunAsync("openssl x509 -in /etc/ssl/certs/ssl-cert-snakeoil.pem -noout -subject -issuer -fingerprint -sha256")).Expect(0).Output;
        Assert.Equal(disk, await host.ServedCertificateAsync(port, startTls));
        Assert.Contains("CN = mail.mydomain.com", disk, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stock_host_is_as_the_packages_made_it()
    {
        await using var host = await ThrowawayHost.StartAsync(NoBinary);
        var before = await host.SnapshotAsync();
        await host.StartMailAsync();
        Assert.Empty(before.ChangesTo(await host.SnapshotAsync()));
        Assert.Equal("mail.mydomain.com", (await host.RunAsync("hostname -f")).Expect(0).Output.Trim());
        Assert.Empty((await host.RunAsync("ss -Hltn 'sport = :587 or sport = :465'")).Expect(0).Output);
        Assert.Contains("daemon started -- version 3.7", await host.ReadFileAsync("/var/log/mail.log"), StringComparison.Ordinal);
        Assert.Contains("Dovecot v2.3", await host.ReadFileAsync("/var/log/mail.log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_remote_client_is_not_seen_as_the_host_itself()
    {
        await using var host = await ThrowawayHost.StartMailHostAsync(NoBinary);
        (await host.RunRemoteAsync("echo QUIT | openssl s_client -quiet -starttls smtp -connect mail.mydomain.com:25")).Expect(0);
        (await host.RunAsync("i=0; until grep -q 'connect from unknown\\[10.77.0.2\\]' /var/log/mail.log; do i=$((i+1)); [ $i -lt 50 ] || exit 1; sleep 0.1; done")).Expect(0);
    }

    [Fact]
    public async Task A_user_can_log_in_to_both_daemons_after_sasl_is_enabled()
    {
        await using var host = await ThrowawayHost.StartMailHostAsync(NoBinary);
        await host.EnableSaslAsync();
        (await host.RunAsync("doveadm auth test anna apple-cider")).Expect(0);
        var ehlo = await host.RunRemoteAsync("(sleep 1; printf 'EHLO x\\r\\n'; sleep 1; printf 'QUIT\\r\\n') | timeout 9 openssl s_client -quiet -starttls smtp -connect 10.77.0.1:25");
        Assert.Contains("AUTH PLAIN", ehlo.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_written_with_their_mode_and_read_back()
    {
        await using var host = await ThrowawayHost.StartAsync(NoBinary);
        await host.WriteFileAsync("/root/a folder/it's", "grüße\n", "600");
        Assert.Equal("grüße\n", await host.ReadFileAsync("/root/a folder/it's"));
        Assert.Equal("600", (await host.RunAsync("stat -c %a \"/root/a folder/it's\"")).Expect(0).Output.Trim());
    }

    [Fact]
    public async Task A_snapshot_tells_content_mode_and_new_and_gone_paths()
    {
        await using var host = await ThrowawayHost.StartAsync(NoBinary);
        var before = await host.SnapshotAsync();
        (await host.RunAsync("echo >>/etc/postfix/main.cf; chmod 600 /etc/postfix/master.cf; touch /etc/new; rm /etc/mailname; touch /etc/hosts")).Expect(0);
        Assert.Equal(
            ["/etc/mailname", "/etc/new", "/etc/postfix/main.cf", "/etc/postfix/master.cf"],
            before.ChangedPaths(await host.SnapshotAsync()).Where(path => path != "/etc"));
    }

    [Fact]
    public async Task Hosts_side_by_side_share_nothing()
    {
        await using var one = await ThrowawayHost.StartMailHostAsync(NoBinary);
        await using var two = await ThrowawayHost.StartMailHostAsync(NoBinary);
        await one.StopMailAsync();
        await one.WriteFileAsync("/etc/only-one", "");
        Assert.Empty((await one.RunAsync("ss -Hltn")).Expect(0).Output);
        Assert.Contains("mail.mydomain.com", await two.ServedCertificateAsync(993), StringComparison.Ordinal);
        Assert.NotEqual(0, (await two.RunAsync("test -e /etc/only-one")).ExitCode);
    }

    [Fact]
    public async Task Nothing_is_left_behind()
    {
        var root = new TreeTimes(LabEnvironment.Root);
        var host = await ThrowawayHost.StartMailHostAsync(NoBinary);
        var pid = host.ProcessId;
        var space = new FileInfo($"/proc/{pid}/ns/pid").LinkTarget!;
        Assert.Contains(space, ProcessSpaces(), StringComparison.Ordinal);
        await host.WriteFileAsync("/etc/postfix/left", "");
        await host.DisposeAsync();

        Assert.DoesNotContain(space, ProcessSpaces(), StringComparison.Ordinal);
        Assert.DoesNotContain(LabEnvironment.Root, await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(LabEnvironment.Root, "etc/postfix/left")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(LabEnvironment.Root, "mnt")));
        Assert.Equal(root, new TreeTimes(LabEnvironment.Root));
    }

    [Fact]
    public async Task The_repository_can_be_bound_in()
    {
        await using var host = await ThrowawayHost.StartAsync(new ThrowawayHostOptions { WithBinary = false, RepositoryAt = "/srv/mailtls" });
        (await host.RunAsync("test -f /srv/mailtls/MailTlsState.sln")).Expect(0);
    }

    /// <summary>The pid namespaces of all processes of the machine that are not zombies.</summary>
    private static string ProcessSpaces()
    {
        // A host's process 1 may be a zombie until the machine's own reaps it; a zombie has no namespaces any more.
        var spaces = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(path["/proc/".Length])))
        {
            try
            {
                spaces.Add(new FileInfo(Path.Combine(folder, "ns", "pid")).LinkTarget ?? "");
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }

        return string.Join('\n', spaces);
    }

    private readonly record struct TreeTimes(DateTime Root, DateTime Etc, DateTime Postfix, DateTime Spool)
    {
        public TreeTimes(string root)
            : this(
                Directory.GetLastWriteTimeUtc(root),
                Directory.GetLastWriteTimeUtc(Path.Combine(root, "etc")),
                Directory.GetLastWriteTimeUtc(Path.Combine(root, "etc/postfix")),
                Directory.GetLastWriteTimeUtc(Path.Combine(root, "var/spool/postfix")))
        {
        }
    }
}
