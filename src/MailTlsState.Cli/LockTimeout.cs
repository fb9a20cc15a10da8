using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace MailTlsState.Cli;

/// <summary>The option <c>--lock-timeout DURATION</c>: how long a command waits for another run to end.</summary>
internal static class LockTimeout
{
    public static Option<TimeSpan> Option() => new("--lock-timeout")
    {
        Description = "wait so long for another run to end (30s, 5m, 1h); by default leave at once with exit status 4",
        HelpName = "DURATION",
        CustomParser = result => Parse(result, "--lock-timeout"),
        DefaultValueFactory = _ => TimeSpan.Zero,
    };

    /// <summary>The value of an option that takes a duration.</summary>
    public static TimeSpan Parse(ArgumentResult result, string option)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        var unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (unit != 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 86400 / unit)
        {
            return TimeSpan.FromSeconds((double)number * unit);
        }

        result.AddError($"{option} {text} is no duration of at most a day: give a whole number and s, m or h, for example 30s");
        return default;
    }
}
