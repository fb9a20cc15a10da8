using System.Globalization;
using System.Text;
using MailTlsState.Execution;
using MailTlsState.Execution.History;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Rendering;

/// <summary>The history as people read it.</summary>
internal static class HistoryText
{
    private const int ShownDigest = 8;

    /// <summary>A line for each apply, newest first.</summary>
    public static string Table(IReadOnlyList<ArchivedApply> applies, Palette palette)
    {
        if (applies.Count == 0)
        {
            return "Nothing was applied yet.\n";
        }

        string[] heads = ["ID", "WHEN (UTC)", "WHO", "MANIFEST", "OUTCOME", "SUMMARY"];
        var rows = applies.Select(a => new[] { a.Entry.Id, When(a), Who(a), Manifest(a), Outcome(a), Summary(a) }).ToList();
        var widths = heads.Select((h, i) => rows.Select(r => r[i].Length).Append(h.Length).Max()).ToArray();
        string Line(IReadOnlyList<string> cells) => string.Join("  ", cells.Select((c, i) => i == heads.Length - 1 ? c : c.PadRight(widths[i]))) + "\n";
        return palette.Bold(Line(heads).TrimEnd('\n')) + "\n" + string.Concat(rows.Select(Line));
    }

    /// <summary>Everything that was kept of one apply.</summary>
    public static string Details(ArchivedApply apply, Palette palette)
    {
        var entry = apply.Entry;
        var text = new StringBuilder();
        foreach (var (name, value) in new[]
        {
            ("apply", entry.Id),
            ("when", When(apply) + " UTC"),
            ("who", Who(apply)),
            ("command", entry.Command),
            ("host", entry.Host),
            (entry.Record?.RollsBack is null ? "manifest" : "rolls back", entry.Record?.RollsBack ?? entry.ManifestDigest),
            ("outcome", Outcome(apply)),
        })
        {
            text.AppendLine($"{palette.Dim(name.PadRight(10))}  {value}");
        }

        if (entry.Record is not { } record)
        {
            return text.AppendLine("An early version made it and kept no more.").ToString();
        }

        text.AppendLine();
        foreach (var change in record.ShownChanges)
        {
            PlanText.Append(text, change, palette);
        }

        foreach (var pair in record.Pairs)
        {
            text.AppendLine($"{palette.Dim("leaf".PadRight(10))}  {pair.BeforeLeaf ?? "(none)"} → {pair.AfterLeaf ?? "(none)"}");
        }

        return text.AppendLine(palette.Bold(record.Summary)).ToString();
    }

    public static string Outcome(ArchivedApply apply) => apply.State switch
    {
        JournalState.Verified => "applied",
        JournalState.RolledBack => "rolled back",
        var other => other.ToString().ToLowerInvariant(),
    };

    private static string When(ArchivedApply apply) => apply.Entry.Started.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Who(ArchivedApply apply)
    {
        if (apply.Entry.Record is not { } record)
        {
            return "-";
        }

        var user = record.UserId == 0 ? "root" : $"uid {record.UserId}";
        return record.Login is { } login && login != user ? $"{login} as {user}" : user;
    }

    private static string Manifest(ArchivedApply apply)
    {
        var digest = apply.Entry.ManifestDigest["sha256:".Length..];
        return apply.Entry.Record?.RollsBack is not null ? "(roll-back)" : digest[..Math.Min(ShownDigest, digest.Length)];
    }

    private static string Summary(ArchivedApply apply) => apply.Entry.Record is not { } record ? "(an early version kept no details)"
        : record.RollsBack is { } former ? $"Rolls back {former}: {Shorten(record.Summary)}" : Shorten(record.Summary);

    private static string Shorten(string summary) => summary.StartsWith("Plan: ", StringComparison.Ordinal) ? summary["Plan: ".Length..] : summary;
}
