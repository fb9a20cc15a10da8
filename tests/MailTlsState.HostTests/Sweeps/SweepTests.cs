using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using MailTlsState.HostTests.Lab;
using Xunit;

namespace MailTlsState.HostTests.Sweeps;

/// <summary>
/// The files' part of an apply, interrupted at each of its changing system calls: whatever happens, recovery brings the whole old
/// or the whole new state with modes, owners, attributes and times, and leaves nothing behind. See tests/MailTlsState.Sweep.
/// </summary>
public sealed partial class SweepTests
{
    private static readonly Lazy<Task<string>> Driver = new(BuildAsync);

    private static string Errors => LabEnvironment.Long ? "EIO,ENOSPC,EDQUOT,EACCES,EROFS --all-opens" : "EIO";

    [Fact]
    public async Task Killed_at_any_call_it_is_recovered()
    {
        var swept = await SweepAsync("kill");
        Right(swept, atLeast: 150);

        // The sweep bites: most of the deaths left something that was neither.
        Assert.True(swept["mixed before recovery"] > 50, $"{swept["mixed before recovery"]}");
    }

    [Fact]
    public async Task Killed_where_no_hard_link_can_be_made_it_is_recovered() => Right(await SweepAsync("kill --no-links"), atLeast: 150);

    [Fact]
    public async Task A_call_that_fails_anywhere_ends_as_the_exit_status_says() => Right(await SweepAsync($"error --errors {Errors}"), atLeast: 150);

    [Fact]
    public async Task A_power_cut_after_any_call_is_recovered_and_so_is_one_after_the_recovery()
    {
        Right(await SweepAsync("power"), atLeast: 150);
        if (LabEnvironment.Long)
        {
            Right(await SweepAsync("power --no-links"), atLeast: 150);
            if (await HasXfsAsync())
            {
                Right(await SweepAsync("power --fs xfs"), atLeast: 150);
            }
        }
    }

    [Fact]
    public async Task A_transaction_that_forgets_to_fsync_directories_is_caught_by_the_sweep()
    {
        var swept = await SweepAsync($"power --no-directory-sync --every {(LabEnvironment.Long ? 1 : 4)}");
        Assert.True(swept["mixed"] > 0, "no lost directory entry was noticed");
    }

    [Fact]
    public async Task A_recovery_that_is_killed_anywhere_is_recovered_in_turn() => Right(await SweepAsync($"recovery --every {(LabEnvironment.Long ? 1 : 5)}"), atLeast: 30);

    private static void Right(IReadOnlyDictionary<string, int> swept, int atLeast)
    {
        Assert.True(swept["points"] >= atLeast, $"only {swept["points"]} points");
        Assert.Equal((0, 0), (swept["mixed"], swept["wrong"]));
        Assert.True(swept["old"] > 0 && swept["new"] > 0, "every point ended in the same state");
        Assert.Equal(swept["points"], swept["old"] + swept["new"]);
    }

    /// <summary>Runs one sweep in a mount namespace of its own and prints its line of the table.</summary>
    private static async Task<IReadOnlyDictionary<string, int>> SweepAsync(string arguments)
    {
        // Memory where there is some: what an fsync costs is not the question here.
        var work = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"mailtls-sweep-{Guid.NewGuid():N}"));
        try
        {
            var (exitCode, said) = await RunAsync(["unshare", "--mount", "--propagation", "private", await Driver.Value, "sweep", work.FullName, .. arguments.Split(' ')]);
            var line = said.TrimEnd().Split('\n')[^1];
            var numbers = Number().Matches(line).ToDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture));
            Console.Out.WriteLine($"{line}   ({arguments})");
            return numbers.ContainsKey("points") ? numbers : throw new Xunit.Sdk.XunitException($"sweep {arguments} ended with {exitCode}: {said}");
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }

    // A module may have to be loaded first; modprobe's failure is an answer, too.
    private static async Task<bool> HasXfsAsync()
    {
        await RunAsync(["sh", "-c", "modprobe xfs 2>/dev/null; :"]);
        var has = (await File.ReadAllTextAsync("/proc/filesystems")).Contains("\txfs\n", StringComparison.Ordinal);
        Console.Out.WriteLine(has ? "this kernel has xfs" : "this kernel has no xfs: its power cuts cannot be tried here");
        return has;
    }

    private static async Task<string> BuildAsync()
    {
        var (exitCode, said) = await RunAsync(["sh", Path.Combine(LabEnvironment.Repository, "tests", "lab", "build-sweep.sh")]);
        Assert.True(exitCode == 0, said);
        return said.TrimEnd().Split('\n')[^1];
    }

    private static async Task<(int ExitCode, string Said)> RunAsync(string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(30));
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await error + output);
    }

    [GeneratedRegex(@"\b(points|old|new|mixed|wrong|mixed before recovery) +([0-9]+)\b")]
    private static partial Regex Number();
}
