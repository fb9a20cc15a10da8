using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Policies;

/// <summary>What became of a policy file's text.</summary>
/// <param name="Policy">The policy, or null when there is at least one error.</param>
/// <param name="Diagnostics">All errors in the order of the text.</param>
public sealed record PolicyReadResult(TlsPolicy? Policy, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>Reads a policy file (v1), YAML or JSON, by the same way as a manifest. Pure: the caller reads the file.</summary>
public static class PolicyFileReader
{
    private const int LongestName = 40;

    /// <summary>Reads <paramref name="bytes"/>; every error is found in one pass, each with its place.</summary>
    /// <param name="file">Path as the user gave it; only named in diagnostics.</param>
    /// <param name="bytes">The whole content.</param>
    public static PolicyReadResult Read(string file, ReadOnlySpan<byte> bytes)
    {
        var report = new ManifestReport(file);
        var text = ManifestText.Decode(bytes, report);
        var root = text is null ? null : YamlTreeReader.Read(text, report);
        if (root is null)
        {
            return new PolicyReadResult(null, report.InTextOrder());
        }

        var schema = PolicySchema.Build();
        var json = new YamlToJson();
        var token = json.Convert(root, schema);
        new SchemaErrors(json, report).Report(schema.Validate(token));
        if (root is not YamlMapping mapping)
        {
            return new PolicyReadResult(null, report.InTextOrder());
        }

        JudgeName(mapping, report);
        PolicyNodes.Judge(mapping, report);
        if (report.HasErrors)
        {
            return new PolicyReadResult(null, report.InTextOrder());
        }

        var policy = Build(mapping);
        PolicyNodes.JudgeWhole(policy, mapping, report);
        return new PolicyReadResult(report.HasErrors ? null : policy, report.InTextOrder());
    }

    /// <summary>Reads a file of the catalogue; a test judges those by <see cref="Read"/>, so that no run has to.</summary>
    internal static TlsPolicy ReadBuiltIn(string name, string text) =>
        YamlTreeReader.Read(text, new ManifestReport(name)) is YamlMapping mapping ? Build(mapping) : throw new InvalidOperationException($"the policy {name} is not readable");

    private static void JudgeName(YamlMapping root, ManifestReport report)
    {
        if (root.Scalar("name") is not { } name || report.IsRefused(name.Path))
        {
            return;
        }

        if (name.Value.Length > LongestName || name.Value.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_')))
        {
            report.Add(name.Path, PolicyDiagnostics.Contradiction(name.Place, "the name holds other characters than letters, digits and . _ -", "give it a short name, such as my-policy"));
        }
        else if (PolicyCatalogue.Names.Contains(name.Value))
        {
            report.Add(name.Path, PolicyDiagnostics.Contradiction(name.Place, $"{name.Value} is the name of a policy that comes with mailtls", "give it a name of its own, so that a plan cannot be misread"));
        }
    }

    private static TlsPolicy Build(YamlMapping root)
    {
        var source = root.Mapping("source");
        var empty = new TlsPolicy(
            root.Scalar("name")!.Value,
            new PolicyCitation(
                source?.Scalar("document")?.Value ?? "",
                source?.Scalar("version")?.Value,
                source?.Scalar("date")?.Value,
                source?.Scalar("section")?.Value,
                source?.Scalar("url")?.Value),
            TlsVersionNames.Parse(root.Scalar("minimumProtocol")!.Value)!.Value,
            null,
            null,
            [],
            false,
            null,
            [.. root.Sequence("notes")?.Items.OfType<YamlScalar>().Select(n => n.Value) ?? []]);
        return PolicyNodes.Apply(empty, root);
    }
}
