using System.CommandLine;
using System.Text;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Commands;

/// <summary><c>show PLAN</c>: a saved plan, on any machine.</summary>
internal static class ShowCommand
{
    public static Command Create(CommandRunner run)
    {
        var file = new Argument<string>("PLAN") { Description = "a plan saved with plan -o" };
        var command = new Command("show", "Print a saved plan; it need not fit this host.") { file, PlanCommand.DetailedExitCode };
        command.SetAction(parse => run(parse, context =>
        {
            var path = parse.GetRequiredValue(file);
            var plan = PlanFile.Read(path, Encoding.UTF8.GetString(context.ReadFile(path)));
            PlanCommand.Print(context, plan);
            return Task.FromResult(PlanCommand.ExitCode(parse, plan));
        }));
        return command;
    }
}
