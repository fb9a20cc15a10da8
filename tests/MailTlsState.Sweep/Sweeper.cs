using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace MailTlsState.Sweep;

/// <summary>What happens at a point.</summary>
internal enum Fault
{
    /// <summary>The process is killed on entry of the call.</summary>
    Kill,

    /// <summary>The call fails.</summary>
    Error,

    /// <summary>The process is killed, and then the power is cut; once more after recovery.</summary>
    Power,

    /// <summary>The process is killed, and the recovery at each of its own calls in turn.</summary>
    Recovery,
}

/// <summary>One point: which call of which transaction, and what happens to it.</summary>
/// <param name="Kind">The transaction.</param>
/// <param name="Call">Name of the system call.</param>
/// <param name="Number">The how manieth of that name, from 1.</param>
/// <param name="Error">For <see cref="Fault.Error"/>: errno's name.</param>
/// <param name="Recovery">For <see cref="Fault.Recovery"/>: the call of the recovery.</param>
internal sealed record Point(TransactionKind Kind, string Call, int Number, string? Error = null, (string Call, int Number)? Recovery = null)
{
    public override string ToString() =>
        $"{Kind} {Call} {Number}{(Error is null ? "" : " " + Error)}{(Recovery is { } r ? $", recovery {r.Call} {r.Number}" : "")}";
}

/// <summary>Tries every point, on two disks side by side, and counts how they ended.</summary>
internal sealed class Sweeper(string fileSystem, Fault fault, FileHost host, string[] options)
{
    private const int Killed = 128 + 9;
    private static readonly string[] Changing =
        ["openat2", "mkdirat", "linkat", "renameat", "renameat2", "unlinkat", "fchown", "fchmod", "fsetxattr", "fremovexattr", "utimensat", "write", "fsync", "ftruncate"];

    private readonly ConcurrentBag<(Point Point, Outcome Outcome)> _outcomes = [];

    private sealed record Outcome(string State, bool MixedBefore, string? Fault);

    public static bool Run(string work, Fault fault, string[] options, FileHost host)
    {
        var watch = Stopwatch.StartNew();
        var fileSystem = Option(options, "--fs") ?? "ext4";
        var sweeper = new Sweeper(fileSystem, fault, host, options);
        var disks = Enumerable.Range(0, Math.Min(Environment.ProcessorCount, 4)).Select(n => Disk.Make(work, $"{fault}-{fileSystem}-{n}", fileSystem)).ToList();
        try
        {
            var expected = Enum.GetValues<TransactionKind>().ToDictionary(kind => kind, kind => sweeper.Expect(disks[0], kind));
            var every = int.Parse(Option(options, "--every") ?? "1", CultureInfo.InvariantCulture);
            var points = sweeper.Points(disks[0]).Where((_, index) => index % every == 0).ToList();
            var queue = new ConcurrentQueue<Point>(points);
            var threads = disks.Select(disk => new Thread(() => sweeper.Work(disk, queue, expected))).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
        }
        finally
        {
            disks.ForEach(d => d.Dispose());
        }

        return sweeper.Report(watch.Elapsed);
    }

    private static string? Option(string[] options, string name) => Array.IndexOf(options, name) is >= 0 and var i ? options[i + 1] : null;

    private bool Has(string option) => options.Contains(option);

    // Old and new state, and that both transactions work undisturbed and leave nothing.
    private (string Old, string OldWithTimes, string New) Expect(Disk disk, TransactionKind kind)
    {
        Tree.Make(disk.Folder);
        var (old, timed) = (Tree.Look(disk.Folder, false), Tree.Look(disk.Folder, true));
        var (exitCode, said) = Program.Spawn(Environment.ProcessPath!, Arguments(kind, disk));
        var made = Tree.Look(disk.Folder, false);
        return exitCode == 0 && said == "applied" && made != old && Leftovers(disk).Length == 0 && !made.Contains(".mtls-", StringComparison.Ordinal)
            ? (old, timed, made)
            : throw new InvalidOperationException($"{kind} undisturbed ended with {exitCode}: {said} {Leftovers(disk)}\n{made}");
    }

    private string[] Arguments(TransactionKind kind, Disk disk) =>
        ["run", kind.ToString().ToLowerInvariant(), disk.Folder, .. Program.RunOptions.Where(Has)];

    private IEnumerable<Point> Points(Disk disk)
    {
        foreach (var kind in Enum.GetValues<TransactionKind>())
        {
            Tree.Make(disk.Folder);
            var calls = Trace(disk, Arguments(kind, disk));
            foreach (var (call, number) in calls)
            {
                if (fault == Fault.Error)
                {
                    foreach (var error in (Option(options, "--errors") ?? "EIO").Split(','))
                    {
                        yield return new Point(kind, call, number, error);
                    }
                }
                else if (fault != Fault.Recovery)
                {
                    yield return new Point(kind, call, number);
                }
            }

            if (fault == Fault.Recovery)
            {
                // Six deaths spread over the transaction, each recovery killed everywhere.
                for (var at = 1; at <= 6; at++)
                {
                    var death = calls[calls.Count * at / 7];
                    Tree.Make(disk.Folder);
                    Interrupt(disk, new Point(kind, death.Call, death.Number));
                    foreach (var call in Trace(disk, ["recover", disk.Folder]))
                    {
                        yield return new Point(kind, death.Call, death.Number, Recovery: call);
                    }
                }
            }
        }
    }

    // Every changing call of the thread that does the work, in order. An open that makes no file changes nothing, nor does what is said.
    private IReadOnlyList<(string Call, int Number)> Trace(Disk disk, string[] arguments)
    {
        var file = disk.Folder + ".trace";
        Strace(["-o", file, "-e", "trace=" + string.Join(',', Changing)], arguments);
        var lines = File.ReadAllLines(file).Select(l => l.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Where(l => l.Length == 2 && l[1].Contains('(', StringComparison.Ordinal) && char.IsAsciiLetter(l[1][0])).ToList();
        var worker = lines.GroupBy(l => l[0]).MaxBy(g => g.Count())!.Key;
        var counts = new Dictionary<string, int>();
        var found = new List<(string, int)>();
        foreach (var line in lines.Where(l => l[0] == worker).Select(l => l[1]))
        {
            var call = line[..line.IndexOf('(', StringComparison.Ordinal)];
            counts[call] = counts.GetValueOrDefault(call) + 1;
            var said = line.StartsWith("write(1,", StringComparison.Ordinal) || line.StartsWith("write(2,", StringComparison.Ordinal);
            if (!said && (call != "openat2" || Has("--all-opens") || line.Contains("O_CREAT", StringComparison.Ordinal)))
            {
                found.Add((call, counts[call]));
            }
        }

        return found.Count > 20 || arguments[0] == "recover" ? found : throw new InvalidOperationException($"only {found.Count} calls were seen");
    }

    private (int ExitCode, string Said) Interrupt(Disk disk, Point point) => Strace(
        ["-o", "/dev/null", "-e", "trace=" + point.Call, "-e", $"inject={point.Call}:{(point.Error is null ? "signal=KILL" : "error=" + point.Error)}:when={point.Number}"],
        Arguments(point.Kind, disk));

    private static (int ExitCode, string Said) Strace(string[] how, string[] arguments) =>
        Program.Spawn("/usr/bin/strace", ["-f", "-qq", "-e", "signal=none", .. how, Environment.ProcessPath!, .. arguments]);

    private void Work(Disk disk, ConcurrentQueue<Point> queue, Dictionary<TransactionKind, (string Old, string OldWithTimes, string New)> expected)
    {
        while (queue.TryDequeue(out var point))
        {
            try
            {
                _outcomes.Add((point, Try(disk, point, expected[point.Kind])));
            }
            catch (Exception e)
            {
                _outcomes.Add((point, new Outcome("mixed", false, e.Message)));
            }
        }
    }

    private Outcome Try(Disk disk, Point point, (string Old, string OldWithTimes, string New) expected)
    {
        Tree.Make(disk.Folder);
        if (fault == Fault.Power)
        {
            disk.Settle();
        }

        var (exitCode, said) = Interrupt(disk, point);
        if (fault == Fault.Power)
        {
            disk.CutPower();
        }

        var before = State(disk, expected);
        if (point.Recovery is { } call)
        {
            (exitCode, said) = Strace(["-o", "/dev/null", "-e", "trace=" + call.Call, "-e", $"inject={call.Call}:signal=KILL:when={call.Number}"], ["recover", disk.Folder]);
        }

        var recovered = new Transaction(host, disk.Folder).Recover();
        var after = State(disk, expected);
        var wrong = Wrong(point, exitCode, said, before, after)
            ?? (recovered.ExitCode == 0 ? null : $"recover: {recovered.Said}")
            ?? (Leftovers(disk) is { Length: > 0 } left ? $"left: {left}" : null);
        if (fault == Fault.Power)
        {
            disk.CutPower();
            var last = State(disk, expected);
            wrong ??= last != after ? $"{after} after recovery, {last} after a second power cut" : Leftovers(disk) is { Length: > 0 } again ? $"left after the second power cut: {again}" : null;
            after = last;
        }

        return new Outcome(after, before == "mixed", wrong ?? (after == "mixed" ? Difference(disk, expected) : null));
    }

    // What the exit status promised.
    private string? Wrong(Point point, int exitCode, string said, string before, string after)
    {
        if (point.Error is null)
        {
            return exitCode == Killed ? null : $"exit {exitCode} where it was to be killed: {said}";
        }

        var tidy = !said.Contains("not tidied up", StringComparison.Ordinal) && !said.Contains("may not last", StringComparison.Ordinal);
        return said.Length == 0 || said.Contains("   at ", StringComparison.Ordinal) ? $"exit {exitCode}, said: {said}"
            : exitCode switch
            {
                0 => after == "new" && (before == "new" || !tidy) ? null : $"exit 0 and {before}, then {after}: {said}",
                1 or 5 => after == "old" && (before == "old" || !tidy) ? null : $"exit {exitCode} and {before}, then {after}: {said}",
                6 => null,
                _ => $"exit {exitCode}: {said}",
            };
    }

    private static string State(Disk disk, (string Old, string OldWithTimes, string New) expected) =>
        Tree.Look(disk.Folder, true) == expected.OldWithTimes ? "old" : Tree.Look(disk.Folder, false) == expected.New ? "new" : "mixed";

    private static string Leftovers(Disk disk) => string.Join(' ', Directory.EnumerateFiles(disk.Folder + "/state").Select(Path.GetFileName));

    private static string Difference(Disk disk, (string Old, string OldWithTimes, string New) expected)
    {
        var now = Tree.Look(disk.Folder, true).Split('\n');
        return "unlike before: " + string.Join(" | ", now.Except(expected.OldWithTimes.Split('\n')).Concat(expected.OldWithTimes.Split('\n').Except(now).Select(l => "lacks " + l)));
    }

    private bool Report(TimeSpan time)
    {
        var faults = _outcomes.Where(o => o.Outcome.Fault is not null).OrderBy(o => o.Point.ToString(), StringComparer.Ordinal).ToList();
        foreach (var (point, outcome) in faults.Take(10))
        {
            Console.Out.WriteLine($"{point}: {outcome.Fault}");
        }

        int Count(string state) => _outcomes.Count(o => o.Outcome.State == state);
        Console.Out.WriteLine(FormattableString.Invariant(
            $"{fault.ToString().ToLowerInvariant(),-9} {fileSystem,-5} points {_outcomes.Count,5}  old {Count("old"),5}  new {Count("new"),5}  mixed {Count("mixed"),4}  wrong {faults.Count,4}  mixed before recovery {_outcomes.Count(o => o.Outcome.MixedBefore),5}  {time.TotalSeconds,6:0.0} s"));
        return faults.Count == 0;
    }
}
