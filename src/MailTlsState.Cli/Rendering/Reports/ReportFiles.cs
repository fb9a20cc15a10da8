using System.CommandLine;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering.Reports;

/// <summary>The option <c>--report KIND=FILE</c>: further forms of one verification, each into a file of its own.</summary>
internal static class ReportFiles
{
    private static readonly Dictionary<string, Func<VerificationReport, ReportFacts, string>> Kinds = new(StringComparer.Ordinal)
    {
        ["html"] = HtmlReport.Write,
        ["json"] = (report, _) => FindingsDocument.Write(report) + "\n",
        ["junit"] = JUnitReport.Write,
        ["prometheus"] = PrometheusReport.Write,
    };

    public static Option<string[]> Option()
    {
        var option = new Option<string[]>("--report")
        {
            Description = $"also write the result as KIND ({string.Join(", ", Kinds.Keys)}) into FILE, which is replaced whole; may be given several times",
            HelpName = "KIND=FILE",
            AllowMultipleArgumentsPerToken = false,
        };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => Split(t.Value) is null))
            {
                result.AddError($"--report {token.Value} is not KIND=FILE with a KIND of {string.Join(", ", Kinds.Keys)}");
            }
        });
        return option;
    }

    /// <summary>Writes each.</summary>
    /// <returns>Why some could not be written.</returns>
    public static IReadOnlyList<Diagnostic> Write(CommandContext context, IReadOnlyList<string> wanted, VerificationReport report, ReportFacts facts)
    {
        var unwritten = new List<Diagnostic>();
        foreach (var (kind, path) in wanted.Select(w => Split(w)!.Value))
        {
            try
            {
                context.ReplaceFile(path, Encoding.UTF8.GetBytes(Kinds[kind](report, facts)));
            }
            catch (MailTlsException e)
            {
                unwritten.AddRange(e.Diagnostics);
            }
        }

        return unwritten;
    }

    private static (string Kind, string Path)? Split(string text)
    {
        var cut = text.IndexOf('=', StringComparison.Ordinal);
        return cut > 0 && cut < text.Length - 1 && Kinds.ContainsKey(text[..cut]) ? (text[..cut], text[(cut + 1)..]) : null;
    }
}
