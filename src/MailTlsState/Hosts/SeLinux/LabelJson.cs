using System.Collections.Immutable;
using System.Text.Json;

namespace MailTlsState.Hosts.SeLinux;

/// <summary>The labels of a <see cref="Recording"/> as JSON.</summary>
internal static class LabelJson
{
    internal static void Write(Utf8JsonWriter json, LabelObservation label)
    {
        json.WriteString("path", label.Path);
        json.WriteBoolean("directory", label.Directory);
        WriteOptional(json, "current", label.Current);
        WriteOptional(json, "policy", label.Policy);
        WriteOptional(json, "rule", label.Rule);
        WriteOptional(json, "rulePattern", label.RulePattern);
        json.WriteBoolean("isLocalRule", label.IsLocalRule);
        json.WriteString("fallback", label.Fallback);
        if (label.FallbackUnknown)
        {
            json.WriteBoolean("fallbackUnknown", true);
        }

        json.WriteStartObject("refused");
        foreach (var (context, domains) in label.Refused.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            WriteStrings(json, context, domains);
        }

        json.WriteEndObject();
        WriteStrings(json, "problems", label.Problems);
    }

    /// <summary>The labels by path; none where the recording has none.</summary>
    internal static ImmutableSortedDictionary<string, LabelObservation> Read(JsonElement recording) =>
        (recording.TryGetProperty("labels", out var labels) ? labels.EnumerateArray().Select(ReadOne) : []).ToImmutableSortedDictionary(l => l.Path, l => l, StringComparer.Ordinal);

    internal static void Write(Utf8JsonWriter json, PortObservation port)
    {
        json.WriteNumber("port", port.Port);
        json.WriteString("domain", port.Domain);
        WriteOptional(json, "type", port.Type);
        if (port.Allowed is { } allowed)
        {
            json.WriteBoolean("allowed", allowed);
        }
    }

    /// <summary>The answers about ports; none where the recording has none.</summary>
    internal static ImmutableSortedDictionary<string, PortObservation> ReadPorts(JsonElement recording) =>
        (recording.TryGetProperty("portLabels", out var ports) ? ports.EnumerateArray().Select(ReadPort) : []).ToImmutableSortedDictionary(p => Recording.KeyOf(p.Port, p.Domain), p => p, StringComparer.Ordinal);

    private static PortObservation ReadPort(JsonElement port) => new(
        port.GetProperty("port").GetInt32(), port.GetProperty("domain").GetString()!, Optional(port, "type"), port.TryGetProperty("allowed", out var allowed) ? allowed.GetBoolean() : null);

    private static LabelObservation ReadOne(JsonElement label) => new(label.GetProperty("path").GetString()!, label.GetProperty("directory").GetBoolean())
    {
        Current = Optional(label, "current"),
        Policy = Optional(label, "policy"),
        Rule = Optional(label, "rule"),
        RulePattern = Optional(label, "rulePattern"),
        IsLocalRule = label.GetProperty("isLocalRule").GetBoolean(),
        Fallback = label.GetProperty("fallback").GetString()!,
        FallbackUnknown = label.TryGetProperty("fallbackUnknown", out var unknown) && unknown.GetBoolean(),
        Refused = label.GetProperty("refused").EnumerateObject().ToDictionary(r => r.Name, r => Strings(r.Value)),
        Problems = Strings(label.GetProperty("problems")),
    };

    private static string? Optional(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static IReadOnlyList<string> Strings(JsonElement json) => [.. json.EnumerateArray().Select(s => s.GetString()!)];

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
