using System.Diagnostics;
using System.Text.RegularExpressions;
using MailTlsState.HostTests.Lab;

namespace MailTlsState.HostTests.Crash;

/// <summary>A system call before which a run can be stopped: the <paramref name="Number"/>th of its name on the thread that changes files.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Number">Counted from 1.</param>
/// <param name="Phase">Lines that the journal had by then.</param>
/// <param name="Text">The call as strace shows it.</param>
internal sealed record CallPoint(string Name, int Number, int Phase, string Text)
{
    public override string ToString() => $"{Name} {Number}: {Text}";
}

/// <summary>strace(1) of this machine, usable in a throwaway host. It counts per thread and name, and leaves child programs alone.</summary>
internal static partial class Strace
{
    /// <summary>Every call by which an apply changes files. Their creation is seen by the fchown that follows, their content by the fsync.</summary>
    public const string Calls = "mkdirat,linkat,renameat,renameat2,unlinkat,fchown,fchmod,utimensat,fsync,fsetxattr";

    private const string Inside = "/opt/strace";
    private static readonly Lazy<string> Kit = new(MakeKit);

    /// <summary>What a host needs for it.</summary>
    public static ThrowawayHostOptions Options => new() { Binds = new Dictionary<string, string> { [Kit.Value] = Inside } };

    /// <summary>A command line that runs <paramref name="command"/> under strace. Its children are let go when they start their own program.</summary>
    public static string Command(string options, string command) =>
        $"{Inside}/ld.so --library-path {Inside} {Inside}/strace -f -b execve -qq -e signal=none {options} {command}";

    /// <summary>A command line that kills <paramref name="command"/> before a call.</summary>
    public static string Kill(string name, int number, string command) =>
        Command($"-o /dev/null -e trace={name} -e inject={name}:signal=KILL:when={number}", command);

    /// <summary>The calls of the thread that changes files, from a trace with <c>-y</c>.</summary>
    public static IReadOnlyList<CallPoint> Points(string trace)
    {
        var calls = Line().Matches(trace).Select(m => (Thread: m.Groups["thread"].Value, Name: m.Groups["name"].Value, Text: m.Groups["text"].Value)).ToList();
        var files = calls.Where(c => c.Name == "fsync").GroupBy(c => c.Thread).MaxBy(g => g.Count())!.Key;
        var numbers = new Dictionary<string, int>();
        var phase = 0;
        var points = new List<CallPoint>();
        foreach (var (_, name, text) in calls.Where(c => c.Thread == files))
        {
            numbers[name] = numbers.GetValueOrDefault(name) + 1;
            points.Add(new CallPoint(name, numbers[name], phase, text));
            if (name == "fsync" && text.Contains("/mailtlsstate/journal>", StringComparison.Ordinal))
            {
                phase++;
            }
        }

        return points;
    }

    [GeneratedRegex(@"^(?<thread>\d+) +(?<name>\w+)\((?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    private static string MakeKit()
    {
        var folder = Directory.CreateTempSubdirectory("mailtls-strace-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        var strace = new[] { "/usr/bin/strace", "/bin/strace", "/usr/local/bin/strace" }.First(File.Exists);
        File.Copy(strace, Path.Combine(folder, "strace"));
        using var ldd = Process.Start(new ProcessStartInfo("ldd", [strace]) { RedirectStandardOutput = true })!;
        foreach (Match library in Library().Matches(ldd.StandardOutput.ReadToEnd()))
        {
            var path = library.Groups["path"].Value;
            var name = Path.GetFileName(path);
            File.Copy(path, Path.Combine(folder, name.StartsWith("ld-linux", StringComparison.Ordinal) ? "ld.so" : name));
        }

        ldd.WaitForExit();
        return folder;
    }

    [GeneratedRegex(@"(?<path>/\S+) \(0x", RegexOptions.None)]
    private static partial Regex Library();
}
