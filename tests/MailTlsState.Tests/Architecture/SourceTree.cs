using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MailTlsState.Tests.Architecture;

/// <summary>The program's own sources as text.</summary>
internal static partial class SourceTree
{
    private static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "src"));

    /// <summary>Every source file, path relative to src/.</summary>
    public static IReadOnlyList<SourceFile> Files { get; } =
    [
        .. Directory.EnumerateFiles(Root, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: path, Relative: Path.GetRelativePath(Root, path).Replace('\\', '/')))
            .Where(file => !file.Relative.Contains("/obj/", StringComparison.Ordinal) && !file.Relative.Contains("/bin/", StringComparison.Ordinal))
            .OrderBy(file => file.Relative, StringComparer.Ordinal)
            .Select(file => new SourceFile(file.Relative, File.ReadAllText(file.Path))),
    ];

    private static string ThisFile([CallerFilePath] string path = "") => path;

    /// <summary>One source file.</summary>
    internal sealed partial record SourceFile(string Path, string Text)
    {
        /// <summary>Top folder of the library, or Cli.</summary>
        public string Area => Path.StartsWith("MailTlsState.Cli/", StringComparison.Ordinal) ? "Cli" : Path.Split('/')[1];

        /// <summary>The text without comments and string contents, so that words in them count for nothing.</summary>
        public string Code => Noise().Replace(Text, match => match.Value[0] == '/' ? "" : "\"\"");

        [GeneratedRegex("""//[^\n]*|/\*.*?\*/|\"{3}.*?\"{3}|@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'""", RegexOptions.Singleline)]
        private static partial Regex Noise();
    }
}
