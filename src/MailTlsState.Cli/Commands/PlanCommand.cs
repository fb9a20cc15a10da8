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
    public static Option<bool> DetailedExitCode { get; } = new("--detailed-exitcode") { Description = "exit with 2 when there are changes" };

    private const int PrivateFile = 0x180; // 0600
    private const int Caller = -1; // chown(2): leave it as it is

    public static Command Create(CommandRunner run)
    {
        var output = new Option<string?>("--output", "-o") { Description = "save the plan to this new file, for review and for apply", HelpName = "FILE" };
        var command = new Command("plan", "Print the exact difference between the host and the manifest; nothing is changed.") { GlobalOptions.Manifest, output, DetailedExitCode };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var made = await PlanMaker.MakeAsync(context.Host, manifest, null, cancellation).ConfigureAwait(false);
            var plan = made.Planning.Plan ?? throw new MailTlsException(made.Planning.Diagnostics);
            if (PendingJournal.Look(context.Writer, Journal.DefaultDirectory) is { } pending)
            {
                plan = plan with { Diagnostics = [pending, .. plan.Diagnostics] };
            }

            Print(context, plan);
            if (parse.GetValue(output) is { } file)
            {
                Save(context, plan, file);
            }

            return ExitCode(parse, plan);
        }));
        return command;
    }

    public static int ExitCode(ParseResult parse, Plan plan) => parse.GetValue(DetailedExitCode) && !plan.IsEmpty ? ExitCodes.Changes : ExitCodes.Done;

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

    // A plan holds no secret, but the host's settings in detail: root's business.
    private static void Save(CommandContext context, Plan plan, string file)
    {
        try
        {
            context.Writer.CreateFile(CommandContext.FullPath(file), Encoding.UTF8.GetBytes(PlanFile.Write(plan)), Caller, Caller, PrivateFile);
        }
        catch (HostWriteException e)
        {
            throw new MailTlsException(CommandDiagnostics.OutputFailed(file, e.Message));
        }

        context.Terminal.Progress($"saved to {file}; review it with: mailtls show {file}; apply it with: mailtls apply {file}");
    }
}
