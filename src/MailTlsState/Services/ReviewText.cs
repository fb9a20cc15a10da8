using MailTlsState.Diagnostics;

namespace MailTlsState.Services;

/// <summary>What the findings about the text of both servers' configuration have in common.</summary>
internal static class ReviewText
{
    private static readonly string[] Escapes = ["&lt;", "&gt;", "&amp;", "&quot;"];

    /// <summary>Lines outside of comments that hold an HTML escape.</summary>
    public static IEnumerable<Diagnostic> HtmlEscapes(string file, string text)
    {
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (!line.AsSpan().TrimStart().StartsWith("#", StringComparison.Ordinal) && Escapes.FirstOrDefault(e => line.Contains(e, StringComparison.Ordinal)) is { } escape)
            {
                yield return ReviewDiagnostics.HtmlEscape(file, number, escape);
            }
        }
    }

    /// <summary>True for a cipher list or list of exclusions with the article's typo in it.</summary>
    public static bool HasTypo(string list) => list.Split([' ', ',', ':', ';', '\t'], StringSplitOptions.RemoveEmptyEntries).Any(word => word.TrimStart('!', '-', '+') == "PSD");
}
