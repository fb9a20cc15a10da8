using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>Collects what is found in one manifest. A place that one step refused is not judged again by a later one.</summary>
internal sealed class ManifestReport(string file)
{
    private readonly List<Diagnostic> diagnostics = [];
    private readonly HashSet<string> refused = [];
    private string[]? lines;

    public string File { get; } = file;

    public bool HasErrors { get; private set; }

    /// <summary>How much was found so far.</summary>
    public int Count => diagnostics.Count;

    /// <summary>Notes <paramref name="diagnostic"/> about the value at <paramref name="path"/>.</summary>
    public void Add(string path, Diagnostic diagnostic)
    {
        if (diagnostic.Severity == Severity.Error)
        {
            if (!refused.Add(path))
            {
                return;
            }

            HasErrors = true;
        }

        diagnostics.Add(diagnostic);
    }

    /// <summary>True when an error was found at exactly this path.</summary>
    public bool IsRefused(string path) => refused.Contains(path);

    /// <summary>Gives the text, so that each place can be held inside it.</summary>
    public string[] Split(string text) => lines = text.ReplaceLineEndings("\n").Split('\n');

    /// <summary>The place, moved to the end of the text when the parser noticed something only behind it.</summary>
    public SourceLocation At(long line, long column)
    {
        if (lines is null)
        {
            return new SourceLocation(File, (int)line, (int)column);
        }

        return line > lines.Length
            ? new SourceLocation(File, lines.Length, lines[^1].Length + 1)
            : new SourceLocation(File, (int)line, (int)Math.Min(column, lines[line - 1].Length + 1));
    }

    /// <summary>All that was found, in the order of the text.</summary>
    public IReadOnlyList<Diagnostic> InTextOrder() =>
        [.. diagnostics.OrderBy(d => d.Location is null || d.Location.File == File ? 0 : 1).ThenBy(d => d.Location?.Line ?? 0).ThenBy(d => d.Location?.Column ?? 0)];
}
