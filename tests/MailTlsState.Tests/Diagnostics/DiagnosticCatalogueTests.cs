using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MailTlsState.Diagnostics;
using Xunit;

namespace MailTlsState.Tests.Diagnostics;

public class DiagnosticCatalogueTests
{
    [Fact]
    public void Every_code_that_the_library_defines_is_in_the_catalogue()
    {
        const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var types = typeof(DiagnosticCode).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters);
        var defined = types.SelectMany(type => type
            .GetFields(Static).Where(field => field.FieldType == typeof(DiagnosticCode)).Select(field => (DiagnosticCode)field.GetValue(null)!)
            .Concat(type.GetProperties(Static).Where(property => property.PropertyType == typeof(DiagnosticCode)).Select(property => (DiagnosticCode)property.GetValue(null)!)));
        Assert.Empty(defined.Select(code => code.Id).Except(DiagnosticCatalogue.All.Select(code => code.Id)));
    }

    [Fact]
    public void Identifiers_are_unique_and_in_order()
    {
        var ids = DiagnosticCatalogue.All.Select(code => code.Id).ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal).Distinct(), ids);
    }

    [Fact]
    public void Every_code_has_a_title_and_an_explanation_that_helps()
    {
        Assert.All(DiagnosticCatalogue.All, code =>
        {
            Assert.Matches(new Regex("^MTS[0-9]{4}$"), code.Id);
            Assert.False(code.Title.EndsWith('.') || (char.IsUpper(code.Title[0]) && char.IsLower(code.Title[1]) && !code.Title.StartsWith("Postfix", StringComparison.Ordinal) && !code.Title.StartsWith("Dovecot", StringComparison.Ordinal)), code.Title);
            Assert.True(code.Explanation.Count(c => c == '.') >= 2 && code.Explanation.EndsWith('.'), $"{code.Id}: {code.Explanation}");
        });
    }

    [Fact]
    public void A_code_is_found_in_any_letter_case()
    {
        Assert.Same(ManifestDiagnostics.ManifestUnknownKey, DiagnosticCatalogue.Find("mts0120"));
        Assert.Null(DiagnosticCatalogue.Find("MTS9999"));
    }

    [Fact]
    public void Diagnostics_are_written_as_json()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            DiagnosticJson.Write(writer, new[]
            {
                new Diagnostic(ManifestDiagnostics.ManifestEmpty, Severity.Error, "fact", "remedy", new SourceLocation("m.yaml", 3, 4)),
                new Diagnostic(ManifestDiagnostics.LeafOutlivesRoot, Severity.Warning, "fact", "remedy"),
            });
        }

        Assert.Equal(
            """[{"code":"MTS0107","severity":"error","fact":"fact","remedy":"remedy","file":"m.yaml","line":3,"column":4},{"code":"MTS0152","severity":"warning","fact":"fact","remedy":"remedy","file":null,"line":null,"column":null}]""",
            Encoding.UTF8.GetString(stream.ToArray()));
    }
}
