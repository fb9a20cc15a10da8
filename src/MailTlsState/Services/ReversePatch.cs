namespace MailTlsState.Services;

/// <summary>Lines of a text that other lines take the place of.</summary>
/// <param name="Start">Index of the first line, from 0.</param>
/// <param name="Count">How many lines go.</param>
/// <param name="Lines">What comes, terminators included.</param>
public sealed record LineReplacement(int Start, int Count, IReadOnlyList<string> Lines);

/// <summary>Why a run of a diff cannot be taken back.</summary>
/// <param name="Run">The run.</param>
/// <param name="Line">1-based line of the text where it was looked for.</param>
/// <param name="Ambiguous">True when several places fit.</param>
public sealed record UnmatchedRun(DiffRun Run, int Line, bool Ambiguous);

/// <summary>What taking a diff back does to a text.</summary>
/// <param name="Replacements">In the order of the text; empty when all is back already.</param>
/// <param name="Unmatched">Runs that do not fit any more.</param>
public sealed record Reversal(IReadOnlyList<LineReplacement> Replacements, IReadOnlyList<UnmatchedRun> Unmatched);

/// <summary>
/// Takes a change back out of a text that may have been edited since: the added lines are found by themselves and the lines
/// around them. With all the lines around, the place in the file decides between several; with fewer, a place must be the only one.
/// </summary>
public static class ReversePatch
{
    /// <summary>Finds every run of a diff in <paramref name="text"/>.</summary>
    public static Reversal Find(IReadOnlyList<DiffRun> runs, string text)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var lines = TextLines.Split(text);
        var found = new List<LineReplacement>();
        var unmatched = new List<UnmatchedRun>();
        var (from, drift) = (0, 0);
        foreach (var run in runs)
        {
            var expected = run.NewStart + drift;
            var place = Locate(lines, run.Added, run, from, expected, out var ambiguous);
            if (place is { } at)
            {
                found.Add(new LineReplacement(at, run.Added.Count, run.Removed));
                (from, drift) = (at + run.Added.Count, at - run.NewStart);
            }
            else if (!ambiguous && LocateRestored(lines, run, from, expected) is { } back)
            {
                (from, drift) = (back + run.Removed.Count, back - run.NewStart + run.Removed.Count - run.Added.Count);
            }
            else
            {
                unmatched.Add(new UnmatchedRun(run, Near(lines, run, from, expected) + 1, ambiguous));
            }
        }

        return new Reversal(found, unmatched);
    }

    /// <summary>Makes the replacements.</summary>
    public static string Apply(string text, IReadOnlyList<LineReplacement> replacements)
    {
        ArgumentNullException.ThrowIfNull(replacements);
        var lines = TextLines.Split(text).ToList();
        foreach (var r in replacements.OrderByDescending(r => r.Start))
        {
            lines.RemoveRange(r.Start, r.Count);
            lines.InsertRange(r.Start, r.Lines);
        }

        return string.Concat(lines);
    }

    private static int? Locate(string[] lines, IReadOnlyList<string> body, DiffRun run, int from, int expected, out bool ambiguous)
    {
        ambiguous = false;

        // Nothing but the lines around says where a removed line was.
        var most = Math.Max(run.Before.Count, run.After.Count);
        var least = body.Count == 0 ? Math.Min(1, most) : 0;
        for (var around = most; around >= least; around--)
        {
            IReadOnlyList<string> before = [.. run.Before.TakeLast(around)];
            IReadOnlyList<string> after = [.. run.After.Take(around)];
            var places = Places(lines, before, body, after, from, atEnds: body.Count == 0);
            if (places.Count == 1)
            {
                return places[0];
            }

            if (places.Count > 1)
            {
                ambiguous = !(around == most && places.Contains(expected));
                return ambiguous ? null : expected;
            }
        }

        return null;
    }

    // Somebody, or an earlier roll-back, has brought these lines back; every line around has to say so.
    private static int? LocateRestored(string[] lines, DiffRun run, int from, int expected)
    {
        var places = Places(lines, run.OldBefore, run.Removed, run.OldAfter, from, atEnds: true);
        return places.Count == 1 ? places[0] : places.Contains(expected) ? expected : null;
    }

    /// <summary>Where the body is, between its neighbours.</summary>
    /// <param name="lines">The text.</param>
    /// <param name="before">Lines before it.</param>
    /// <param name="body">The lines that are looked for.</param>
    /// <param name="after">Lines after it.</param>
    /// <param name="from">The first place that counts.</param>
    /// <param name="atEnds">True when a side without a neighbour has to be an end of the text.</param>
    private static List<int> Places(string[] lines, IReadOnlyList<string> before, IReadOnlyList<string> body, IReadOnlyList<string> after, int from, bool atEnds)
    {
        string[] pattern = [.. before, .. body, .. after];
        var places = new List<int>();
        for (var at = Math.Max(0, from - before.Count); at + pattern.Length <= lines.Length; at++)
        {
            var anchored = !atEnds || ((before.Count > 0 || at == 0) && (after.Count > 0 || at + pattern.Length == lines.Length));
            if (anchored && at + before.Count >= from && pattern.AsSpan().SequenceEqual(lines.AsSpan(at, pattern.Length)))
            {
                places.Add(at + before.Count);
            }
        }

        return places;
    }

    // The first line that is not as it was left; else the line that follows the nearest one before, else where it was.
    private static int Near(string[] lines, DiffRun run, int from, int expected)
    {
        if (run.Added.Count > 1)
        {
            var same = 0;
            var starts = Enumerable.Range(from, Math.Max(0, lines.Length - from)).Where(i => lines[i] == run.Added[0]).ToList();
            if (starts.Count > 0)
            {
                var start = starts.MinBy(p => Math.Abs(p - expected));
                while (same < run.Added.Count && start + same < lines.Length && lines[start + same] == run.Added[same])
                {
                    same++;
                }

                return Math.Min(start + same, lines.Length - 1);
            }
        }

        foreach (var line in run.Before.Reverse())
        {
            var places = Enumerable.Range(from, Math.Max(0, lines.Length - from)).Where(i => lines[i] == line && line.Trim().Length > 0).ToList();
            if (places.Count > 0)
            {
                return Math.Min(places.MinBy(p => Math.Abs(p - expected)) + 1, Math.Max(0, lines.Length - 1));
            }
        }

        return Math.Clamp(expected, 0, Math.Max(0, lines.Length - 1));
    }
}
