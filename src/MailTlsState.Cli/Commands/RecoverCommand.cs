using System.CommandLine;
using System.Text;
using System.Text.Json;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;

namespace MailTlsState.Cli.Commands;

/// <summary><c>recover</c>: ends what an interrupted apply began.</summary>
internal static class RecoverCommand
{
    public static Command Create(CommandRunner run)
    {
        var timeout = LockTimeout.Option();
        var filesOnly = new Option<bool>("--files-only") { Description = "at boot, before the daemons start: put files back, and leave the handshakes to the next run" };
        var deadline = new Option<string?>("--deadline") { Description = "what apply's timer runs: end the run of this id if it hangs, and recover it; do nothing if it has ended", HelpName = "RUN" };
        var command = new Command("recover", "End what an interrupted apply began: the former state comes back and is seen by handshake, or finished work is tidied up.") { timeout, filesOnly, deadline };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var result = parse.GetValue(deadline) is { } late
                ? await EndAsync(context, late, cancellation).ConfigureAwait(false)
                : await RunAsync(context, parse.GetValue(timeout), parse.GetValue(filesOnly), cancellation).ConfigureAwait(false);
            if (context.Format == OutputFormat.Json)
            {
                context.Terminal.Output.WriteLine(Json(result));
            }
            else
            {
                Report(context, result);
                context.Terminal.Output.WriteLine(result.Outcome switch
                {
                    RecoveryOutcome.Nothing => "Nothing to recover.",
                    RecoveryOutcome.Incomplete => "Recovery is incomplete.",
                    _ => "Recovered.",
                });
            }

            return result.Outcome == RecoveryOutcome.Incomplete ? ExitCodes.Incomplete : ExitCodes.Done;
        }));
        return command;
    }

    /// <summary>Recovers under the lock; see <see cref="Recovery.RecoverAsync"/>.</summary>
    /// <exception cref="MailTlsException">Not run by root.</exception>
    public static async Task<RecoveryResult> RunAsync(CommandContext context, TimeSpan lockTimeout, bool filesOnly, CancellationToken cancellation, bool goesOn = false)
    {
        await context.RequireRootAsync(cancellation).ConfigureAwait(false);
        var progress = new TerminalProgress(context.Terminal);
        using var held = await RunLock.TakeAsync(context.Host, context.Writer, context.CommandLine, lockTimeout, progress, cancellation).ConfigureAwait(false);
        return await new Recovery(context.Host, context.Writer, ApplyLimits.Default, Journal.DefaultDirectory).RecoverAsync(progress, filesOnly, goesOn).ConfigureAwait(false);
    }

    private static async Task<RecoveryResult> EndAsync(CommandContext context, string late, CancellationToken cancellation)
    {
        await context.RequireRootAsync(cancellation).ConfigureAwait(false);
        return await new DeadlineRecovery(context.Host, context.Writer, ApplyLimits.Default, Journal.DefaultDirectory)
            .RecoverAsync(late, context.CommandLine, new TerminalProgress(context.Terminal), cancellation).ConfigureAwait(false);
    }

    public static void Report(CommandContext context, RecoveryResult result)
    {
        foreach (var d in result.Diagnostics)
        {
            context.Terminal.Report(d);
        }

        context.Terminal.Log(result.Log);
    }

    private static string Json(RecoveryResult result)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(result.Outcome.ToString()));
            json.WriteString("run", result.Run);
            json.WritePropertyName("diagnostics");
            DiagnosticJson.Write(json, result.Diagnostics);
            ApplyJson.WriteLog(json, result.Log);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
