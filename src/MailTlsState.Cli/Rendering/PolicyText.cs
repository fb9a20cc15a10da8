using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MailTlsState.Policies;

namespace MailTlsState.Cli.Rendering;

/// <summary>Policies for people and for programs.</summary>
internal static class PolicyText
{
    private const int Column = 26;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One policy with its citation.</summary>
    public static string Explain(TlsPolicy policy, Palette palette)
    {
        var text = new StringBuilder();
        text.Append(palette.Bold($"policy {policy.Name}")).Append('\n');
        Line(text, "source", policy.Source);
        Line(text, "section", policy.Citation.Section);
        Line(text, "at", policy.Citation.Url);
        text.Append('\n');
        foreach (var field in PolicyFields.Of(policy).Where(f => f.Name != "excluded" || f.Items.Count > 0))
        {
            Line(text, field.Title, field.Text);
        }

        foreach (var note in policy.Notes)
        {
            text.Append("\n- ").Append(PlainText.Wrap(note, 2, 2));
        }

        return text.Append(policy.Notes.Count > 0 ? "\n" : "").ToString();
    }

    /// <summary>One line a policy.</summary>
    public static string List(IReadOnlyList<TlsPolicy> policies, Palette palette)
    {
        var width = policies.Max(p => p.Name.Length);
        return string.Concat(policies.Select(p => $"{palette.Bold(p.Name)}{new string(' ', width - p.Name.Length)}  {p.Minimum.Name()}+  {p.Source}\n"));
    }

    /// <summary>The fields in which two policies differ, what only one of them has in a list by itself.</summary>
    public static string Difference(TlsPolicy first, TlsPolicy second, Palette palette)
    {
        var differences = PolicyFields.Differences(first, second);
        if (differences.Count == 0)
        {
            return $"{first.Name} and {second.Name} are the same.\n";
        }

        var text = new StringBuilder();
        text.Append(palette.DiffLine($"--- {first.Name}")).Append('\n').Append(palette.DiffLine($"+++ {second.Name}")).Append('\n');
        foreach (var (a, b) in differences)
        {
            text.Append(palette.Bold(a.Title)).Append('\n');
            if (!a.IsList || !b.IsList)
            {
                text.Append(palette.DiffLine("-  " + a.Text)).Append('\n').Append(palette.DiffLine("+  " + b.Text)).Append('\n');
                continue;
            }

            foreach (var item in a.Items.Except(b.Items))
            {
                text.Append(palette.DiffLine("-  " + item)).Append('\n');
            }

            foreach (var item in b.Items.Except(a.Items))
            {
                text.Append(palette.DiffLine("+  " + item)).Append('\n');
            }

            var common = a.Items.Intersect(b.Items).ToList();
            if (!common.SequenceEqual(b.Items.Intersect(a.Items)))
            {
                text.Append("   the others are in another order\n");
            }
        }

        return text.ToString();
    }

    /// <summary>Policies as JSON, an array.</summary>
    public static string Json(IReadOnlyList<TlsPolicy> policies) => Write(json =>
    {
        json.WriteStartArray();
        foreach (var policy in policies)
        {
            WritePolicy(json, policy);
        }

        json.WriteEndArray();
    });

    /// <summary>One policy as JSON.</summary>
    public static string Json(TlsPolicy policy) => Write(json => WritePolicy(json, policy));

    /// <summary>The difference as JSON.</summary>
    public static string DifferenceJson(TlsPolicy first, TlsPolicy second) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("first", first.Name);
        json.WriteString("second", second.Name);
        json.WriteStartArray("differences");
        foreach (var (a, b) in PolicyFields.Differences(first, second))
        {
            json.WriteStartObject();
            json.WriteString("field", a.Name);
            WriteValue(json, "first", a);
            WriteValue(json, "second", b);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WritePolicy(Utf8JsonWriter json, TlsPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("name", policy.Name);
        json.WriteStartObject("source");
        json.WriteString("document", policy.Citation.Document);
        json.WriteString("version", policy.Citation.Version);
        json.WriteString("date", policy.Citation.Date);
        json.WriteString("section", policy.Citation.Section);
        json.WriteString("url", policy.Citation.Url);
        json.WriteEndObject();
        foreach (var field in PolicyFields.Of(policy))
        {
            WriteValue(json, field.Name, field);
        }

        json.WriteStartArray("notes");
        foreach (var note in policy.Notes)
        {
            json.WriteStringValue(note);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string name, PolicyFields.Field field)
    {
        if (!field.IsList)
        {
            switch (field.Value)
            {
                case bool flag:
                    json.WriteBoolean(name, flag);
                    break;
                case int number:
                    json.WriteNumber(name, number);
                    break;
                default:
                    json.WriteString(name, (string?)field.Value);
                    break;
            }

            return;
        }

        json.WriteStartArray(name);
        foreach (var item in field.Items)
        {
            json.WriteStringValue(item);
        }

        json.WriteEndArray();
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Line(StringBuilder text, string title, string? value)
    {
        if (value is not null)
        {
            text.Append("  ").Append(title).Append(' ', Column - 2 - title.Length).Append(PlainText.Wrap(value, Column, Column)).Append('\n');
        }
    }
}
