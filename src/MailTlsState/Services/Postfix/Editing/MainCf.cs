namespace MailTlsState.Services.Postfix.Editing;

/// <summary>One setting of main.cf.</summary>
/// <param name="Name">Parameter name.</param>
/// <param name="Value">Value as <c>postconf -h</c> shows it: continuation lines joined, ends trimmed.</param>
/// <param name="Line">1-based number of its first line.</param>
public sealed record MainCfEntry(string Name, string Value, int Line);

/// <summary>
/// main.cf, byte for byte (each byte one Latin-1 character). Immutable: an edit gives a new file in which only the lines
/// of the named settings differ. Read as Postfix 3.5 to 3.11 read it (<c>dict_load_fp</c>, <c>split_nameval</c>):
/// of several entries with one name the last counts. A line that the daemon would refuse is kept and is no entry.
/// </summary>
public sealed class MainCf
{
    private readonly string _text;
    private readonly LogicalLines _lines;
    private readonly List<(MainCfEntry Entry, LogicalLine Line)> _entries = [];
    private readonly Lazy<ILookup<string, MainCfEntry>> _byName;
    private readonly Dictionary<string, int> _last = new(StringComparer.Ordinal);

    private MainCf(string text)
    {
        _text = text;
        _lines = LogicalLines.Parse(text);
        _byName = new(() => _entries.ToLookup(e => e.Entry.Name, e => e.Entry, StringComparer.Ordinal));
        foreach (var line in _lines.Entries)
        {
            if (!line.IsOrphan && NameValue.TrySplit(line.Text, out var name, out var value))
            {
                _last[name] = _entries.Count;
                _entries.Add((new MainCfEntry(name, value, line.First + 1), line));
            }
        }
    }

    /// <summary>The settings in the order of the file, overridden ones included.</summary>
    public IReadOnlyList<MainCfEntry> Entries => _entries.ConvertAll(e => e.Entry);

    /// <summary>All entries of one parameter in the order of the file.</summary>
    public IReadOnlyList<MainCfEntry> EntriesOf(string name) => [.. _byName.Value[name]];

    /// <summary>Reads a file. Any text is accepted.</summary>
    public static MainCf Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new MainCf(text);
    }

    /// <summary>The value that counts (of the last entry), or null when the file does not set the parameter.</summary>
    public string? Get(string name) => Find(name)?.Value;

    /// <summary>The entry that counts, or null when the file does not set the parameter.</summary>
    public MainCfEntry? Find(string name) => _last.TryGetValue(name, out var at) ? _entries[at].Entry : null;

    /// <summary>
    /// Sets one parameter: in place at its last entry, or at the end of the file. Earlier entries of the name are removed.
    /// A value that differs only in white space is left as it stands.
    /// </summary>
    /// <exception cref="ArgumentException">Name or value cannot be written into main.cf.</exception>
    public MainCf Set(string name, string value) => Edit([(name, value)], null);

    /// <summary>Removes all entries of one parameter.</summary>
    public MainCf Remove(string name) => Edit([(name, null)], null);

    /// <summary>
    /// Sets (or with a null value removes) several parameters. Those that the file does not have come together, in the
    /// given order, below the comment line <paramref name="heading"/>: below the block that follows it where it already
    /// stands, else at the end of the file.
    /// </summary>
    /// <param name="settings">Names and values; a name given twice counts with its last value.</param>
    /// <param name="heading">A comment line, from <c>#</c> on, without terminator.</param>
    /// <exception cref="ArgumentException">A name, a value or the heading cannot be written into main.cf.</exception>
    public MainCf SetAll(IEnumerable<(string Name, string? Value)> settings, string heading)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(heading);
        if (!heading.StartsWith('#') || !TextLines.IsOneLine(heading))
        {
            throw new ArgumentException("the heading is not one comment line", nameof(heading));
        }

        return Edit(settings, heading);
    }

    /// <summary>The file's text.</summary>
    public override string ToString() => _text;

    private MainCf Edit(IEnumerable<(string Name, string? Value)> settings, string? heading)
    {
        var wanted = new OrderedDictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (name, value) in settings)
        {
            NameValue.Check(name, value);
            wanted[name] = value is null ? null : LogicalLines.Trim(value).ToString();
        }

        var edits = new LineEdits(_lines.Lines);
        for (var i = 0; i < _entries.Count; i++)
        {
            var (entry, line) = _entries[i];
            if (!wanted.TryGetValue(entry.Name, out var value))
            {
                continue;
            }

            if (value is null || _last[entry.Name] != i)
            {
                RemoveLines(edits, line, 0);
            }
            else if (!NameValue.SameWords(entry.Value, value))
            {
                edits.Replace(line.First, WithValue(_lines.Lines[line.First], entry.Name, value));
                RemoveLines(edits, line, 1);
            }
        }

        var added = wanted.Where(s => s.Value is not null && !_last.ContainsKey(s.Key))
            .Select(s => $"{s.Key} = {s.Value}".TrimEnd(' ')).ToList();
        if (added.Count > 0)
        {
            Append(edits, added, heading);
        }

        return edits.IsEmpty ? this : new MainCf(edits.Build());
    }

    private static void RemoveLines(LineEdits edits, LogicalLine line, int from)
    {
        foreach (var physical in line.Physical.AsSpan(from))
        {
            edits.Remove(physical);
        }
    }

    /// <summary>The first line of an entry with another value; spelling and spacing up to the value stay.</summary>
    private static string WithValue(string line, string name, string value)
    {
        var terminator = TextLines.TerminatorOf(line);
        var body = line[..^terminator.Length];
        var at = body.IndexOf('=', name.Length) + 1;
        if (at == 0)
        {
            return $"{name} = {value}".TrimEnd(' ') + terminator;
        }

        while (at < body.Length && body[at] is ' ' or '\t')
        {
            at++;
        }

        var prefix = body[..at];
        if (value.Length == 0)
        {
            prefix = prefix.TrimEnd(' ', '\t');
        }
        else if (prefix.EndsWith('=') && prefix.Length > 1 && LogicalLines.IsSpace(prefix[^2]))
        {
            prefix += " ";
        }

        return prefix + value + terminator;
    }

    private void Append(LineEdits edits, List<string> added, string? heading)
    {
        var lines = _lines.Lines;
        var at = heading is null ? -1 : Array.FindIndex(lines, l => LogicalLines.Trim(l).SequenceEqual(LogicalLines.Trim(heading)));
        if (at >= 0)
        {
            edits.Insert(EndOfBlock(at + 1), added);
            return;
        }

        if (heading is not null)
        {
            if (lines.Length > 0 && LogicalLines.Trim(lines[^1]).Length > 0)
            {
                edits.Insert(lines.Length, "");
            }

            edits.Insert(lines.Length, heading);
        }

        edits.Insert(lines.Length, added);
    }

    /// <summary>
    /// The first line index from <paramref name="at"/> on that neither continues a logical line nor begins one without a
    /// gap: a line inserted there never cuts a value in two.
    /// </summary>
    private int EndOfBlock(int at)
    {
        foreach (var line in _lines.Entries)
        {
            // A line at the head of the file that continues nothing would continue what is put above it.
            if ((line.First <= at && at <= line.Last) || (line.IsOrphan && at <= line.First))
            {
                at = line.Last + 1;
            }
            else if (line.First > at)
            {
                break;
            }
        }

        return at;
    }
}
