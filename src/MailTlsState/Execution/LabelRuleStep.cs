using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Execution;

/// <summary>
/// Adds, changes or removes a local rule of which label a path gets, through semanage(8), which alone keeps it for the next time that the policy is built.
/// </summary>
/// <param name="Path">The rule's pattern.</param>
/// <param name="Old">The type that it gave, or null where there was no such rule.</param>
/// <param name="New">The type that it is to give, or null where it goes.</param>
/// <param name="Rules">Where semanage writes the local rules (file_contexts.local).</param>
public sealed record LabelRuleStep(string Path, string? Old, string? New, string Rules) : Step(Path)
{
    private const int NotFound = 127;

    // Building a policy takes seconds, on a small machine many.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <inheritdoc/>
    public override TimeSpan Patience => Limit;

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => Installed(host) == New;

    /// <inheritdoc/>
    /// <exception cref="PlanStaleException">Somebody else changed the rule.</exception>
    public override void Do(IHostWriter host)
    {
        var now = Installed(host);
        if (now != Old && now != New)
        {
            throw new PlanStaleException([$"the local rule for {Path} changed after it was observed"]);
        }

        Bring(host, now, New);
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        // A run that dies leaves semanage at work, and semanage that dies has changed its own store first: that is asked when none is at work any more.
        string[] question = ["--list", "--locallist", "--noheading"];
        var list = Run(host, question);
        var kept = list.ExitCode switch
        {
            0 => LocalRules.TypeInList(list.Output, Path),
            NotFound => Installed(host),
            _ => throw Failed(question, list),
        };
        if (Installed(host) is var now && now != kept && (now == New || kept == New))
        {
            // Whatever semanage does, it then installs all that its store has.
            Set(host, (kept ?? now)!, adds: kept is null);
            kept ??= now;
        }

        // What has neither type is somebody else's later change and stays.
        if (kept == New)
        {
            Bring(host, kept, Old);
        }
    }

    private string? Installed(IHostWriter host) => host.ReadBytes(Rules) is { } bytes ? LocalRules.TypeOf(Encoding.Latin1.GetString(bytes), Path) : null;

    private void Bring(IHostWriter host, string? from, string? to)
    {
        if (from == to)
        {
            return;
        }

        if (to is null)
        {
            string[] removal = ["-d", Path];
            Settle(host, null, removal, Run(host, removal));
        }
        else
        {
            Set(host, to, adds: from is null);
        }
    }

    private void Set(IHostWriter host, string type, bool adds)
    {
        string[] call = [adds ? "-a" : "-m", "-t", type, Path];
        var result = Run(host, call);

        // Where the policy itself has a rule of this pattern, semanage adds none beside it, but lets it be changed; one that was written by hand it does not know and adds.
        if (result.ExitCode != 0 && Run(host, adds ? "-m" : "-a", "-t", type, Path) is { ExitCode: 0 } changed)
        {
            result = changed;
        }

        Settle(host, type, call, result);
    }

    // semanage does not wait for the disk, and half a store after a power cut is of no use to anybody.
    private void Settle(IHostWriter host, string? type, string[] call, ProcessResult result)
    {
        if (result.ExitCode != 0 || Installed(host) != type)
        {
            throw Failed(call, result);
        }

        _ = Start(host, "/usr/bin/sync", "-f", Rules, "/var/lib/selinux");
    }

    // One at a time, also when its starter is gone: flock(1) holds the lock while it runs, and alone (-o), since what semanage starts may not have it.
    private static ProcessResult Run(IHostWriter host, params string[] arguments) =>
        host.Stat(SecurityContext.SeManage) is { } program && SecurityContext.MayRun(program.Kind, program.Owner, program.Mode)
            ? Start(host, SecurityContext.Flock, ["-o", SecurityContext.SeManage, SecurityContext.SeManage, "fcontext", .. arguments])
            : new ProcessResult(NotFound, "", "it is not there, or others than root may change it");

    private static ProcessResult Start(IHostWriter host, string program, params string[] arguments) =>
        host.RunAsync(new ProcessCall(program, arguments, Limit), CancellationToken.None).GetAwaiter().GetResult();

    private static HostWriteException Failed(string[] call, ProcessResult result)
    {
        var words = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it says nothing";
        return new HostWriteException("run", $"{SecurityContext.SeManage} fcontext {string.Join(' ', call)}", 0, $"exit status {result.ExitCode}: {words}");
    }
}
