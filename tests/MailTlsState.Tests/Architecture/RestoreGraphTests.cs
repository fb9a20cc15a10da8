using System.Runtime.CompilerServices;
using System.Text.Json;
using Xunit;

namespace MailTlsState.Tests.Architecture;

/// <summary>The design is free of Roslyn: nothing compiles or scripts C# at run time, and no package brings a compiler in.</summary>
public sealed class RestoreGraphTests
{
    private static string Repository { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    public static TheoryData<string> Projects() =>
        [.. Directory.EnumerateFiles(Repository, "*.csproj", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Repository, path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_restore_graph_contains_the_compiler(string project)
    {
        var assets = Path.Combine(Repository, Path.GetDirectoryName(project)!, "obj", "project.assets.json");
        using var graph = JsonDocument.Parse(File.ReadAllText(assets));
        var packages = graph.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name).ToList();
        Assert.NotEmpty(packages);
        Assert.DoesNotContain(packages, name => name.StartsWith("Microsoft.CodeAnalysis", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository, "MailTlsState.sln"));
        Assert.All(Projects().Select(row => row.Data), project => Assert.Contains(project.Replace('/', '\\'), solution, StringComparison.Ordinal));
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
