using System.CommandLine;
using System.Text;
using System.Text.Json;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Cli.Commands;

/// <summary><c>explain CODE</c>, <c>explain SETTING</c>, <c>explain policy NAME</c>: what it means, what it costs, and what to do.</summary>
internal static class ExplainCommand
{
    public static Command Create(CommandRunner run)
    {
        var words = new Argument<string[]>("CODE|SETTING|policy NAME")
        {
            Description = "for example MTS0301, certificate.layout, or policy intermediate",
            Arity = new ArgumentArity(1, 2),
        };
        var command = new Command("explain", "Explain a diagnostic code, a setting of the manifest, or a policy.") { words };
        command.SetAction(parse => run(parse, context =>
        {
            switch (parse.GetRequiredValue(words))
            {
                case ["policy", var name]:
                    var policy = PolicyCommand.Find(context, name);
                    context.Terminal.Output.Write(context.Format == OutputFormat.Json ? PolicyText.Json(policy) : PolicyText.Explain(policy, context.Terminal.Palette));
                    break;
                case [var word] when word.StartsWith("MTS", StringComparison.OrdinalIgnoreCase):
                    Code(context, word);
                    break;
                case [var word]:
                    Setting(context, word);
                    break;
                case var other:
                    throw new MailTlsException(CommandDiagnostics.UnknownSubject("setting", string.Join(' ', other), other[0] == "policy" ? null : "policy " + other[^1]));
            }

            return Task.FromResult(ExitCodes.Done);
        }));
        return command;
    }

    private static void Code(CommandContext context, string id)
    {
        var found = DiagnosticCatalogue.Find(id) ?? throw new MailTlsException(CommandDiagnostics.UnknownCode(id));
        if (context.Format == OutputFormat.Json)
        {
            context.Terminal.Output.WriteLine(Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("code", found.Id);
                json.WriteString("title", found.Title);
                json.WriteString("explanation", found.Explanation);
                json.WriteEndObject();
            }));
            return;
        }

        context.Terminal.Output.WriteLine(context.Terminal.Palette.Bold($"{found.Id}: {found.Title}"));
        context.Terminal.Output.WriteLine();
        context.Terminal.Output.WriteLine(PlainText.Wrap(found.Explanation));
    }

    private static void Setting(CommandContext context, string word)
    {
        var found = ManifestSettings.Find(word);
        if (found.Count == 0)
        {
            throw new MailTlsException(CommandDiagnostics.UnknownSubject("setting", word, ManifestSettings.NearestTo(word)));
        }

        if (context.Format == OutputFormat.Json)
        {
            context.Terminal.Output.WriteLine(Json(json =>
            {
                json.WriteStartArray();
                foreach (var setting in found)
                {
                    WriteSetting(json, setting);
                }

                json.WriteEndArray();
            }));
            return;
        }

        foreach (var setting in found)
        {
            var palette = context.Terminal.Palette;
            context.Terminal.Output.WriteLine(palette.Bold($"{setting.Path}: {setting.Title}"));
            context.Terminal.Output.WriteLine(PlainText.Wrap(setting.Description));
            Line(context, "value", setting.Type);
            Line(context, "default", setting.Default ?? (setting.Required ? "none: it has to be there" : null));
            Line(context, "example", setting.Example);
            Line(context, "keys", setting.Keys.Count == 0 ? null : string.Join(", ", setting.Keys));
            if (!ReferenceEquals(setting, found[^1]))
            {
                context.Terminal.Output.WriteLine();
            }
        }
    }

    private static void Line(CommandContext context, string title, string? value)
    {
        if (value is not null)
        {
            context.Terminal.Output.WriteLine($"  {title.PadRight(9)}{PlainText.Wrap(value, 11, 11)}");
        }
    }

    private static void WriteSetting(Utf8JsonWriter json, ManifestSetting setting)
    {
        json.WriteStartObject();
        json.WriteString("path", setting.Path);
        json.WriteString("title", setting.Title);
        json.WriteString("description", setting.Description);
        json.WriteString("value", setting.Type);
        json.WriteString("default", setting.Default);
        json.WriteString("example", setting.Example);
        json.WriteBoolean("required", setting.Required);
        json.WriteStartArray("keys");
        foreach (var key in setting.Keys)
        {
            json.WriteStringValue(key);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
