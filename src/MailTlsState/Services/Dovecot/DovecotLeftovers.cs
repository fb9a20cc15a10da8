using MailTlsState.Diagnostics;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>A line of a 2.3 configuration that 2.4 refuses and that is about TLS.</summary>
/// <param name="File">The file that it stands in.</param>
/// <param name="Setting">The setting as it is.</param>
/// <param name="Statement">What takes its place, or null when it goes.</param>
internal sealed record DovecotLeftover(string File, DovecotSetting Setting, string? Statement);

/// <summary>
/// What an upgrade from 2.3 to 2.4 left behind: the daemon does not start on it, and doveconf says nothing but the first of its errors,
/// so the files are read by our own reader. Lines about TLS are translated; any other is the administrator's to change.
/// </summary>
internal sealed class DovecotLeftovers
{
    private readonly List<DovecotLeftover> _lines;

    private DovecotLeftovers(List<DovecotLeftover> lines, bool found, IReadOnlyList<Diagnostic> diagnostics)
    {
        _lines = lines;
        Found = found;
        Diagnostics = diagnostics;
    }

    /// <summary>True when something of 2.3 is there, be it in our own file.</summary>
    public bool Found { get; }

    /// <summary>An error for each line that the administrator has to change, a note for each that is translated.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }

    /// <summary>The files that have lines to be translated.</summary>
    public IEnumerable<string> Files => _lines.Select(l => l.File).Distinct();

    /// <summary>The lines of a file that are translated.</summary>
    public IEnumerable<DovecotLeftover> In(string file) => _lines.Where(l => l.File == file);

    /// <summary>The text as it will be read, each line under its own number still.</summary>
    public string Translate(string file, string text)
    {
        var edits = In(file).ToDictionary(l => l.Setting.Line);
        if (edits.Count == 0)
        {
            return text;
        }

        var lines = TextLines.Split(text);
        foreach (var (line, leftover) in edits)
        {
            var end = TextLines.TerminatorOf(lines[leftover.Setting.EndLine - 1]);
            lines[line - 1] = leftover.Statement + end;
            for (var more = line + 1; more <= leftover.Setting.EndLine; more++)
            {
                lines[more - 1] = "\n";
            }
        }

        return string.Concat(lines);
    }

    /// <summary>Looks for what 2.4 refuses; a tree of 2.3 has none.</summary>
    /// <param name="tree">The configuration as it is.</param>
    /// <param name="own">Path of our own file, which is written anew anyhow.</param>
    public static DovecotLeftovers Find(DovecotTree tree, string own)
    {
        var lines = new List<DovecotLeftover>();
        var diagnostics = new List<Diagnostic>();
        var found = false;
        if (tree.Grammar != DovecotGrammar.V24)
        {
            return new DovecotLeftovers(lines, found, diagnostics);
        }

        var seen = new HashSet<(string, int)>();
        foreach (var setting in tree.Assignments.Where(a => seen.Add((a.File, a.Line))))
        {
            var at = new SourceLocation(setting.File, setting.Line, 1);
            if (OldTlsSettings.Translation(setting.Setting) is { } translation && (setting.IsGlobal || setting.Path[^1].Kind == "protocol"))
            {
                found = true;
                if (setting.File == own)
                {
                    continue;
                }

                if (translation.Problem is { } problem)
                {
                    diagnostics.Add(DovecotDiagnostics.Leftover(at, setting.Name, problem));
                }
                else
                {
                    lines.Add(new DovecotLeftover(setting.File, setting.Setting, translation.Statement));
                    diagnostics.Add(DovecotDiagnostics.Translated(at, setting.Name, translation.Statement));
                }
            }
            else if (OldSettings.Replacement(setting) is { } replacement)
            {
                found = true;
                diagnostics.Add(DovecotDiagnostics.Leftover(at, setting.Name, replacement));
            }
        }

        foreach (var block in tree.Blocks.Where(b => seen.Add((b.File, -b.Line))))
        {
            if (OldSettings.Replacement(block.Path[^1]) is { } replacement)
            {
                found = true;
                diagnostics.Add(DovecotDiagnostics.Leftover(new SourceLocation(block.File, block.Line, 1), $"{block.Path[^1]} {{", replacement));
            }
        }

        if (found && Version(tree, own) is { } version)
        {
            diagnostics.Insert(0, version);
        }

        return new DovecotLeftovers(lines, found, diagnostics);
    }

    // Which defaults the administrator wants is not ours to say, so the line is asked for and never written or raised.
    private static Diagnostic? Version(DovecotTree tree, string own)
    {
        var first = tree.Assignments.FirstOrDefault(a => a.File != own);
        var at = new SourceLocation(tree.Files[0].File, first?.File == tree.Files[0].File ? first.Line : 1, 1);
        return first?.Name == "dovecot_config_version" && tree.Effective("dovecot_storage_version") is not null ? null : DovecotDiagnostics.NoConfigVersion(at);
    }
}
