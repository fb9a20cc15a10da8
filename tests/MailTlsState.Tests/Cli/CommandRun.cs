using MailTlsState.Cli;
using MailTlsState.Cli.Rendering;
using MailTlsState.Hosts;

namespace MailTlsState.Tests.Cli;

/// <summary>One call of the program on a host in memory, and what came of it.</summary>
internal sealed record CommandRun(int Status, string Output, string Error)
{
    /// <summary>Calls it.</summary>
    /// <param name="host">The host.</param>
    /// <param name="typed">What is typed on a terminal; null where there is none.</param>
    /// <param name="arguments">The command line.</param>
    public static async Task<CommandRun> OfAsync(InMemoryHost host, string? typed, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var status = await Program.RunAsync(
            arguments, _ => new Terminal(output, error, new StringReader(typed ?? ""), typed is not null, new Palette(false), new Palette(false)), host, host);
        return new CommandRun(status, output.ToString(), error.ToString());
    }
}
