using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Planning;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Commands;

/// <summary>From a plan to its end: shown, approved, carried out, reported. The same for every command that changes the host.</summary>
internal static class ApplyFlow
{
    /// <summary>Returns the exit status.</summary>
    /// <param name="context">The command's context.</param>
    /// <param name="source">Where the plan came from.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="approved">True when nobody is to be asked.</param>
    /// <param name="limits">Its time limits, and what counts as proof.</param>
    /// <param name="lockTimeout">How long to wait for another run.</param>
    /// <param name="done">How the last line begins, for example <c>Apply complete</c>.</param>
    /// <param name="verified">What every listener is then said to serve.</param>
    /// <param name="cancellation">Obeyed until the commit.</param>
    public static async Task<int> RunAsync(
        CommandContext context, PlanSource source, Plan plan, bool approved, ApplyLimits limits, TimeSpan lockTimeout, string done, string verified, CancellationToken cancellation)
    {
        if (context.Format == OutputFormat.Text)
        {
            PlanCommand.Print(context, plan);
        }

        if (!plan.IsEmpty && !approved)
        {
            var answer = await context.Terminal.ApproveAsync("Make these changes? Only yes is taken as approval: ", cancellation).ConfigureAwait(false);
            if (answer != true)
            {
                throw new MailTlsException(CommandDiagnostics.NotApproved(asked: answer is not null));
            }
        }

        var invocation = await Invoker.OfAsync(context, cancellation).ConfigureAwait(false);
        var result = await Executor(context, limits).ApplyAsync(source, plan, invocation, lockTimeout, cancellation).ConfigureAwait(false);
        return Report(context, plan, result, done, verified);
    }

    /// <summary>The same with an approval given beforehand: nobody has to read the plan before it is carried out, so the host needs to be observed once only.</summary>
    public static async Task<int> RunAtOnceAsync(
        CommandContext context, PlanSource source, ApplyLimits limits, TimeSpan lockTimeout, string done, string verified, CancellationToken cancellation)
    {
        Plan? plan = null;
        var invocation = await Invoker.OfAsync(context, cancellation).ConfigureAwait(false);
        var result = await Executor(context, limits).ApplyAsync(source, Show, invocation, lockTimeout, cancellation).ConfigureAwait(false);
        return Report(context, plan, result, done, verified);

        void Show(Plan made)
        {
            plan = made;
            if (context.Format == OutputFormat.Text)
            {
                PlanCommand.Print(context, made);
            }
        }
    }

    /// <summary>Ends what an interrupted run left. A plan made from half of a change would be stale as soon as the executor had recovered.</summary>
    /// <returns>False when something is left.</returns>
    public static async Task<bool> RecoverFirstAsync(CommandContext context, TimeSpan lockTimeout, CancellationToken cancellation)
    {
        if (PendingJournal.Look(context.Writer, Journal.DefaultDirectory) is null)
        {
            return true;
        }

        var recovered = await RecoverCommand.RunAsync(context, lockTimeout, filesOnly: false, cancellation, goesOn: true).ConfigureAwait(false);
        RecoverCommand.Report(context, recovered);
        return recovered.Outcome != RecoveryOutcome.Incomplete;
    }

    private static Executor Executor(CommandContext context, ApplyLimits limits) =>
        new(context.Host, context.Writer, new TerminalProgress(context.Terminal), limits, Journal.DefaultDirectory);

    private static int Report(CommandContext context, Plan? plan, ApplyResult result, string done, string verified)
    {
        if (context.Format == OutputFormat.Json)
        {
            context.Terminal.Output.WriteLine(ApplyJson.Write(plan, result));
        }
        else
        {
            foreach (var d in result.Diagnostics)
            {
                context.Terminal.Report(d);
            }

            context.Terminal.Log(result.Log);
            if (result.Outcome == ApplyOutcome.Applied)
            {
                context.Terminal.Output.Write(FindingsText.Render(result.Report!, context.Terminal.Palette, verified));
                context.Terminal.Output.WriteLine(context.Terminal.Palette.Bold(
                    $"{done}: {plan!.Changes.Count} {(plan.Changes.Count == 1 ? "change" : "changes")} made; {Good(result.Report!)} listeners verified by handshake."));
            }
        }

        return result.Outcome switch
        {
            ApplyOutcome.NoChanges => ExitCodes.Done,
            ApplyOutcome.Applied => ExitCodes.Done,
            ApplyOutcome.Untouched => ExitCodes.Error,
            ApplyOutcome.RolledBack => ExitCodes.RolledBack,
            _ => ExitCodes.Incomplete,
        };
    }

    // A fault that was there before does not undo an apply, but nobody may be told that it is gone.
    private static string Good(VerificationReport report)
    {
        var all = report.Endpoints.Count;
        return report.HasFailures ? $"{all - report.Failing} of {all}" : $"{all}";
    }
}
