using System.Text.RegularExpressions;
using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>What a host was found to be after a crash and a recovery.</summary>
internal enum Found
{
    /// <summary>As before the apply.</summary>
    Old,

    /// <summary>As after it.</summary>
    New,
}

/// <summary>A mail host that crashes again and again in the same apply, and is put back between.</summary>
internal sealed partial class CrashHost : IAsyncDisposable
{
    public const string Apply = $"mailtls apply {MailLab.Manifest} --auto-approve";

    /// <summary>For one run on a machine that is busy with other things, too.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly MailLab _lab;
    private readonly HostNetwork _network;
    private readonly TreeSnapshot _old;
    private readonly Dictionary<string, string> _oldLeaves = [];
    private IReadOnlyDictionary<int, string> _oldServed = new Dictionary<int, string>();
    private IReadOnlyDictionary<int, string> _newServed = new Dictionary<int, string>();
    private TreeSnapshot? _new;

    private CrashHost(MailLab lab, TreeSnapshot old) => (_lab, _network, _old) = (lab, new HostNetwork(lab.Host), old);

    /// <summary>The calls by which the apply changes files, in their order.</summary>
    public IReadOnlyList<CallPoint> Points { get; private set; } = [];

    public ThrowawayHost Host => _lab.Host;

    /// <summary>A stock host that is to be as policy article wants it.</summary>
    public static async Task<CrashHost> CreatingAsync() => await PrepareAsync(await MailLab.StartAsync("article", options: Strace.Options));

    /// <summary>A host that is as policy article wants it, in the split layout, and is to have another policy and another key: several files change, the old pair goes.</summary>
    public static async Task<CrashHost> ChangingAsync()
    {
        var lab = await MailLab.AppliedAsync("article", Split, options: Strace.Options);
        await lab.WriteManifestAsync("intermediate", Split);
        return await PrepareAsync(lab);
    }

    /// <summary>Puts the old state back: files, and daemons that serve it.</summary>
    public async Task ResetAsync()
    {
        await RunAsync(
            """
            rm -rf /etc/pki /etc/postfix /etc/dovecot /var/lib/mailtlsstate && cp -a /root/saved/. /
            /run/lab/start-mail.sh 25 143 && /run/lab/reload.sh
            """);
        Assert.Empty(_old.ChangesTo(await Host.SnapshotAsync()));
        await ServesAsync(_oldServed, "the old state after a reset");
    }

    /// <summary>Recovers and says what the host is then. A mixture fails.</summary>
    /// <param name="recover">The command that recovers.</param>
    public async Task<Found> RecoverAsync(string recover = "mailtls recover")
    {
        await RunAsync(recover);
        var tree = await Host.SnapshotAsync();
        var found = _old.ChangesTo(tree).Count == 0 ? Found.Old : Found.New;
        if (found == Found.New)
        {
            var mixed = Shape(_new!).ChangesTo(Shape(tree));
            Assert.True(mixed.Count == 0, $"MIXED: neither old ({string.Join("; ", _old.ChangesTo(tree))}) nor new ({string.Join("; ", mixed)})");
        }

        var served = await ServedAsync();
        Assert.Equal(found == Found.Old ? _oldServed : _newServed, served);
        await _lab.NothingLeftAsync();
        return found;
    }

    /// <summary>A plain apply then does what was wanted, and a further one has nothing to do.</summary>
    public async Task ConvergeAsync()
    {
        await RunAsync(Apply);
        Assert.Empty(Shape(_new!).ChangesTo(Shape(await Host.SnapshotAsync())));
        Assert.Equal(_newServed, await ServedAsync());
        Assert.Contains("No changes", await RunAsync(Apply), StringComparison.Ordinal);
        await _lab.NothingLeftAsync();

        // Whatever a killed run had started ends with it.
        await RunAsync("i=0; until [ \"$(pgrep -xc master)\" = 1 ] && [ \"$(pgrep -xc dovecot)\" = 1 ]; do i=$((i+1)); [ $i -lt 100 ] || { ps -ef; exit 1; }; sleep 0.1; done");
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<string> RunAsync(string command) => (await Host.RunAsync(command, timeLimit: Limit)).Expect(0).Output;

    /// <summary>The last line of the journal, or a word when there is none.</summary>
    public async Task<string> JournalAsync()
    {
        var text = (await Host.RunAsync("cat /var/lib/mailtlsstate/journal")).Output.TrimEnd('\n');
        return text.Length == 0 ? "before or after" : text[(text.LastIndexOf('\n') + 1)..].Split(' ')[0] is { Length: < 20 } state && !state.StartsWith('{') ? state : "Staging";
    }

    public async ValueTask DisposeAsync()
    {
        _network.Dispose();
        await _lab.DisposeAsync();
    }

    private static async Task<CrashHost> PrepareAsync(MailLab lab)
    {
        var crash = new CrashHost(lab, await lab.Host.SnapshotAsync());
        try
        {
            await crash.RunAsync("mkdir -p /root/saved/etc /root/saved/var/lib; cp -a /etc/postfix /etc/dovecot /root/saved/etc; for d in etc/pki var/lib/mailtlsstate; do [ ! -d /$d ] || cp -a /$d /root/saved/$d; done");
            crash._oldLeaves[(await Handshake.TryAsync(crash._network, MailPort.All[0])).Leaf!] = "old leaf";
            crash._oldLeaves[(await Handshake.TryAsync(crash._network, MailPort.All[4])).Leaf!] = "old leaf";
            crash._oldServed = await crash.ServedAsync();
            await crash.RunAsync(Strace.Command($"-y -o /root/trace -e trace={Strace.Calls}", Apply));
            crash.Points = Strace.Points(await lab.Host.ReadFileAsync("/root/trace"));
            crash._new = await lab.Host.SnapshotAsync();
            crash._newServed = await crash.ServedAsync();
            Assert.All(crash._newServed.Values, served => Assert.StartsWith("leaf on disk", served, StringComparison.Ordinal));
            Assert.NotEqual(crash._oldServed, crash._newServed);
            return crash;
        }
        catch
        {
            await crash.DisposeAsync();
            throw;
        }
    }

    private static string Split(string text) => text.Replace("layout: bundle", "layout: split", StringComparison.Ordinal);

    // Keys and certificates are others in each run; all that is around them is not.
    private static TreeSnapshot Shape(TreeSnapshot tree) => new(tree.Entries.ToDictionary(
        e => e.Key,
        e => e.Key.StartsWith("/etc/pki/mailtls/", StringComparison.Ordinal) ? Digest().Replace(e.Value, " content") : e.Value));

    private async Task<IReadOnlyDictionary<int, string>> ServedAsync()
    {
        var names = new Dictionary<string, string>(_oldLeaves);
        var disk = await Host.RunAsync("for f in $(ls -v /etc/pki/mailtls/mail.mydomain.com*.pem | tail -n 1); do openssl x509 -in $f -outform DER | sha256sum; done");
        if (disk.ExitCode == 0 && disk.Output.Length > 64)
        {
            names.TryAdd(disk.Output[..64], "leaf on disk");
        }

        return await Handshake.AllAsync(_network, names);
    }

    private async Task ServesAsync(IReadOnlyDictionary<int, string> wanted, string what)
    {
        // A reload takes effect process by process.
        var served = await ServedAsync();
        for (var end = DateTime.UtcNow.AddSeconds(20); !wanted.SequenceEqual(served); served = await ServedAsync())
        {
            Assert.True(DateTime.UtcNow < end, $"not in 20 s: {what}: {string.Join(", ", served)}");
            await Task.Delay(50);
        }
    }

    [GeneratedRegex(" [0-9a-f]{64}$")]
    private static partial Regex Digest();
}
