namespace MailTlsState.Hosts;

/// <summary>
/// Names that lie beside a file while an apply runs: <c>.NAME.mtls-RUN-NUMBER.new</c>, and <c>.old</c> for what it replaces. No include with a
/// usual pattern matches them, and they tell by themselves what they are, should a journal be lost.
/// </summary>
public static class TemporaryNames
{
    /// <summary>Stands behind the file's own name.</summary>
    public const string Mark = ".mtls-";

    private const string New = ".new";
    private const string Old = ".old";

    /// <summary>The name of the new content.</summary>
    /// <param name="name">The file's own name, without a directory.</param>
    /// <param name="run">Id of the apply.</param>
    /// <param name="number">Which of its files, from 1.</param>
    public static string Staged(string name, string run, int number) => Of(name, run, number) + New;

    /// <summary>The name of the former content.</summary>
    /// <param name="name">The file's own name, without a directory.</param>
    /// <param name="run">Id of the apply.</param>
    /// <param name="number">Which of its files, from 1.</param>
    public static string BeforeImage(string name, string run, int number) => Of(name, run, number) + Old;

    /// <summary>True for the former content of the file <paramref name="name"/>, of any run.</summary>
    public static bool IsBeforeImage(string candidate, string name) =>
        candidate.StartsWith($".{name.TrimStart('.')}{Mark}", StringComparison.Ordinal) && candidate.EndsWith(Old, StringComparison.Ordinal);

    /// <summary>What a name says: the file that it belongs to, and whether it is the former content; null for any other name.</summary>
    public static (string Name, bool Former)? Read(string candidate)
    {
        var cut = candidate.LastIndexOf(Mark, StringComparison.Ordinal);
        var former = candidate.EndsWith(Old, StringComparison.Ordinal);
        return candidate.StartsWith('.') && cut > 1 && (former || candidate.EndsWith(New, StringComparison.Ordinal)) ? (candidate[1..cut], former) : null;
    }

    private static string Of(string name, string run, int number) => FormattableString.Invariant($".{name.TrimStart('.')}{Mark}{run}-{number}");
}
