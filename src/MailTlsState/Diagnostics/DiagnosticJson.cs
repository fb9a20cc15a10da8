using System.Text.Json;

namespace MailTlsState.Diagnostics;

/// <summary>Diagnostics as JSON: <c>{code, severity, fact, remedy, file, line, column}</c>; the last three are null without a place.</summary>
public static class DiagnosticJson
{
    /// <summary>Writes one object.</summary>
    public static void Write(Utf8JsonWriter writer, Diagnostic diagnostic)
    {
        writer.WriteStartObject();
        writer.WriteString("code", diagnostic.Code.Id);
        writer.WriteString("severity", diagnostic.Severity switch
        {
            Severity.Error => "error",
            Severity.Warning => "warning",
            _ => "note",
        });
        writer.WriteString("fact", diagnostic.Fact);
        writer.WriteString("remedy", diagnostic.Remedy);
        writer.WriteString("file", diagnostic.Location?.File);
        WriteNumber(writer, "line", diagnostic.Location?.Line);
        WriteNumber(writer, "column", diagnostic.Location?.Column);
        writer.WriteEndObject();
    }

    /// <summary>Writes an array of all <paramref name="diagnostics"/>.</summary>
    public static void Write(Utf8JsonWriter writer, IEnumerable<Diagnostic> diagnostics)
    {
        writer.WriteStartArray();
        foreach (var diagnostic in diagnostics)
        {
            Write(writer, diagnostic);
        }

        writer.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
