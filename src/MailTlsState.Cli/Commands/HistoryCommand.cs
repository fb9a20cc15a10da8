using System.CommandLine;
using MailTlsState.Cli.Rendering;
using MailTlsState.Execution;
using MailTlsState.Execution.History;

namespace MailTlsState.Cli.Commands;

/// <summary><c>history [ID]</c>: the last applies, or one of them with its diffs.</summary>
internal static class HistoryCommand
{
    public static Command Create(CommandRunner run)
    {
        var id = new Argument<string?>("ID") { Description = "one apply, or the beginning of its id; without it all are listed", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("history", "List the last applies: when, by whom, from which manifest, and what changed; with an ID its diffs.") { id };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            await context.RequireRootAsync(cancellation).ConfigureAwait(false);
            var content = Archive.Read(context.Writer, Journal.DefaultDirectory);
            foreach (var problem in content.Problems.Values)
            {
                context.Terminal.Report(problem);
            }

            var shown = parse.GetValue(id) is { } wanted ? [Archive.Find(content.Applies, wanted)] : content.Applies;
            context.Terminal.Output.Write(context.Format == OutputFormat.Json
                ? HistoryJson.Write(shown)
                : parse.GetValue(id) is null ? HistoryText.Table(shown, context.Terminal.Palette) : HistoryText.Details(shown[0], context.Terminal.Palette));
            return ExitCodes.Done;
        }));
        return command;
    }
}
