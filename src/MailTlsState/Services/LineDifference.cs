namespace MailTlsState.Services;

/// <summary>A run of old lines that a run of new lines takes the place of; either may be empty.</summary>
internal readonly record struct LineRegion(int OldStart, int OldEnd, int NewStart, int NewEnd);

/// <summary>
/// Finds what differs between two lists of lines: the fewest lines (Myers, "An O(ND) Difference Algorithm and Its
/// Variations", 1986) while they are few; where more than <see cref="Limit"/> differ, lines that occur once on both sides
/// part the lists first (Cohen's patience diff), so that time and memory stay bounded whatever comes in.
/// </summary>
internal static class LineDifference
{
    /// <summary>Differing lines up to which Myers' search runs: it takes at most 4 × Limit² bytes.</summary>
    private const int Limit = 512;

    public static List<LineRegion> Compute(IReadOnlyList<string> old, IReadOnlyList<string> now)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        int Id(string line) => ids.TryGetValue(line, out var id) ? id : ids[line] = ids.Count;
        var a = old.Select(Id).ToArray();
        var b = now.Select(Id).ToArray();
        var kept = new bool[a.Length];
        var keptNow = new bool[b.Length];
        Compare(a, b, 0, a.Length, 0, b.Length, kept, keptNow);
        return Regions(kept, keptNow);
    }

    private static List<LineRegion> Regions(bool[] kept, bool[] keptNow)
    {
        var regions = new List<LineRegion>();
        for (int i = 0, j = 0; i < kept.Length || j < keptNow.Length;)
        {
            var (i0, j0) = (i, j);
            while (i < kept.Length && !kept[i])
            {
                i++;
            }

            while (j < keptNow.Length && !keptNow[j])
            {
                j++;
            }

            if (i > i0 || j > j0)
            {
                regions.Add(new LineRegion(i0, i, j0, j));
            }
            else
            {
                i++;
                j++;
            }
        }

        return regions;
    }

    private static void Compare(int[] a, int[] b, int a0, int a1, int b0, int b1, bool[] kept, bool[] keptNow)
    {
        while (a0 < a1 && b0 < b1 && a[a0] == b[b0])
        {
            kept[a0++] = keptNow[b0++] = true;
        }

        while (a0 < a1 && b0 < b1 && a[a1 - 1] == b[b1 - 1])
        {
            kept[--a1] = keptNow[--b1] = true;
        }

        if (a0 == a1 || b0 == b1 || Myers(a, b, a0, a1, b0, b1, kept, keptNow))
        {
            return;
        }

        var anchors = Anchors(a, b, a0, a1, b0, b1);
        if (anchors.Count == 0)
        {
            return;
        }

        foreach (var (x, y) in anchors)
        {
            Compare(a, b, a0, x, b0, y, kept, keptNow);
            kept[x] = keptNow[y] = true;
            (a0, b0) = (x + 1, y + 1);
        }

        Compare(a, b, a0, a1, b0, b1, kept, keptNow);
    }

    /// <summary>Marks a longest common subsequence; false (and nothing marked) when more than the limit differs.</summary>
    private static bool Myers(int[] a, int[] b, int a0, int a1, int b0, int b1, bool[] kept, bool[] keptNow)
    {
        var (n, m) = (a1 - a0, b1 - b0);
        var limit = Math.Min(Limit, n + m);
        if (Math.Abs(n - m) > limit)
        {
            return false;
        }

        var furthest = new int[2 * limit + 3];
        var middle = limit + 1;
        var trace = new List<int[]>();
        for (var d = 0; d <= limit; d++)
        {
            for (var k = -d; k <= d; k += 2)
            {
                var down = k == -d || (k != d && furthest[middle + k - 1] < furthest[middle + k + 1]);
                var x = down ? furthest[middle + k + 1] : furthest[middle + k - 1] + 1;
                var y = x - k;
                while (x < n && y >= 0 && y < m && a[a0 + x] == b[b0 + y])
                {
                    x++;
                    y++;
                }

                furthest[middle + k] = x;
                if (x >= n && y >= m)
                {
                    Backtrack(trace, d, n, m, a0, b0, kept, keptNow);
                    return true;
                }
            }

            trace.Add(furthest[(middle - d)..(middle + d + 1)]);
        }

        return false;
    }

    private static void Backtrack(List<int[]> trace, int d, int x, int y, int a0, int b0, bool[] kept, bool[] keptNow)
    {
        for (; d > 0; d--)
        {
            // trace[d - 1] holds diagonals -(d - 1) … d - 1; those outside count as not reached.
            var row = trace[d - 1];
            int At(int k) => Math.Abs(k) < d ? row[k + d - 1] : -1;
            var diagonal = x - y;
            var down = diagonal == -d || (diagonal != d && At(diagonal - 1) < At(diagonal + 1));
            var from = down ? At(diagonal + 1) : At(diagonal - 1);
            var start = down ? from : from + 1;
            for (; x > start; x--, y--)
            {
                kept[a0 + x - 1] = keptNow[b0 + y - 1] = true;
            }

            (x, y) = (from, from - (down ? diagonal + 1 : diagonal - 1));
        }

        for (; x > 0; x--, y--)
        {
            kept[a0 + x - 1] = keptNow[b0 + y - 1] = true;
        }
    }

    /// <summary>The longest rising row of pairs of lines that occur exactly once on each side.</summary>
    private static List<(int X, int Y)> Anchors(int[] a, int[] b, int a0, int a1, int b0, int b1)
    {
        var places = new Dictionary<int, (int CountA, int X, int CountB, int Y)>();
        for (var i = a0; i < a1; i++)
        {
            var p = places.GetValueOrDefault(a[i]);
            places[a[i]] = p with { CountA = p.CountA + 1, X = i };
        }

        for (var j = b0; j < b1; j++)
        {
            var p = places.GetValueOrDefault(b[j]);
            places[b[j]] = p with { CountB = p.CountB + 1, Y = j };
        }

        var pairs = places.Values.Where(p => p is { CountA: 1, CountB: 1 }).OrderBy(p => p.X).Select(p => (p.X, p.Y)).ToList();
        var tails = new List<int>();
        var previous = new int[pairs.Count];
        for (var i = 0; i < pairs.Count; i++)
        {
            var (low, high) = (0, tails.Count);
            while (low < high)
            {
                var half = (low + high) / 2;
                (low, high) = pairs[tails[half]].Y < pairs[i].Y ? (half + 1, high) : (low, half);
            }

            previous[i] = low > 0 ? tails[low - 1] : -1;
            if (low == tails.Count)
            {
                tails.Add(i);
            }
            else
            {
                tails[low] = i;
            }
        }

        var rising = new List<(int X, int Y)>();
        for (var i = tails.Count > 0 ? tails[^1] : -1; i >= 0; i = previous[i])
        {
            rising.Add(pairs[i]);
        }

        rising.Reverse();
        return rising;
    }
}
