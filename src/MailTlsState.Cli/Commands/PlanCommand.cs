using System.CommandLine;
using System.Text;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Commands;

/// <summary><c>plan MANIFEST</c>: what apply would do.</summary>
internal static class PlanCommand
{
    public static Option<bool> DetailedExitCode { get; } = new("--detailed-exitcode") { Description = "exit with 2 when the host is not as the manifest says" };

    public static Command Create(CommandRunner run)
    {
        var output = new Option<string?>("--output", "-o") { Description = "save the plan to this new file, for review and for apply", HelpName = "FILE" };
        var observation = new Option<string?>("--observation") { Description = "plan for the host that this file of mailtls observe describes", HelpName = "FILE" };
        var command = new Command("plan", "Print the exact difference between the host and the manifest; nothing is changed.") { GlobalOptions.Manifest, GlobalOptions.Only, GlobalOptions.AcceptNewRoot, output, observation, DetailedExitCode };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var host = parse.GetValue(observation) is { } recorded ? new RecordedHost(RecordingJson.Read(context.ReadFile(recorded))) : context.Host;
            var made = await PlanMaker.MakeAsync(host, manifest, null, cancellation, GlobalOptions.Scope(parse), acceptNewRoot: parse.GetValue(GlobalOptions.AcceptNewRoot)).ConfigureAwait(false);
            var pending = host == context.Host ? PendingJournal.Look(context.Writer, Journal.DefaultDirectory) : null;

            // What is wrong with half a change is no fault of the host's: recovery mends it.
            var plan = made.Planning.Plan ?? throw new MailTlsException(pending is null ? made.Planning.Diagnostics : [pending with { Severity = Severity.Error }]);
            if (pending is not null)
            {
                plan = plan with { Diagnostics = [pending, .. plan.Diagnostics] };
            }

            Print(context, plan);
            if (parse.GetValue(output) is { } file)
            {
                // A plan holds no secret, but the host's settings in detail: root's business.
                context.SaveFile(file, Encoding.UTF8.GetBytes(PlanFile.Write(plan)));
                context.Terminal.Progress($"saved to {file}; review it with: mailtls show {file}; apply it with: mailtls apply {file}");
            }

            return ExitCode(parse, plan);
        }));
        return command;
    }

    public static int ExitCode(ParseResult parse, Plan plan) => parse.GetValue(DetailedExitCode) && plan.IsDrift ? ExitCodes.Changes : ExitCodes.Done;

    public static void Print(CommandContext context, Plan plan)
    {
        if (context.Format == OutputFormat.Json)
        {
            context.Terminal.Output.Write(PlanFile.Write(plan));
            return;
        }

        foreach (var d in plan.Diagnostics)
        {
            context.Terminal.Report(d);
        }

        context.Terminal.Output.Write(PlanText.Render(plan, context.Terminal.Palette));
    }
}
