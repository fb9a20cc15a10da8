using System.Collections.Concurrent;
using System.Diagnostics;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Crash;

/// <summary>
/// Random manifests on random hosts with random faults, by seed. A handful of seeds in the normal run, many under --long;
/// MAILTLS_SEED plays one alone.
/// </summary>
public sealed class RandomSweepTests(ITestOutputHelper output)
{
    private const int Workers = 2;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(50);

    [Fact]
    public async Task The_invariants_hold_whatever_is_wanted_found_and_goes_wrong()
    {
        var watch = Stopwatch.StartNew();
        var one = Environment.GetEnvironmentVariable("MAILTLS_SEED");
        var seeds = new ConcurrentQueue<int>(one is null ? Enumerable.Range(1, LabEnvironment.Long ? 60 : 4) : [int.Parse(one, System.Globalization.CultureInfo.InvariantCulture)]);
        var failures = new ConcurrentBag<string>();
        var played = 0;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            // Two in any case; on a slow machine no more than the budget has room for.
            while ((LabEnvironment.Long || watch.Elapsed < Budget || played < Workers) && failures.IsEmpty && seeds.TryDequeue(out var seed))
            {
                var random = RandomCase.Of(seed);
                Interlocked.Increment(ref played);
                output.WriteLine(random.ToString());
                if (await RandomRun.PlayAsync(random) is { Count: > 0 } broken)
                {
                    output.WriteLine($"{random}\n  {string.Join("\n  ", broken)}");
                    failures.Add(await ShrinkAsync(random, broken));
                }
            }
        }));
        output.WriteLine($"{played} cases, {watch.Elapsed.TotalSeconds:0} s");
        Assert.True(failures.IsEmpty, string.Join("\n", failures));
    }

    // As long as a smaller case breaks something, it stands for the larger one.
    private static async Task<string> ShrinkAsync(RandomCase random, IReadOnlyList<string> broken)
    {
        var (small, seen, tries) = (random, broken, 0);
        for (var smaller = true; smaller;)
        {
            smaller = false;
            foreach (var candidate in small.Smaller())
            {
                if (tries++ < 12 && await RandomRun.PlayAsync(candidate) is { Count: > 0 } still)
                {
                    (small, seen, smaller) = (candidate, still, true);
                    break;
                }
            }
        }

        return $"MAILTLS_SEED={random.Seed}\n  {random}\n  shrinks to {small}\n  {string.Join("\n  ", seen)}";
    }
}
