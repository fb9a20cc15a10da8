using System.CommandLine;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Cli.Commands;

/// <summary><c>validate MANIFEST</c>: every error of a manifest at once; looks at no host.</summary>
internal static class ValidateCommand
{
    public static Command Create(CommandRunner run)
    {
        var command = new Command("validate", "Check a manifest and list every error; no host is looked at.") { GlobalOptions.Manifest };
        command.SetAction(parse => run(parse, context =>
        {
            var path = parse.GetRequiredValue(GlobalOptions.Manifest);
            var read = ManifestReader.Read(path, context.ReadFile(path), context.NamedFiles(path));
            if (context.Format == OutputFormat.Json)
            {
                context.Terminal.Report(read.Diagnostics, OutputFormat.Json);
            }
            else
            {
                context.Terminal.Report(read.Diagnostics, OutputFormat.Text);
                if (read.Manifest is not null)
                {
                    context.Terminal.Output.WriteLine($"{path} is a valid manifest for {read.Manifest.Host}.");
                }
            }

            return Task.FromResult(read.Diagnostics.Any(d => d.Severity == Severity.Error) ? ExitCodes.Error : ExitCodes.Done);
        }));
        return command;
    }
}
