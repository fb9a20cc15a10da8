using MailTlsState.HostTests.Apply;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>Plays one random case on a host of its own and holds it against the invariants of the design, each by its name.</summary>
internal sealed class RandomRun : IAsyncDisposable
{
    private const string Postfix = "/usr/sbin/postfix";
    private readonly MailLab _lab;
    private readonly HostNetwork _network;
    private readonly RandomCase _case;
    private readonly List<string> _said = [];
    private readonly List<string> _broken = [];

    private RandomRun(MailLab lab, RandomCase one) => (_lab, _network, _case) = (lab, new HostNetwork(lab.Host), one);

    /// <summary>Plays it.</summary>
    /// <returns>The invariants that were broken, each with what was seen; empty when all held.</returns>
    public static async Task<IReadOnlyList<string>> PlayAsync(RandomCase one)
    {
        await using var run = new RandomRun(await MailLab.StartAsync("article", (one.Former ?? one.Manifest).Edit, options: Strace.Options), one);
        try
        {
            await run.PlayAsync();
        }
        catch (Exception e) when (e is Xunit.Sdk.XunitException or InvalidOperationException)
        {
            run._broken.Add("every step ends as it should: " + e.Message);
        }

        return run._broken;
    }

    public async ValueTask DisposeAsync()
    {
        _network.Dispose();
        await _lab.DisposeAsync();
    }

    private async Task PlayAsync()
    {
        await PrepareAsync();
        var before = await _lab.Host.SnapshotAsync();
        var main = await _lab.Host.ReadFileAsync("/etc/postfix/main.cf");
        var seenBefore = await HandshakesAsync();

        var first = await FaultyApplyAsync();
        if (first is not (0 or 1 or 3 or 5 or 6 or 137))
        {
            _broken.Add($"a fault ends with a status that says what happened: {first}");
        }

        if (_case.Fault == "reload")
        {
            await _lab.RunAsync($"[ ! -e {Postfix}.real ] || mv -f {Postfix}.real {Postfix}");
        }

        var recovered = await RunAsync("mailtls recover");
        if (recovered.ExitCode == 6)
        {
            await OnlyWhatWasServedFromMemoryIsLostAsync(recovered, before, seenBefore);
        }
        else
        {
            recovered.Expect(0);
            await NothingIsLeftBehindAsync();
            await EveryEndpointStillAnswersAsync(seenBefore);
        }

        if (first is 1 or 3 or 5 && before.ChangesTo(await _lab.Host.SnapshotAsync()) is { Count: > 0 } changes)
        {
            _broken.Add($"what ended with {first} changed nothing: {string.Join("; ", changes)}");
        }

        await SayAsync(CrashHost.Apply, 0);
        if (!(await SayAsync(CrashHost.Apply, 0)).Contains("No changes", StringComparison.Ordinal))
        {
            _broken.Add("a second apply is No changes: it found some");
        }

        await SayAsync($"mailtls verify {MailLab.Manifest}", 0);
        await NothingIsLeftBehindAsync();
        var after = await _lab.Host.SnapshotAsync();
        OthersKeepTheirBytesAndModes(before, after);
        BytesOutsideManagedSettingsStay(main, await _lab.Host.ReadFileAsync("/etc/postfix/main.cf"));
        await NoDaemonSawAKeyThatDoesNotMatchAsync();
        await NoKeyByteIsInAnyOutputAsync();
    }

    private async Task PrepareAsync()
    {
        if (_case.Former is not null)
        {
            await SayAsync(CrashHost.Apply, 0);
            await _lab.WriteManifestAsync("article", _case.Manifest.Edit);
        }

        foreach (var drift in _case.Drifts)
        {
            await _lab.RunAsync(RandomCase.AllDrifts[drift]);
        }

        await _lab.RunAsync("touch -d '1 minute ago' /etc/postfix/main.cf /etc/postfix/master.cf; : >/var/log/mail.log");
        if (_case.Fault == "reload")
        {
            await _lab.ReplaceAsync(Postfix, $"case \"$*\" in *reload*) exit 0;; esac\nexec {Postfix}.real \"$@\"");
        }
    }

    private async Task<int> FaultyApplyAsync()
    {
        var words = _case.Fault.Split(' ');
        var command = words[0] switch
        {
            "kill" => Strace.Kill(words[1], int.Parse(words[2], System.Globalization.CultureInfo.InvariantCulture), CrashHost.Apply),
            "errno" => Strace.Command($"-o /dev/null -e trace={words[1]} -e inject={words[1]}:error={words[2]}:when={words[3]}", CrashHost.Apply),
            _ => CrashHost.Apply,
        };
        return (await RunAsync(command)).ExitCode;
    }

    private async Task<string> SayAsync(string command, int exitCode) => (await RunAsync(command)).Expect(exitCode).Output;

    private async Task<CommandResult> RunAsync(string command)
    {
        var result = await _lab.Host.RunAsync(command, timeLimit: CrashHost.Limit);
        _said.Add(result.ToString());
        return result;
    }

    private async Task<IReadOnlyDictionary<int, Seen>> HandshakesAsync() =>
        (await Task.WhenAll(MailPort.All.Select(async p => (p.Port, Seen: await Handshake.TryAsync(_network, p))))).ToDictionary(s => s.Port, s => s.Seen);

    private async Task NothingIsLeftBehindAsync()
    {
        try
        {
            await _lab.NothingLeftAsync();
        }
        catch (Xunit.Sdk.XunitException e)
        {
            _broken.Add("nothing is left behind: " + e.Message);
        }
    }

    private async Task OnlyWhatWasServedFromMemoryIsLostAsync(CommandResult recovered, TreeSnapshot before, IReadOnlyDictionary<int, Seen> servedBefore)
    {
        if (!_case.ServesFromMemory)
        {
            _broken.Add($"a recovery is incomplete only where daemons served what their files no longer gave: {recovered}");
        }

        if (before.ChangesTo(await _lab.Host.SnapshotAsync()).Where(c => !c.Contains(".mtls-", StringComparison.Ordinal)).ToList() is { Count: > 0 } changes)
        {
            _broken.Add($"a recovery that is incomplete has brought every file back: {string.Join("; ", changes)}");
        }

        foreach (var (port, now) in (await HandshakesAsync()).Where(n => n.Value.Leaf != servedBefore[n.Key].Leaf && !recovered.Error.Contains($" port {n.Key} served ", StringComparison.Ordinal)))
        {
            _broken.Add($"what a recovery could not bring back is listed: port {port} had {servedBefore[port]} and has {now}, and is not in: {recovered.Error}");
        }
    }

    // A handshake proves that the server has the key of the certificate that it shows.
    private async Task EveryEndpointStillAnswersAsync(IReadOnlyDictionary<int, Seen> before)
    {
        var now = await HandshakesAsync();
        foreach (var (port, was) in before.Where(b => b.Value.Failure is null && now[b.Key].Failure is not null))
        {
            _broken.Add($"every endpoint answers after a recovery as before: port {port} did, and now {now[port].Failure}");
        }
    }

    private void OthersKeepTheirBytesAndModes(TreeSnapshot before, TreeSnapshot after)
    {
        foreach (var change in before.ChangesTo(after))
        {
            var path = change[2..].Split(": ", 2)[0];
            var ours = path is "/etc/postfix/main.cf" or "/etc/postfix/master.cf"
                || path.StartsWith("/etc/dovecot/", StringComparison.Ordinal)
                || path.StartsWith("/etc/pki/mailtls", StringComparison.Ordinal)
                || (path == "/etc/pki" && change[0] == '+');
            if (!ours)
            {
                _broken.Add($"what is not ours keeps its bytes and its mode: {change}");
            }
            else if (change[0] == '~' && before.Entries[path].Split(' ')[..3] is var was && after.Entries[path].Split(' ')[..3] is var now && !was.SequenceEqual(now)
                && !path.StartsWith("/etc/pki/mailtls", StringComparison.Ordinal))
            {
                _broken.Add($"a file that is edited keeps owner and mode: {change}");
            }
        }
    }

    private void BytesOutsideManagedSettingsStay(string before, string after)
    {
        var (was, now) = (Unmanaged(before), Unmanaged(after));
        if (!was.SequenceEqual(now))
        {
            _broken.Add($"bytes outside the managed settings never change: {string.Join(" / ", was.Except(now))} → {string.Join(" / ", now.Except(was))}");
        }
    }

    // Parameters of TLS are managed; a blank line may come with the block of new ones.
    private static List<string> Unmanaged(string text) =>
        [.. text.Split('\n').Where(l => l.Length > 0 && !l.StartsWith("smtpd_tls_", StringComparison.Ordinal) && !l.StartsWith("smtp_tls_", StringComparison.Ordinal)
            && !l.StartsWith("tls_", StringComparison.Ordinal) && !l.StartsWith(Services.Postfix.PostfixSettings.Heading, StringComparison.Ordinal))];

    private async Task NoDaemonSawAKeyThatDoesNotMatchAsync()
    {
        var log = (await _lab.Host.RunAsync("grep -iE 'key values mismatch|cannot load (certificate|key)|TLS not available|parse private|private key .* does not match' /var/log/mail.log")).Output;

        // What an administrator broke before is seen by daemons until it is mended.
        if (log.Length > 0 && !_case.Drifts.Intersect(["removed chain", "empty chain"]).Any())
        {
            _broken.Add("no daemon sees a key that does not match its certificate: " + log);
        }
    }

    private async Task NoKeyByteIsInAnyOutputAsync()
    {
        _said.Add((await _lab.RunAsync("find /var/lib/mailtlsstate -type f -exec cat {} +; cat /var/log/mail.log")).Output);
        try
        {
            await KeyBytes.NoneInAsync(_lab, _said);
        }
        catch (Xunit.Sdk.XunitException e)
        {
            _broken.Add("no key byte is in any output: " + e.Message);
        }
    }
}
