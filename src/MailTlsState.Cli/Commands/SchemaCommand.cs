using System.CommandLine;
using MailTlsState.Manifests;

namespace MailTlsState.Cli.Commands;

/// <summary><c>schema</c>: the JSON schemas of what MailTlsState reads and writes.</summary>
internal static class SchemaCommand
{
    public static Command Create(CommandRunner run)
    {
        var name = new Argument<string>("NAME")
        {
            Description = "manifest (default), policy, plan or findings",
            DefaultValueFactory = _ => "manifest",
        };
        name.AcceptOnlyFromAmong("manifest", "policy", "plan", "findings");
        var command = new Command("schema", "Print a JSON schema; editors that know YAML use the manifest's.") { name };
        command.SetAction(parse => run(parse, context =>
        {
            context.Terminal.Output.Write(Schemas.Get($"{parse.GetRequiredValue(name)}.v1.schema.json"));
            return Task.FromResult(ExitCodes.Done);
        }));
        return command;
    }
}
