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
    private static async Task<int> Main(string[] arguments)
    {
        ProcessHardening.Apply();
        ProbeSetup.Initialize();
        using var interruption = new Interruption();
        interruption.Listen();
        var host = new LinuxHost();
        return await RunAsync(arguments, choice => Terminal.Console(choice, interruption.Ask), host, host, interruption).ConfigureAwait(false);
    }

    /// <summary>Runs one command line; tests give their own terminal and host.</summary>
    internal static async Task<int> RunAsync(string[] arguments, Func<ColorChoice, Terminal> terminals, IHost host, IHostWriter writer, Interruption? interruption = null)
    {
        var root = Root((parse, run) => GuardAsync(
            parse, Told(terminals(parse.GetValue(GlobalOptions.Color)), interruption), terminal => run(new CommandContext(
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

        // Signals are ours: the library's own handler ends the process when its time is up, whatever it is doing.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        var status = await parsed.InvokeAsync(invocation, interruption?.Token ?? CancellationToken.None).ConfigureAwait(false);

        // Whoever interrupted it learns from the report how it ended; only what has to be mended is more important.
        return interruption is { Requested: true } && status != ExitCodes.Incomplete ? ExitCodes.Interrupted : status;
    }

    private static Terminal Told(Terminal terminal, Interruption? interruption)
    {
        if (interruption is not null)
        {
            interruption.Told = signal => terminal.Progress($"{signal}: what has begun is finished or rolled back first");
        }

        return terminal;
    }

    private static RootCommand Root(CommandRunner run)
    {
        var root = new RootCommand("Brings a Linux mail host's TLS to the state of a manifest, all or nothing, and proves it by handshake.")
        {
            PlanCommand.Create(run),
            ObserveCommand.Create(run),
            ApplyCommand.Create(run),
            CsrCommand.Create(run),
            ImportCommand.Create(run),
            VerifyCommand.Create(run),
            RecoverCommand.Create(run),
            RollbackCommand.Create(run),
            HistoryCommand.Create(run),
            ShowCommand.Create(run),
            ValidateCommand.Create(run),
            InitCommand.Create(run),
            PolicyCommand.Create(run),
            CaCommand.Create(run),
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
