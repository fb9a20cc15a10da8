using System.Text;
using System.Text.Json;
using MailTlsState.Diagnostics;
using MailTlsState.Execution.History;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Probing;

namespace MailTlsState.Execution;

/// <summary>A journal's intent as one line of JSON, written and read by hand (no reflection).</summary>
internal static class JournalText
{
    private const int FormatVersion = 1;

    public static string Write(JournalEntry entry)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("version", FormatVersion);
            json.WriteString("id", entry.Id);
            json.WriteString("started", entry.Started);
            json.WriteString("command", entry.Command);
            json.WriteString("host", entry.Host);
            json.WriteString("boot", entry.Boot);
            json.WriteStartArray("leavesOnDisk");
            foreach (var leaf in entry.LeavesOnDisk)
            {
                json.WriteStringValue(leaf);
            }

            json.WriteEndArray();
            json.WriteStartArray("certificateFiles");
            foreach (var path in entry.CertificateFiles)
            {
                json.WriteStringValue(path);
            }

            json.WriteEndArray();
            json.WriteString("manifest", entry.ManifestDigest);
            json.WriteStartArray("steps");
            foreach (var step in entry.Steps)
            {
                WriteStep(json, step);
            }

            json.WriteEndArray();
            json.WriteStartArray("activations");
            foreach (var a in entry.Activations)
            {
                json.WriteStartObject();
                json.WriteString("service", a.Service.ToString());
                json.WriteString("activation", a.Activation.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("before");
            foreach (var e in entry.Before)
            {
                json.WriteStartObject();
                json.WriteString("service", e.Service.ToString());
                json.WriteString("endpoint", e.Endpoint.ToString());
                json.WriteString("address", e.Address);
                json.WriteNumber("port", e.Port);
                json.WriteString("outcome", e.Outcome.ToString());
                json.WriteBoolean("implicit", e.Implicit);
                json.WriteString("session", e.Session);
                json.WriteString("offers", e.Offers);
                json.WriteString("leaf", e.Leaf);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (entry.Record is { } record)
            {
                json.WritePropertyName("record");
                RecordText.Write(json, record);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>The lines of a journal, whole by their checksums.</summary>
    /// <exception cref="JournalUnreadableException">A newer version wrote them.</exception>
    public static (JournalEntry Entry, IReadOnlyList<JournalState> Reached) Parse(string first, IEnumerable<string> states, string path)
    {
        try
        {
            return (Read(first), [.. states.Select(s => Enum.Parse<JournalState>(s))]);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException or ArgumentException or KeyNotFoundException or FormatException)
        {
            // Its checksums are right, so that is what was written: by a version that knows more than this one.
            throw new JournalUnreadableException(ExecutionDiagnostics.JournalOfNewerVersion(path, e.Message.TrimEnd('.')));
        }
    }

    public static JournalEntry Read(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        if (root.GetProperty("version").GetInt32() is not FormatVersion and var version)
        {
            throw new InvalidDataException($"its format is version {version}, and this program knows version {FormatVersion}");
        }

        return new JournalEntry(
            Text(root, "id"),
            root.GetProperty("started").GetDateTimeOffset(),
            Text(root, "command"),
            Text(root, "host"),
            Text(root, "manifest"),
            [.. root.GetProperty("steps").EnumerateArray().Select(ReadStep)],
            [.. root.GetProperty("activations").EnumerateArray().Select(a => new JournalActivation(
                Enum.Parse<ServiceKind>(Text(a, "service")), Enum.Parse<Activation>(Text(a, "activation"))))],
            [.. root.GetProperty("before").EnumerateArray().Select(ReadEndpoint)])
        {
            Boot = Text(root, "boot"),
            LeavesOnDisk = [.. root.GetProperty("leavesOnDisk").EnumerateArray().Select(l => l.GetString()!)],
            CertificateFiles = root.TryGetProperty("certificateFiles", out var files) ? [.. files.EnumerateArray().Select(f => f.GetString()!)] : [],
            Record = root.TryGetProperty("record", out var record) ? RecordText.Read(record) : null,
        };
    }

    private static JournalEndpoint ReadEndpoint(JsonElement e) => new(
        Enum.Parse<ServiceKind>(Text(e, "service")),
        Enum.Parse<EndpointKind>(Text(e, "endpoint")),
        Text(e, "address"),
        e.GetProperty("port").GetInt32(),
        Enum.Parse<ProbeOutcome>(Text(e, "outcome")),
        e.GetProperty("leaf").GetString())
    {
        Implicit = e.GetProperty("implicit").GetBoolean(),
        Session = e.GetProperty("session").GetString(),
        Offers = Text(e, "offers"),
    };

    private static void WriteStep(Utf8JsonWriter json, Step step)
    {
        json.WriteStartObject();
        switch (step)
        {
            case CreateDirectoryStep s:
                json.WriteString("kind", "createDirectory");
                WriteAttributes(json, "new", new FileAttributes(s.Owner, s.Group, s.Mode));
                WriteOptional(json, "label", s.Label);
                break;
            case ReplaceFileStep s:
                json.WriteString("kind", "replaceFile");
                json.WriteString("staged", s.Staged);
                json.WriteString("beforeImage", s.BeforeImage);
                json.WriteString("oldDigest", s.OldDigest);
                json.WriteString("newDigest", s.NewDigest);
                break;
            case SetAttributesStep s:
                json.WriteString("kind", "setAttributes");
                WriteAttributes(json, "old", s.Old);
                WriteAttributes(json, "new", s.New);
                break;
            case RemoveFileStep s:
                json.WriteString("kind", "removeFile");
                json.WriteString("digest", s.Digest);
                break;
            case RemoveDirectoryStep s:
                json.WriteString("kind", "removeDirectory");
                WriteAttributes(json, "old", s.Old);
                break;
            case KeepPairStep s:
                json.WriteString("kind", "keepPair");
                json.WriteString("source", s.Source);
                json.WriteString("digest", s.Digest);
                json.WriteString("time", s.Time);
                WriteOptional(json, "label", s.Label);
                break;
            case LabelRuleStep s:
                json.WriteString("kind", "labelRule");
                WriteOptional(json, "old", s.Old);
                WriteOptional(json, "new", s.New);
                json.WriteString("rules", s.Rules);
                break;
            case SetLabelStep s:
                json.WriteString("kind", "setLabel");
                WriteOptional(json, "old", s.Old);
                json.WriteString("new", s.New);
                break;
            case RefreshTrustStep s:
                json.WriteString("kind", "refreshTrust");
                json.WriteString("when", s.When.ToString());
                json.WriteStartArray("arguments");
                foreach (var argument in s.Arguments)
                {
                    json.WriteStringValue(argument);
                }

                json.WriteEndArray();
                break;
            default:
                throw new InvalidOperationException($"a step of kind {step.GetType().Name} cannot be written down");
        }

        json.WriteString("path", step.Path);
        json.WriteEndObject();
    }

    private static Step ReadStep(JsonElement e)
    {
        var path = Text(e, "path");
        switch (Text(e, "kind"))
        {
            case "createDirectory":
                var attributes = ReadAttributes(e, "new");
                return new CreateDirectoryStep(path, attributes.Owner, attributes.Group, attributes.Mode, Optional(e, "label"));
            case "replaceFile":
                return new ReplaceFileStep(path, Text(e, "staged"), e.GetProperty("beforeImage").GetString(), e.GetProperty("oldDigest").GetString(), Text(e, "newDigest"));
            case "setAttributes":
                return new SetAttributesStep(path, ReadAttributes(e, "old"), ReadAttributes(e, "new"));
            case "removeFile":
                return new RemoveFileStep(path, Text(e, "digest"));
            case "removeDirectory":
                return new RemoveDirectoryStep(path, ReadAttributes(e, "old"));
            case "keepPair":
                return new KeepPairStep(path, Text(e, "source"), Text(e, "digest"), e.GetProperty("time").GetDateTimeOffset(), Optional(e, "label"));
            case "labelRule":
                return new LabelRuleStep(path, Optional(e, "old"), Optional(e, "new"), Text(e, "rules"));
            case "setLabel":
                return new SetLabelStep(path, Optional(e, "old"), Text(e, "new"));
            case "refreshTrust":
                return new RefreshTrustStep(path, [.. e.GetProperty("arguments").EnumerateArray().Select(a => a.GetString()!)], Enum.Parse<TrustRefresh>(Text(e, "when")));
            case var kind:
                throw new InvalidDataException($"it holds a step of the unknown kind {kind}");
        }
    }

    private static void WriteAttributes(Utf8JsonWriter json, string name, FileAttributes a)
    {
        json.WriteStartArray(name);
        json.WriteNumberValue(a.Owner);
        json.WriteNumberValue(a.Group);
        json.WriteNumberValue(a.Mode);
        json.WriteEndArray();
    }

    private static FileAttributes ReadAttributes(JsonElement e, string name)
    {
        var a = e.GetProperty(name);
        return new FileAttributes(a[0].GetInt32(), a[1].GetInt32(), a[2].GetInt32());
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static string? Optional(JsonElement e, string name) => e.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string Text(JsonElement e, string name) =>
        e.GetProperty(name).GetString() ?? throw new InvalidDataException($"it lacks {name}");
}
