namespace MailTlsState.Certificates;

/// <summary>Durations in words.</summary>
internal static class Durations
{
    /// <summary>Whole days from two days on, else whole hours, else whole minutes, rounded down: <c>10 days</c>.</summary>
    public static string Text(TimeSpan duration) => duration switch
    {
        { TotalDays: >= 2 } => $"{(int)duration.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)duration.TotalHours} hours",
        _ => $"{(int)duration.TotalMinutes} minutes",
    };
}
