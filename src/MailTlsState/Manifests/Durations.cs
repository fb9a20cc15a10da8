using System.Globalization;

namespace MailTlsState.Manifests;

/// <summary>Durations as the manifest writes them: a whole number and <c>d</c> (24 hours) or <c>h</c>.</summary>
public static class Durations
{
    /// <summary>The longest duration: a century, so that no certificate reaches the year 9999.</summary>
    public static TimeSpan Maximum { get; } = TimeSpan.FromDays(36500);

    /// <summary>Reads <c>30d</c> or <c>12h</c>; false for anything else, zero, and more than <see cref="Maximum"/>.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        if (text.Length is < 2 or > 7
            || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number == 0 || text[0] == '0')
        {
            return false;
        }

        switch (text[^1])
        {
            case 'd' when number <= Maximum.TotalDays:
                value = TimeSpan.FromDays(number);
                return true;
            case 'h' when number <= Maximum.TotalHours:
                value = TimeSpan.FromHours(number);
                return true;
            default:
                return false;
        }
    }

    /// <summary>As <see cref="TryParse"/>, and <c>0</c> for none.</summary>
    public static bool TryParseOrNone(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        return text == "0" || TryParse(text, out value);
    }

    /// <summary>Writes a duration of whole hours in its shortest form.</summary>
    public static string Format(TimeSpan value) => value.Ticks % TimeSpan.TicksPerDay == 0
        ? value.TotalDays.ToString("0", CultureInfo.InvariantCulture) + "d"
        : value.TotalHours.ToString("0", CultureInfo.InvariantCulture) + "h";
}
