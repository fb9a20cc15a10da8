using System.Text;
using System.Text.Json;
using MailTlsState.Diagnostics;
using MailTlsState.Execution;
using MailTlsState.Planning;
using MailTlsState.Verification;

namespace MailTlsState.Cli.Rendering;

/// <summary>An apply as JSON: the outcome, the plan as <c>plan --format json</c> writes it, the findings as <c>verify</c> writes them.</summary>
internal static class ApplyJson
{
    public static string Write(Plan? plan, ApplyResult result)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(result.Outcome.ToString()));
            json.WritePropertyName("diagnostics");
            DiagnosticJson.Write(json, result.Diagnostics);
            WriteLog(json, result.Log);
            json.WritePropertyName("plan");
            if (plan is null)
            {
                // A recovery that failed comes before there is any.
                json.WriteNullValue();
            }
            else
            {
                json.WriteRawValue(PlanFile.Write(plan));
            }

            json.WritePropertyName("verification");
            if (result.Report is null)
            {
                json.WriteNullValue();
            }
            else
            {
                json.WriteRawValue(FindingsDocument.Write(result.Report));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>What the daemons logged, line by line.</summary>
    public static void WriteLog(Utf8JsonWriter json, IReadOnlyList<string> log)
    {
        json.WriteStartArray("log");
        foreach (var line in log)
        {
            json.WriteStringValue(line);
        }

        json.WriteEndArray();
    }
}
