using System.CommandLine;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Commands;

/// <summary><c>observe MANIFEST</c>: writes down what planning for a manifest asks of this host, so that a plan can be made elsewhere.</summary>
internal static class ObserveCommand
{
    public static Command Create(CommandRunner run)
    {
        var output = new Option<string>("--output", "-o") { Description = "save the observation to this new file", HelpName = "FILE", Required = true };
        var command = new Command("observe", "Record what plan asks of this host, without secrets, for plan --observation on another machine.") { GlobalOptions.Manifest, output };
        command.SetAction((parse, cancellation) => run(parse, async context =>
        {
            var manifest = context.ReadManifest(parse.GetRequiredValue(GlobalOptions.Manifest));
            var recording = new RecordingHost(context.Host);

            // What keeps a plan from being made is part of the host's state: it is said where the plan is made.
            _ = await PlanMaker.MakeAsync(recording, manifest, null, cancellation).ConfigureAwait(false);
            var file = parse.GetRequiredValue(output);
            context.SaveFile(file, RecordingJson.Write(recording.Recording));
            context.Terminal.Progress($"saved to {file}; make the plan anywhere with: mailtls plan {manifest.Source.File} --observation {file}");
            return ExitCodes.Done;
        }));
        return command;
    }
}
