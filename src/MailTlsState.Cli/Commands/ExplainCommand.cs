using System.CommandLine;
using System.Text;
using System.Text.Json;
using MailTlsState.Diagnostics;

namespace MailTlsState.Cli.Commands;

/// <summary><c>explain CODE</c>: what a diagnostic means, what it costs, and what to do.</summary>
internal static class ExplainCommand
{
    private const int Width = 100;

    public static Command Create(CommandRunner run)
    {
        var code = new Argument<string>("CODE") { Description = "for example MTS0301" };
        var command = new Command("explain", "Explain a diagnostic code: what it means, why it matters, what to do.") { code };
        command.SetAction(parse => run(parse, context =>
        {
            var id = parse.GetRequiredValue(code);
            var found = DiagnosticCatalogue.Find(id) ?? throw new MailTlsException(CommandDiagnostics.UnknownCode(id));
            if (context.Format == OutputFormat.Json)
            {
                context.Terminal.Output.WriteLine(Json(found));
            }
            else
            {
                context.Terminal.Output.WriteLine(context.Terminal.Palette.Bold($"{found.Id}: {found.Title}"));
                context.Terminal.Output.WriteLine();
                context.Terminal.Output.WriteLine(Wrap(found.Explanation));
            }

            return Task.FromResult(ExitCodes.Done);
        }));
        return command;
    }

    private static string Json(DiagnosticCode code)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("code", code.Id);
            json.WriteString("title", code.Title);
            json.WriteString("explanation", code.Explanation);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static string Wrap(string text)
    {
        var result = new StringBuilder();
        var length = 0;
        foreach (var word in text.Split(' '))
        {
            if (length > 0 && length + 1 + word.Length > Width)
            {
                result.Append('\n');
                length = 0;
            }
            else if (length > 0)
            {
                result.Append(' ');
                length++;
            }

            result.Append(word);
            length += word.Length;
        }

        return result.ToString();
    }
}
