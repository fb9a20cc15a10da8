using System.CommandLine;
using System.Text;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Commands;

/// <summary><c>apply MANIFEST|PLAN</c>: makes the changes, all or nothing.</summary>
internal static class ApplyCommand
{
    public static Command Create(CommandRunner run)
    {
        var source = new Argument<string>("MANIFEST|PLAN") { Description = "the manifest, or a plan saved with plan -o" };
        var approve = new Option<bool>("--auto-approve") { Description = "do not ask for the word yes" };
        var expected = new Option<string?>("--manifest") { Description = "with a saved plan: demand that it was made from this manifest", HelpName = "FILE" };
        var timeout = LockTimeout.Option();
        var deadline = new Option<TimeSpan?>("--deadline")
        {
            Description = "under systemd: recover by a timer, should this apply not have ended so long after its commit; longer on slow hosts",
            HelpName = "DURATION",
            CustomParser = r => LockTimeout.Parse(r, "--deadline"),
        };
        var command = new Command("apply", "Make the changes of the plan, all or nothing, and see them served on every endpoint.") { source, approve, expected, timeout, deadline };
        command.SetAction((parse, cancellation) => run(parse, context =>
            ApplyAsync(context, parse.GetRequiredValue(source), parse.GetValue(approve), parse.GetValue(expected), parse.GetValue(timeout), parse.GetValue(deadline), cancellation)));
        return command;
    }

    private static async Task<int> ApplyAsync(CommandContext context, string source, bool approved, string? expected, TimeSpan lockTimeout, TimeSpan? deadline, CancellationToken cancellation)
    {
        await context.RequireRootAsync(cancellation).ConfigureAwait(false);
        var bytes = context.ReadFile(source);
        var text = Encoding.UTF8.GetString(bytes);
        Plan plan;
        Manifest manifest;
        if (PlanFile.LooksLikePlan(text))
        {
            plan = PlanFile.Read(source, text);
            manifest = context.ParseManifest(plan.ManifestFile, Encoding.UTF8.GetBytes(plan.ManifestText));
            DemandManifest(context, plan, manifest, expected);
        }
        else
        {
            manifest = context.ParseManifest(source, bytes);
            if (approved)
            {
                return await ApplyAtOnceAsync(context, manifest, lockTimeout, deadline, cancellation).ConfigureAwait(false);
            }

            if (!await RecoverFirstAsync(context, lockTimeout, cancellation).ConfigureAwait(false))
            {
                return ExitCodes.Incomplete;
            }

            context.Terminal.Progress("observing the host");
            var made = await PlanMaker.MakeAsync(context.Host, manifest, null, cancellation).ConfigureAwait(false);
            plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
        }

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

        var result = await Executor(context, deadline).ApplyAsync(manifest, plan, context.CommandLine, lockTimeout, cancellation).ConfigureAwait(false);
        return Report(context, plan, result);
    }

    // Nobody has to read the plan before it is carried out, so the host needs to be observed once only.
    private static async Task<int> ApplyAtOnceAsync(CommandContext context, Manifest manifest, TimeSpan lockTimeout, TimeSpan? deadline, CancellationToken cancellation)
    {
        Plan? plan = null;
        var result = await Executor(context, deadline).ApplyAsync(manifest, Show, context.CommandLine, lockTimeout, cancellation).ConfigureAwait(false);
        return Report(context, plan, result);

        void Show(Plan made)
        {
            plan = made;
            if (context.Format == OutputFormat.Text)
            {
                PlanCommand.Print(context, made);
            }
        }
    }

    private static Executor Executor(CommandContext context, TimeSpan? deadline) =>
        new(context.Host, context.Writer, new TerminalProgress(context.Terminal), ApplyLimits.Default with { Deadline = deadline }, Journal.DefaultDirectory);

    // A plan made from half of a change would be stale as soon as the executor had recovered.
    private static async Task<bool> RecoverFirstAsync(CommandContext context, TimeSpan lockTimeout, CancellationToken cancellation)
    {
        if (PendingJournal.Look(context.Writer, Journal.DefaultDirectory) is null)
        {
            return true;
        }

        var recovered = await RecoverCommand.RunAsync(context, lockTimeout, filesOnly: false, cancellation).ConfigureAwait(false);
        RecoverCommand.Report(context, recovered);
        return recovered.Outcome != RecoveryOutcome.Incomplete;
    }

    private static void DemandManifest(CommandContext context, Plan plan, Manifest manifest, string? expected)
    {
        // The text in the file is what counts; a digest beside it that says otherwise means that somebody edited one of them.
        if (manifest.Source.Digest != plan.ManifestDigest)
        {
            throw new PlanStaleException(["the manifest in the plan file is not the one that the plan was made from"]);
        }

        if (expected is not null && context.ReadManifest(expected).Source.Digest is var digest && digest != plan.ManifestDigest)
        {
            throw new PlanStaleException([$"the plan was made from another manifest than {expected}: {plan.ManifestDigest} → {digest}"]);
        }
    }

    private static int Report(CommandContext context, Plan? plan, ApplyResult result)
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
                context.Terminal.Output.Write(FindingsText.Render(result.Report!, context.Terminal.Palette));
                context.Terminal.Output.WriteLine(context.Terminal.Palette.Bold(
                    $"Apply complete: {plan!.Changes.Count} {(plan.Changes.Count == 1 ? "change" : "changes")} made; {Verified(result.Report!)} listeners verified by handshake."));
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
    private static string Verified(VerificationReport report)
    {
        var all = report.Endpoints.Count;
        return report.HasFailures ? $"{all - report.Failing} of {all}" : $"{all}";
    }
}
