using System.Text;
using MailTlsState.Hosts.Linux;

namespace MailTlsState.Sweep;

/// <summary>
/// Interrupts the files' part of an apply at each of its changing system calls and looks at what recovery makes of it.
/// <code>
/// run create|change FOLDER [--no-directory-sync] [--no-links]   one transaction on a tree that was made before
/// recover FOLDER [--no-directory-sync]                          recovers it
/// sweep WORK kill|error|power|recovery [OPTION…]     the sweep; as root, in a private mount namespace (unshare -m)
///     --fs ext4|xfs  --errors EIO,ENOSPC,…  --every N  --all-opens  --no-directory-sync  --no-links
/// </code>
/// </summary>
internal static class Program
{
    /// <summary>The options that a single run takes, too.</summary>
    public static readonly string[] RunOptions = ["--no-directory-sync", "--no-links"];

    private static int Main(string[] arguments)
    {
        var host = new FileHost(syncDirectories: !arguments.Contains(RunOptions[0]), hardLinks: !arguments.Contains(RunOptions[1]));
        switch (arguments)
        {
            case ["run", var kind, var folder, ..]:
                return Say(new Transaction(host, folder).Run(kind == "create" ? TransactionKind.Create : TransactionKind.Change));
            case ["recover", var folder, ..]:
                return Say(new Transaction(host, folder).Recover());
            case ["sweep", var work, var fault, ..]:
                return Sweeper.Run(work, Enum.Parse<Fault>(fault, ignoreCase: true), arguments[3..], host) ? 0 : 1;
            default:
                Console.Error.WriteLine("usage: see Program.cs");
                return 64;
        }
    }

    /// <summary>Runs a program to its end: exit status (128 and the signal when it was killed), and all that it said.</summary>
    public static (int ExitCode, string Said) Spawn(string program, params string[] arguments)
    {
        using var child = ChildProcess.Start(program, arguments, ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"], withInput: false);
        var exitCode = child.Wait();
        var said = new[] { child.Output, child.Error }.Select(p => Encoding.UTF8.GetString(p.ReadToEnd(0, 65536, program)));
        return (exitCode, string.Concat(said).Trim());
    }

    private static int Say((int ExitCode, string Said) result)
    {
        // Not by Console: its write would look like one more that changes something.
        using var output = new Descriptor(1);
        output.WriteAll(Encoding.UTF8.GetBytes(result.Said + "\n"), "standard output");
        return result.ExitCode;
    }
}
