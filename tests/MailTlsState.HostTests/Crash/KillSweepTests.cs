using System.Collections.Concurrent;
using System.Diagnostics;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>
/// SIGKILL before each system call by which an apply changes files, with the real daemons running: after recovery the host is all
/// old or all new, on disk and on every endpoint. Some points of each phase in the normal run, every one under --long.
/// </summary>
public sealed class KillSweepTests(ITestOutputHelper output)
{
    private const int Workers = 2;
    private const int FewPoints = 10;

    [Fact]
    public Task An_apply_that_creates_is_killed_and_recovered() => SweepAsync(CrashHost.CreatingAsync);

    [Fact]
    public Task An_apply_that_changes_is_killed_and_recovered() => SweepAsync(CrashHost.ChangingAsync);

    private async Task SweepAsync(Func<Task<CrashHost>> start)
    {
        var watch = Stopwatch.StartNew();
        var rows = new ConcurrentBag<(string Phase, Found Found)>();
        var hosts = await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => start()));
        try
        {
            var all = hosts[0].Points;
            Assert.Equal(all.Select(p => (p.Name, p.Number)), hosts[1].Points.Select(p => (p.Name, p.Number)));
            var queue = new ConcurrentQueue<Kill>([.. Words, .. (LabEnvironment.Long ? all : Spread(all, FewPoints)).Select(Kill.Before)]);
            await Task.WhenAll(hosts.Select(async host =>
            {
                while (queue.TryDequeue(out var kill))
                {
                    var began = watch.Elapsed;
                    var row = await TryAsync(host, kill);
                    rows.Add(row);
                    output.WriteLine($"{row.Phase}: {row.Found} ({(watch.Elapsed - began).TotalSeconds:0.0} s) {kill}");
                }
            }));
            Report(rows, all.Count, watch.Elapsed);
        }
        finally
        {
            foreach (var host in hosts)
            {
                await host.DisposeAsync();
            }
        }
    }

    // Between system calls on files: while daemons are started, told or asked.
    private static IEnumerable<Kill> Words =>
        LabEnvironment.Long
            ? [.. new[] { "rehearsing", "committing", "reload postfix", "reload dovecot", "verifying" }.Select(Kill.AtWord)]
            : [Kill.AtWord("reload dovecot"), Kill.AtWord("verifying")];

    private static async Task<(string Phase, Found Found)> TryAsync(CrashHost host, Kill kill)
    {
        try
        {
            await host.ResetAsync();
            var killed = await host.Host.RunAsync(kill.Command, timeLimit: CrashHost.Limit);
            Assert.DoesNotContain("Apply complete", killed.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("error", killed.Error, StringComparison.Ordinal);
            var phase = await host.JournalAsync();
            if (kill.RecoveryToo)
            {
                // A recovery that is killed in its turn is gone on with by the next.
                _ = await host.Host.RunAsync(Strace.Kill("fsync", 2, "mailtls recover"), timeLimit: CrashHost.Limit);
            }

            var found = await host.RecoverAsync();
            await host.ConvergeAsync();
            return (phase, found);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new Xunit.Sdk.XunitException($"killed at {kill}: {e.Message}");
        }
    }

    // The first, the last and one in the middle of each phase, then more as long as there is room.
    private static IReadOnlyList<CallPoint> Spread(IReadOnlyList<CallPoint> all, int count)
    {
        var phases = all.GroupBy(p => p.Phase).Select(g => g.ToList()).ToList();
        var chosen = new HashSet<CallPoint>();
        foreach (var at in new[] { 1.0, 0.0, 0.5, 0.25, 0.75, 0.125, 0.375 })
        {
            foreach (var phase in phases.Where(_ => chosen.Count < count))
            {
                chosen.Add(phase[(int)(at * (phase.Count - 1))]);
            }
        }

        return [.. all.Where(chosen.Contains)];
    }

    private void Report(IReadOnlyCollection<(string Phase, Found Found)> rows, int points, TimeSpan took)
    {
        output.WriteLine($"{"journal at the kill",-20} {"points",6} {"old",5} {"new",5} {"mixed",6}");
        foreach (var phase in rows.GroupBy(r => r.Phase).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{phase.Key,-20} {phase.Count(),6} {phase.Count(r => r.Found == Found.Old),5} {phase.Count(r => r.Found == Found.New),5} {0,6}");
        }

        output.WriteLine($"{"all",-20} {rows.Count,6} {rows.Count(r => r.Found == Found.Old),5} {rows.Count(r => r.Found == Found.New),5} {0,6}   of {points} calls, {took.TotalSeconds:0} s");
        Assert.Contains(rows, r => r.Found == Found.Old);
        Assert.Contains(rows, r => r.Found == Found.New);
    }

    private sealed record Kill(string Text, string Command, bool RecoveryToo)
    {
        public static Kill Before(CallPoint point) => new(point.ToString(), Strace.Kill(point.Name, point.Number, CrashHost.Apply), point.Number % 3 == 0);

        public static Kill AtWord(string word) => new(
            $"\"{word}\"",
            $"rm -f /root/said; mkfifo /root/said; {CrashHost.Apply} 2>/root/said >/dev/null & pid=$!; while read -r line; do case $line in *'{word}'*) kill -9 $pid; echo killed; break;; esac; done </root/said | grep -q killed || echo 'Apply complete'; wait $pid; :",
            false);

        public override string ToString() => Text;
    }
}
