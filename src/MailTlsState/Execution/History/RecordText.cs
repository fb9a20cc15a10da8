using System.Globalization;
using System.Text.Json;
using MailTlsState.Certificates;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Execution.History;

/// <summary>An apply's record as JSON within the journal's first line.</summary>
internal static class RecordText
{
    public static void Write(Utf8JsonWriter json, ApplyRecord record)
    {
        json.WriteStartObject();
        json.WriteNumber("userId", record.UserId);
        json.WriteString("login", record.Login);
        json.WriteString("rollsBack", record.RollsBack);
        json.WriteString("summary", record.Summary);
        json.WriteString("keepPrevious", record.KeepPrevious.ToString("c", CultureInfo.InvariantCulture));
        PlanFile.WriteChanges(json, record.Changes);
        json.WriteStartArray("edits");
        foreach (var e in record.Edits)
        {
            json.WriteStartObject();
            json.WriteString("path", e.Path);
            json.WriteBoolean("created", e.Created);
            json.WriteBoolean("removed", e.Removed);
            json.WriteString("diff", e.Diff);
            json.WriteBoolean("backDated", e.BackDated);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("issuers");
        foreach (var issuer in record.Issuers)
        {
            json.WriteStringValue(issuer);
        }

        json.WriteEndArray();
        json.WriteStartArray("endpoints");
        foreach (var e in record.Endpoints)
        {
            json.WriteStartObject();
            json.WriteString("service", e.Service.ToString());
            json.WriteString("endpoint", e.Kind.ToString());
            json.WriteNumber("port", e.Port);
            json.WriteBoolean("enabled", e.Enabled);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("pairs");
        foreach (var pair in record.Pairs)
        {
            json.WriteStartObject();
            json.WriteString("previous", pair.Previous);
            json.WriteString("beforeLeaf", pair.BeforeLeaf);
            json.WriteString("afterLeaf", pair.AfterLeaf);
            WriteFiles(json, "beforeFiles", pair.BeforeFiles);
            WriteFiles(json, "afterFiles", pair.AfterFiles);
            json.WriteEndObject();
        }

        json.WriteEndArray();

        json.WriteEndObject();
    }

    public static ApplyRecord Read(JsonElement e) => new(
        e.GetProperty("userId").GetInt32(),
        e.GetProperty("login").GetString(),
        Text(e, "summary"),
        PlanFile.ReadChanges(e),
        [.. e.GetProperty("edits").EnumerateArray().Select(d => new RecordedEdit(
            Text(d, "path"), d.GetProperty("created").GetBoolean(), d.GetProperty("removed").GetBoolean(), Text(d, "diff"), d.GetProperty("backDated").GetBoolean()))],
        [.. e.GetProperty("pairs").EnumerateArray().Select(p => new RecordedPair(
            Text(p, "previous"), p.GetProperty("beforeLeaf").GetString(), p.GetProperty("afterLeaf").GetString(), ReadFiles(p, "beforeFiles"), ReadFiles(p, "afterFiles")))])
    {
        RollsBack = e.GetProperty("rollsBack").GetString(),
        KeepPrevious = TimeSpan.ParseExact(Text(e, "keepPrevious"), "c", CultureInfo.InvariantCulture),
        Issuers = e.TryGetProperty("issuers", out var issuers) ? [.. issuers.EnumerateArray().Select(i => i.GetString()!)] : [],
        Endpoints = [.. e.GetProperty("endpoints").EnumerateArray().Select(p => new RecordedEndpoint(
            Enum.Parse<ServiceKind>(Text(p, "service")), Enum.Parse<EndpointKind>(Text(p, "endpoint")), p.GetProperty("port").GetInt32(), p.GetProperty("enabled").GetBoolean()))],
    };

    private static void WriteFiles(Utf8JsonWriter json, string name, IReadOnlyList<RecordedPairFile> files)
    {
        json.WriteStartArray(name);
        foreach (var f in files)
        {
            json.WriteStartObject();
            json.WriteString("path", f.Path);
            json.WriteString("part", f.Part.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static IReadOnlyList<RecordedPairFile> ReadFiles(JsonElement e, string name) =>
        [.. e.GetProperty(name).EnumerateArray().Select(f => new RecordedPairFile(Text(f, "path"), Enum.Parse<PairPart>(Text(f, "part"))))];

    private static string Text(JsonElement e, string name) => e.GetProperty(name).GetString() ?? throw new InvalidDataException($"its record lacks {name}");
}
