using System.Text;
using System.Text.Json;
using MailTlsState.Cli.Rendering;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

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

    /// <param name="choice">When colour is used.</param>
    /// <param name="lost">Called when nobody reads the output any more.</param>
    public static Terminal Console(ColorChoice choice, Action? lost = null)
    {
        // One write per result, so that lines of two streams do not mix. Synchronised: a signal is told while a command writes.
        TextWriter Writer(int number) => TextWriter.Synchronized(new StreamWriter(ProcessHardening.WasClosed(number) ? Stream.Null : new StandardStream(number, lost ?? (() => { })), new UTF8Encoding(false), bufferSize: 16384) { AutoFlush = true });
        return new Terminal(
            Writer(1),
            Writer(2),
            System.Console.In,
            !System.Console.IsInputRedirected && !System.Console.IsErrorRedirected,
            new Palette(UsesColour(choice, System.Console.IsOutputRedirected)),
            new Palette(UsesColour(choice, System.Console.IsErrorRedirected))) { SecretReader = ReadHidden };
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

    /// <summary>Lines that daemons logged. Only what is printable reaches the terminal: a client can have its say in a log.</summary>
    public void Log(IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
        {
            Error.WriteLine("the daemons logged meanwhile:");
        }

        foreach (var line in lines)
        {
            Error.WriteLine("  " + PlainText.Of(line));
        }
    }

    public void Progress(string text) => Error.WriteLine(errorPalette.Dim(text));

    /// <summary>Asks for the word <c>yes</c>; null when there is no terminal to ask on.</summary>
    /// <exception cref="OperationCanceledException">Interrupted while it waited.</exception>
    public async Task<bool?> ApproveAsync(string question, CancellationToken cancellation)
    {
        if (!interactive)
        {
            return null;
        }

        // Reading from a terminal cannot be broken off; the thread that reads ends with the process.
        Error.Write(question);
        return (await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false))?.Trim() == "yes";
    }

    /// <summary>Reads a secret without showing it; null when there is no terminal to ask on, or nothing was typed. Tests give their own.</summary>
    public Func<string?>? SecretReader { get; init; }

    /// <summary>Asks for a secret; null when there is no terminal to ask on.</summary>
    /// <exception cref="OperationCanceledException">Interrupted while it waited.</exception>
    public async Task<string?> AskSecretAsync(string question, CancellationToken cancellation)
    {
        if (!interactive || SecretReader is null)
        {
            return null;
        }

        Error.Write(question);
        var typed = await Task.Run(SecretReader, CancellationToken.None).WaitAsync(cancellation).ConfigureAwait(false);
        Error.WriteLine();
        return typed;
    }

    private static string? ReadHidden()
    {
        var typed = new StringBuilder();
        while (true)
        {
            var key = System.Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return typed.Length == 0 ? null : typed.ToString();
                case ConsoleKey.Backspace:
                    typed.Length = Math.Max(0, typed.Length - 1);
                    break;
                default:
                    if (key.KeyChar != '\0')
                    {
                        typed.Append(key.KeyChar);
                    }

                    break;
            }
        }
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
