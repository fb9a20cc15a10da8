using MailTlsState.Diagnostics;

namespace MailTlsState.Manifests;

/// <summary>Collects what is found in one manifest. A place that one step refused is not judged again by a later one.</summary>
internal sealed class ManifestReport(string file)
{
    private readonly List<Diagnostic> diagnostics = [];
    private readonly HashSet<string> refused = [];

    public string File { get; } = file;

    public bool HasErrors { get; private set; }

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

    public SourceLocation At(int line, int column) => new(File, line, column);

    /// <summary>All that was found, in the order of the text.</summary>
    public IReadOnlyList<Diagnostic> InTextOrder() =>
        [.. diagnostics.OrderBy(d => d.Location?.Line ?? 0).ThenBy(d => d.Location?.Column ?? 0)];
}
