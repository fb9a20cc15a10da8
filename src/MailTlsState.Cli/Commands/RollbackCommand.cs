using System.CommandLine;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Execution.Reversal;

namespace MailTlsState.Cli.Commands;

/// <summary><c>rollback [ID]</c>: takes an apply of the past back, all or nothing.</summary>
internal static class RollbackCommand
{
    public static Command Create(CommandRunner run)
    {
        var id = new Argument<string?>("ID") { Description = "the apply, or the beginning of its id; without it the last one that changed files", Arity = ArgumentArity.ZeroOrOne };
        var approve = new Option<bool>("--auto-approve") { Description = "do not ask for the word yes" };
        var keep = new Option<bool>("--keep-certificate") { Description = "take back settings and modes; the present key and certificate stay" };
        var timeout = LockTimeout.Option();
        var command = new Command("rollback", "Take an apply of the past back by its diffs, all or nothing, and see on every endpoint what was served before.") { id, approve, keep, timeout };
        command.SetAction((parse, cancellation) => run(parse, context =>
            RollBackAsync(context, parse.GetValue(id), parse.GetValue(keep), parse.GetValue(approve), parse.GetValue(timeout), cancellation)));
        return command;
    }

    private static async Task<int> RollBackAsync(CommandContext context, string? id, bool keepCertificate, bool approved, TimeSpan lockTimeout, CancellationToken cancellation)
    {
        await context.RequireRootAsync(cancellation).ConfigureAwait(false);
        if (!await ApplyFlow.RecoverFirstAsync(context, lockTimeout, cancellation).ConfigureAwait(false))
        {
            return ExitCodes.Incomplete;
        }

        var source = RollbackPlanSource.Open(context.Writer, Journal.DefaultDirectory, id, keepCertificate);
        var entry = source.Apply.Entry;
        context.Terminal.Progress(entry.Record!.RollsBack is { } former
            ? $"rolling back {entry.Id}, itself the roll-back of {former}"
            : $"rolling back {entry.Id} ({entry.Command})");
        var made = await source.MakeAsync(context.Host, null, cancellation).ConfigureAwait(false);
        var plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
        return await ApplyFlow.RunAsync(
            context, source, plan, approved, ApplyLimits.Default, lockTimeout, $"Rolled back {entry.Id}", $"what they served before {entry.Id}", cancellation).ConfigureAwait(false);
    }
}
