using System.CommandLine;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Policies;

namespace MailTlsState.Cli.Commands;

/// <summary><c>policy</c>: the policies that there are; <c>policy diff A B</c>: how two of them differ.</summary>
internal static class PolicyCommand
{
    public static Command Create(CommandRunner run)
    {
        var first = new Argument<string>("A") { Description = "name of a policy, or a policy file" };
        var second = new Argument<string>("B") { Description = "name of a policy, or a policy file" };
        var diff = new Command("diff", "Compare two policies field by field.") { first, second };
        diff.SetAction(parse => run(parse, context =>
        {
            var (a, b) = (Find(context, parse.GetRequiredValue(first)), Find(context, parse.GetRequiredValue(second)));
            context.Terminal.Output.Write(context.Format == OutputFormat.Json ? PolicyText.DifferenceJson(a, b) : PolicyText.Difference(a, b, context.Terminal.Palette));
            return Task.FromResult(ExitCodes.Done);
        }));
        var command = new Command("policy", "List the TLS policies with their sources; mailtls explain policy NAME shows one.") { diff };
        command.SetAction(parse => run(parse, context =>
        {
            context.Terminal.Output.Write(context.Format == OutputFormat.Json ? PolicyText.Json(PolicyCatalogue.All) : PolicyText.List(PolicyCatalogue.All, context.Terminal.Palette));
            return Task.FromResult(ExitCodes.Done);
        }));
        return command;
    }

    /// <summary>A policy by its name in the catalogue, or from a file where the word is a path (it has a slash or an ending of one).</summary>
    /// <exception cref="MailTlsException">There is none, or the file has errors.</exception>
    public static TlsPolicy Find(CommandContext context, string word)
    {
        if (PolicyCatalogue.Find(word) is { } found)
        {
            return found;
        }

        if (!word.Contains('/', StringComparison.Ordinal) && !word.EndsWith(".yaml", StringComparison.Ordinal) && !word.EndsWith(".yml", StringComparison.Ordinal) && !word.EndsWith(".json", StringComparison.Ordinal))
        {
            throw new MailTlsException(CommandDiagnostics.UnknownSubject("policy", word, PolicyCatalogue.NearestTo(word)));
        }

        var read = PolicyFileReader.Read(word, context.ReadFile(word));
        return read.Policy ?? throw new MailTlsException(read.Diagnostics);
    }
}
