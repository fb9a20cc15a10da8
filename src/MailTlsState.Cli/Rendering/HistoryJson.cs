using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MailTlsState.Execution.History;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Rendering;

/// <summary>The history as JSON; changes have the form that they have in a plan.</summary>
internal static class HistoryJson
{
    private const string Format = "mailtlsstate/history/v1";

    public static string Write(IReadOnlyList<ArchivedApply> applies)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteStartArray("applies");
            foreach (var apply in applies)
            {
                Write(json, apply);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, ArchivedApply apply)
    {
        var (entry, record) = (apply.Entry, apply.Entry.Record);
        json.WriteStartObject();
        json.WriteString("id", entry.Id);
        json.WriteString("started", entry.Started);
        json.WriteString("command", entry.Command);
        json.WriteString("host", entry.Host);
        json.WriteString("manifest", entry.ManifestDigest);
        json.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(apply.Applied ? "Applied" : apply.State.ToString()));
        json.WriteString("rollsBack", record?.RollsBack);
        if (record is null)
        {
            json.WriteNull("userId");
        }
        else
        {
            json.WriteNumber("userId", record.UserId);
        }

        json.WriteString("login", record?.Login);
        json.WriteString("summary", record?.Summary);
        json.WriteStartArray("leaves");
        foreach (var pair in record?.Pairs ?? [])
        {
            json.WriteStartObject();
            json.WriteString("before", pair.BeforeLeaf);
            json.WriteString("after", pair.AfterLeaf);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        PlanFile.WriteChanges(json, record?.ShownChanges ?? []);
        json.WriteEndObject();
    }
}
