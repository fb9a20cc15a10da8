using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Services.Postfix.Editing;

namespace MailTlsState.Services.Postfix;

/// <summary>What postconf says of a configuration that it cannot read. Pure.</summary>
internal static class PostfixErrors
{
    /// <summary>The line that names the cause: the fatal one, or where that says no more than "macro processing error" the warning before it. That a line is repeated is no cause.</summary>
    public static string Cause(string error)
    {
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(l => !l.Contains("overriding earlier entry", StringComparison.Ordinal) && !l.EndsWith("macro processing error", StringComparison.Ordinal)).ToList();
        return lines.Find(l => l.Contains("fatal:", StringComparison.Ordinal)) ?? lines.LastOrDefault() ?? error;
    }

    /// <summary>
    /// The place of an error, or null: <c>/etc/postfix/main.cf, line 12: …</c>, <c>file /etc/postfix/master.cf: line 3: …</c>, <c>invalid type field "inetd" in "smtp inetd …"</c>,
    /// and of a parameter that cannot be worked out, <c>truncated macro reference: "${x?…"</c> or <c>unreasonable macro call nesting: "name"</c>, where one alone has it.
    /// </summary>
    /// <param name="cause">Its words.</param>
    /// <param name="main">The text of main.cf.</param>
    /// <param name="master">The text of master.cf, whose lines are quoted at times.</param>
    public static SourceLocation? Place(string cause, string main, string master)
    {
        foreach (var file in new[] { PostfixService.MainCf, PostfixService.MasterCf })
        {
            var at = cause.IndexOf(file, StringComparison.Ordinal);
            var line = at < 0 ? -1 : cause.IndexOf("line ", at, StringComparison.Ordinal);
            if (line < 0)
            {
                continue;
            }

            var digits = new string([.. cause.Skip(line + 5).TakeWhile(char.IsAsciiDigit)]);
            if (int.TryParse(digits, CultureInfo.InvariantCulture, out var number))
            {
                return new SourceLocation(file, number, 1);
            }
        }

        if (Quoted(cause, "truncated macro reference: \"") is { } reference)
        {
            return Only(main, master, (_, value) => value.Contains(reference, StringComparison.Ordinal));
        }

        if (Quoted(cause, "macro call nesting: \"") is { } nested)
        {
            return Only(main, master, (name, _) => name == nested);
        }

        return Quoted(cause, " in \"") is { } entry && Array.FindIndex(master.Split('\n'), l => Words(l).SequenceEqual(Words(entry))) is >= 0 and var index
            ? new SourceLocation(PostfixService.MasterCf, index + 1, 1)
            : null;

        static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    private static SourceLocation? Only(string main, string master, Func<string, string, bool> isIt)
    {
        var (parsed, services) = (MainCf.Parse(main), MasterCf.Parse(master).Services);
        var found = parsed.Entries.Where(e => parsed.Find(e.Name) == e && isIt(e.Name, e.Value)).Select(e => new SourceLocation(PostfixService.MainCf, e.Line, 1))
            .Concat(services.SelectMany(s => s.Overrides).Where(o => isIt(o.Name, o.Value)).Select(o => new SourceLocation(PostfixService.MasterCf, o.Line, 1))).Take(2).ToList();
        return found.Count == 1 ? found[0] : null;
    }

    // Up to the last quotation mark: a quoted text may hold others.
    private static string? Quoted(string cause, string before)
    {
        var start = cause.IndexOf(before, StringComparison.Ordinal) + before.Length;
        var end = cause.LastIndexOf('"');
        return start < before.Length || end < start ? null : cause[start..end];
    }
}
