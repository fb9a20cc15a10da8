using System.CommandLine;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Planning.Init;

namespace MailTlsState.Cli.Commands;

/// <summary><c>init</c>: a commented manifest from a running host.</summary>
internal static class InitCommand
{
    private const int PublicFile = 0x1A4; // 0644: a manifest holds no secret and is made to be reviewed
    private const int Caller = -1; // chown(2): leave it as it is

    public static Command Create(CommandRunner run)
    {
        var output = new Option<string?>("--output", "-o") { Description = "write to this new file instead of standard output", HelpName = "FILE" };
        var name = new Option<string?>("--host") { Description = "the fully qualified name that clients type; default: what Postfix or the kernel says", HelpName = "NAME" };
        var command = new Command("init", "Read this host and write a commented manifest that keeps what is good; nothing is changed.") { output, name };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var made = await HostInit.MakeAsync(context.Host, parse.GetValue(name), cancellation).ConfigureAwait(false);
            foreach (var finding in made.Findings)
            {
                context.Terminal.Report(finding);
            }

            if (parse.GetValue(output) is not { } file)
            {
                context.Terminal.Output.Write(made.Text);
                return ExitCodes.Done;
            }

            try
            {
                context.Writer.CreateFile(CommandContext.FullPath(file), Encoding.UTF8.GetBytes(made.Text), Caller, Caller, PublicFile);
            }
            catch (HostWriteException e)
            {
                throw new MailTlsException(CommandDiagnostics.OutputFailed(file, e.Message));
            }

            context.Terminal.Progress($"written to {file}; read it, then: mailtls plan {file}");
            return ExitCodes.Done;
        }));
        return command;
    }
}
