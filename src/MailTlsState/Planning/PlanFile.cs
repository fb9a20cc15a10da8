using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Planning;

/// <summary>
/// A plan as JSON (schema plan.v1). Reading gives everything that can be shown, but no work: apply plans anew and goes on
/// only where the result is the same, so whoever writes the file cannot write on the host.
/// </summary>
public static class PlanFile
{
    /// <summary>Value of <c>format</c>; additions keep it.</summary>
    public const string Format = "mailtlsstate/plan/v1";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The whole plan.</summary>
    public static string Write(Plan plan)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteString("madeAt", plan.MadeAt);
            json.WriteString("host", plan.HostName);
            if (plan.RollsBack is not null)
            {
                json.WriteString("rollsBack", plan.RollsBack);
            }

            if (plan.Scope == PlanScope.Certificate)
            {
                json.WriteString("only", "certificate");
            }

            if (plan.AcceptsNewRoot)
            {
                json.WriteBoolean("acceptsNewRoot", true);
            }

            json.WriteStartObject("manifest");
            json.WriteString("file", plan.ManifestFile);
            json.WriteString("digest", plan.ManifestDigest);
            json.WriteString("text", plan.ManifestText);
            if (plan.PolicyFile is { } policy)
            {
                json.WriteStartObject("policyFile");
                json.WriteString("path", policy.Path);
                json.WriteString("text", policy.Text);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteStartObject("observations");
            foreach (var (thing, digest) in plan.Observations)
            {
                json.WriteString(thing, digest);
            }

            json.WriteEndObject();
            WriteChanges(json, plan.Changes);
            json.WriteStartArray("diagnostics");
            foreach (var d in plan.Diagnostics)
            {
                DiagnosticJson.Write(json, d);
            }

            json.WriteEndArray();
            json.WriteStartArray("affected");
            foreach (var line in plan.Affected)
            {
                json.WriteStringValue(line);
            }

            json.WriteEndArray();
            json.WriteString("summary", plan.Summary);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>The changes alone, for comparing two plans.</summary>
    public static string WriteChanges(IReadOnlyList<Change> changes)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteStartObject();
            WriteChanges(json, changes);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Reads a plan that <see cref="Write"/> wrote.</summary>
    /// <exception cref="MailTlsException">The text is no plan of this format.</exception>
    public static Plan Read(string file, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new MailTlsException(PlanDiagnostics.NotAPlan(new SourceLocation(file, 1, 1), e is JsonException ? "it is not JSON" : e.Message.TrimEnd('.')));
        }
    }

    /// <summary>True when the text looks like a plan and not like a manifest: both may be given to apply.</summary>
    public static bool LooksLikePlan(string text) => text.AsSpan().TrimStart() is ['{', ..] && text.Contains(Format, StringComparison.Ordinal);

    /// <summary>The member <c>changes</c> of an object.</summary>
    public static void WriteChanges(Utf8JsonWriter json, IReadOnlyList<Change> changes)
    {
        json.WriteStartArray("changes");
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("kind", change.Kind);
            json.WriteString("name", change.Name);
            json.WriteString("action", change.Action.ToString().ToLowerInvariant());
            json.WriteString("reason", change.Reason);
            json.WriteStartArray("attributes");
            foreach (var a in change.Attributes)
            {
                json.WriteStartObject();
                json.WriteString("name", a.Name);
                json.WriteString("before", a.Before);
                json.WriteString("after", a.After);
                json.WriteBoolean("knownAfterApply", a.KnownAfterApply);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("diff", change.Diff);
            json.WriteStartArray("effects");
            foreach (var effect in change.Effects)
            {
                json.WriteStringValue(effect);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static Plan Read(JsonElement root)
    {
        if (Text(root, "format") != Format)
        {
            throw new FormatException($"its format is {Text(root, "format")}, not {Format}");
        }

        var manifest = root.GetProperty("manifest");
        return new Plan(
            Text(manifest, "file"),
            Text(manifest, "text"),
            Text(manifest, "digest"),
            Text(root, "host"),
            root.GetProperty("madeAt").GetDateTimeOffset(),
            root.GetProperty("observations").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? ""),
            ReadChanges(root),
            [.. root.GetProperty("diagnostics").EnumerateArray().Select(ReadDiagnostic)],
            [.. root.GetProperty("affected").EnumerateArray().Select(a => a.GetString() ?? "")])
        {
            Scope = root.TryGetProperty("only", out _) ? PlanScope.Certificate : PlanScope.Everything,
            AcceptsNewRoot = root.TryGetProperty("acceptsNewRoot", out var accepts) && accepts.GetBoolean(),
            PolicyFile = manifest.TryGetProperty("policyFile", out var policy) ? new ManifestAttachment(Text(policy, "path"), Text(policy, "text")) : null,
        };
    }

    /// <summary>Reads what <see cref="WriteChanges(Utf8JsonWriter, IReadOnlyList{Change})"/> wrote.</summary>
    internal static IReadOnlyList<Change> ReadChanges(JsonElement parent) => [.. parent.GetProperty("changes").EnumerateArray().Select(ReadChange)];

    private static Change ReadChange(JsonElement e) => new(
        Text(e, "kind"),
        Text(e, "name"),
        Enum.Parse<ChangeAction>(Text(e, "action"), ignoreCase: true),
        Text(e, "reason"),
        [.. e.GetProperty("attributes").EnumerateArray().Select(a => new AttributeChange(
            Text(a, "name"), a.GetProperty("before").GetString(), a.GetProperty("after").GetString(), a.GetProperty("knownAfterApply").GetBoolean()))],
        e.GetProperty("diff").GetString(),
        [.. e.GetProperty("effects").EnumerateArray().Select(f => f.GetString() ?? "")]);

    private static Diagnostic ReadDiagnostic(JsonElement e)
    {
        var id = Text(e, "code");
        var file = e.GetProperty("file").GetString();
        return new Diagnostic(
            DiagnosticCatalogue.Find(id) ?? throw new FormatException($"it holds the code {id}, which this version does not know"),
            Enum.Parse<Severity>(Text(e, "severity"), ignoreCase: true),
            Text(e, "fact"),
            Text(e, "remedy"),
            file is null ? null : new SourceLocation(file, e.GetProperty("line").GetInt32(), e.GetProperty("column").GetInt32()));
    }

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString() ?? throw new FormatException($"it lacks {name}");
}
