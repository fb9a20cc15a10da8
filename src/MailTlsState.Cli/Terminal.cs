using System.Text;
using System.Text.Json;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;

namespace MailTlsState.Cli;

/// <summary>How results are written.</summary>
internal enum OutputFormat
{
    Text,
    Json,
}

/// <summary>When colour is used.</summary>
internal enum ColorChoice
{
    Auto,
    Always,
    Never,
}

/// <summary>
/// Everything a command prints: results on standard output, progress and diagnostics on standard error. Commands get it
/// instead of the console, so that tests run them in process.
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter error, TextReader input, bool interactive, Palette outputPalette, Palette errorPalette)
{
    public TextWriter Output { get; } = output;

    public TextWriter Error { get; } = error;

    public Palette Palette { get; } = outputPalette;

    public static Terminal Console(ColorChoice choice)
    {
        // One write per result: a closed pipe then fails once, and lines of two streams do not mix.
        static TextWriter Writer(Stream stream) => new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true };
        return new Terminal(
            Writer(System.Console.OpenStandardOutput()),
            Writer(System.Console.OpenStandardError()),
            System.Console.In,
            !System.Console.IsInputRedirected && !System.Console.IsErrorRedirected,
            new Palette(UsesColour(choice, System.Console.IsOutputRedirected)),
            new Palette(UsesColour(choice, System.Console.IsErrorRedirected)));
    }

    /// <summary>Prints diagnostics, or puts them on standard output as JSON when the format says so.</summary>
    public void Report(IReadOnlyList<Diagnostic> diagnostics, OutputFormat format)
    {
        if (format == OutputFormat.Json)
        {
            Output.WriteLine(DiagnosticArray(diagnostics));
            return;
        }

        foreach (var d in diagnostics)
        {
            Report(d);
        }
    }

    public void Report(Diagnostic d)
    {
        var text = d.ToString();
        var mark = $"{d.Severity.ToString().ToLowerInvariant()} {d.Code.Id}:";
        Error.WriteLine(text.Replace(mark, errorPalette.Of(d.Severity, mark), StringComparison.Ordinal));
    }

    public void Progress(string text) => Error.WriteLine(errorPalette.Dim(text));

    /// <summary>Asks for the word <c>yes</c>; null when there is no terminal to ask on.</summary>
    public bool? Approve(string question)
    {
        if (!interactive)
        {
            return null;
        }

        Error.Write(question);
        return input.ReadLine()?.Trim() == "yes";
    }

    private static string DiagnosticArray(IReadOnlyList<Diagnostic> diagnostics)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            DiagnosticJson.Write(json, diagnostics);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static bool UsesColour(ColorChoice choice, bool redirected) => choice switch
    {
        ColorChoice.Always => true,
        ColorChoice.Never => false,
        _ => !redirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"),
    };
}
