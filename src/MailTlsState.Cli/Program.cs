using System.CommandLine;
using MailTlsState.Cli.Commands;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Hosts;
using MailTlsState.Probing;

namespace MailTlsState.Cli;

/// <summary>The entry point: parses the command line, runs one command and maps what ends it to an exit status.</summary>
internal static class Program
{
    // After a signal apply finishes or rolls back what it has begun; nothing waits for longer than this.
    private static readonly TimeSpan FinishLimit = TimeSpan.FromMinutes(10);

    private static async Task<int> Main(string[] arguments)
    {
        ProbeSetup.Initialize();
        ProcessHardening.Apply();
        var host = new LinuxHost();
        return await RunAsync(arguments, choice => Terminal.Console(choice), host, host).ConfigureAwait(false);
    }

    /// <summary>Runs one command line; tests give their own terminal and host.</summary>
    internal static async Task<int> RunAsync(string[] arguments, Func<ColorChoice, Terminal> terminals, IHost host, IHostWriter writer)
    {
        var root = Root((parse, run) => GuardAsync(
            parse, terminals(parse.GetValue(GlobalOptions.Color)), terminal => run(new CommandContext(
                host, writer, terminal, parse.GetValue(GlobalOptions.Format), string.Join(' ', ["mailtls", .. arguments])))));
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            var terminal = terminals(ColorChoice.Auto);
            foreach (var error in parsed.Errors)
            {
                terminal.Error.WriteLine($"mailtls: {error.Message}");
            }

            terminal.Error.WriteLine("hint: mailtls --help, or mailtls COMMAND --help");
            return ExitCodes.Usage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = FinishLimit }).ConfigureAwait(false);
    }

    private static RootCommand Root(CommandRunner run)
    {
        var root = new RootCommand("Brings a Linux mail host's TLS to the state of a manifest, all or nothing, and proves it by handshake.")
        {
            PlanCommand.Create(run),
            ObserveCommand.Create(run),
            ApplyCommand.Create(run),
            VerifyCommand.Create(run),
            RecoverCommand.Create(run),
            ShowCommand.Create(run),
            ValidateCommand.Create(run),
            SchemaCommand.Create(run),
            ExplainCommand.Create(run),
        };
        root.Options.Add(GlobalOptions.Format);
        root.Options.Add(GlobalOptions.Color);
        return root;
    }

    private static async Task<int> GuardAsync(ParseResult parse, Terminal terminal, Func<Terminal, Task<int>> run)
    {
        var format = parse.GetValue(GlobalOptions.Format);
        try
        {
            return await run(terminal).ConfigureAwait(false);
        }
        catch (MailTlsException e)
        {
            terminal.Report(e.Diagnostics, format);
            return ExitCodes.Error;
        }
        catch (PlanStaleException e)
        {
            terminal.Report([.. e.Moved.Select(ExecutionDiagnostics.Stale)], format);
            return ExitCodes.Stale;
        }
        catch (LockHeldException e)
        {
            terminal.Report([ExecutionDiagnostics.Locked(e.Message)], format);
            return ExitCodes.Locked;
        }
        catch (HostWriteException e)
        {
            terminal.Report([ExecutionDiagnostics.WriteFailed(e)], format);
            return ExitCodes.Error;
        }
        catch (OperationCanceledException)
        {
            terminal.Report([CommandDiagnostics.Interrupted()], format);
            return ExitCodes.Interrupted;
        }
        catch (Exception e)
        {
            terminal.Report([CommandDiagnostics.Unexpected(e)], format);
            return ExitCodes.Error;
        }
    }
}

/// <summary>Runs a command's body with its context, and turns what it throws into an exit status.</summary>
internal delegate Task<int> CommandRunner(ParseResult parse, Func<CommandContext, Task<int>> body);
