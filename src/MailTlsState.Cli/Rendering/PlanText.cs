using System.Text;
using MailTlsState.Planning;

namespace MailTlsState.Cli.Rendering;

/// <summary>A plan as people read it: symbols, attribute lines, unified diffs, one summary line at the end.</summary>
internal static class PlanText
{
    public static string Render(Plan plan, Palette palette)
    {
        var text = new StringBuilder();
        foreach (var change in plan.Changes)
        {
            Append(text, change, palette);
        }

        if (!plan.IsEmpty && plan.Affected.Count > 0)
        {
            text.AppendLine("Listeners that the manifest does not name get the same certificate and policy:");
            foreach (var line in plan.Affected)
            {
                text.AppendLine($"    {line}");
            }

            text.AppendLine();
        }

        text.AppendLine(palette.Bold(plan.Summary));
        return text.ToString();
    }

    public static string Symbol(ChangeAction action) => action switch
    {
        ChangeAction.Create => "+",
        ChangeAction.Update => "~",
        ChangeAction.Delete => "-",
        ChangeAction.Replace => "-/+",
        ChangeAction.Activate => "!",
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, null),
    };

    public static void Append(StringBuilder text, Change change, Palette palette)
    {
        var symbol = palette.Of(change.Action, Symbol(change.Action).PadLeft(3));
        text.AppendLine($"{symbol} {palette.Bold(change.Address)}");
        text.AppendLine($"      {palette.Dim($"because {change.Reason}")}");
        var width = change.Attributes.Select(a => a.Name.Length).DefaultIfEmpty(0).Max();
        foreach (var a in change.Attributes)
        {
            text.AppendLine($"      {a.Name.PadRight(width)}  {Value(a)}");
        }

        if (change.Diff is { Length: > 0 } diff)
        {
            foreach (var line in diff.TrimEnd('\n').Split('\n'))
            {
                text.AppendLine("      " + palette.DiffLine(line));
            }
        }

        if (change.Effects.Count > 0)
        {
            text.AppendLine($"      {palette.Dim($"then {string.Join(", ", change.Effects)}")}");
        }

        text.AppendLine();
    }

    private static string Value(AttributeChange a)
    {
        var after = a.KnownAfterApply ? "(known after apply)" : a.After ?? "(none)";
        return a.Before is null ? after : $"{a.Before} → {after}";
    }
}
