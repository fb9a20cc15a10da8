using System.Globalization;
using System.Text.RegularExpressions;
using MailTlsState.Diagnostics;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>What keeps Dovecot from reading its configuration: by our own reader, and by doveconf's words. Pure.</summary>
internal static class DovecotFaults
{
    // "Error in configuration file /f line 3: …", and "…: Missing '}' (section started at /f:3)".
    private static readonly Regex Named = new(@"(?: file (?<file>/\S+) line |started at (?<file>/\S+):)(?<line>[0-9]{1,9})\b", RegexOptions.CultureInvariant);

    /// <summary>The errors.</summary>
    /// <param name="tree">The configuration as it is.</param>
    /// <param name="texts">Its files.</param>
    /// <param name="error">What doveconf said.</param>
    public static IEnumerable<Diagnostic> Of(DovecotTree tree, IReadOnlyDictionary<string, string> texts, string error)
    {
        if (!texts.ContainsKey(DovecotService.MainFile))
        {
            yield return DovecotDiagnostics.Missing(DovecotService.MainFile);
        }
        else
        {
            foreach (var problem in tree.Problems)
            {
                yield return DovecotDiagnostics.Unreadable(new SourceLocation(problem.File, problem.Line, 1), problem.Problem);
            }
        }

        // Warnings come before what it ends with.
        var words = error.Split('\n').FirstOrDefault(l => l.Contains("Fatal:", StringComparison.Ordinal)) ?? error;
        yield return ServiceDiagnostics.BrokenConfiguration("Dovecot", DovecotService.MainFile, words, Place(words));
    }

    private static SourceLocation? Place(string words) =>
        Named.Match(words) is { Success: true } place ? new SourceLocation(place.Groups["file"].Value, int.Parse(place.Groups["line"].Value, CultureInfo.InvariantCulture), 1) : null;
}
