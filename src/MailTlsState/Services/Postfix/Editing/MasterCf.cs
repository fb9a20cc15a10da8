using System.Text;

namespace MailTlsState.Services.Postfix.Editing;

/// <summary>
/// master.cf, byte for byte (each byte one Latin-1 character). Immutable: an edit gives a new file in which only the
/// lines of that service differ; a service found before belongs to the file that it was found in.
/// Read as Postfix 3.5 to 3.11 read it (master(5)). Lines that the master would refuse are kept and are no entry.
/// </summary>
public sealed class MasterCf
{
    /// <summary>Service, type, private, unpriv, chroot, wakeup, maxproc, command.</summary>
    internal const int FieldCount = 8;

    private readonly string _text;
    private readonly LogicalLines _lines;
    private readonly List<MasterService> _services = [];

    private MasterCf(string text)
    {
        _text = text;
        _lines = LogicalLines.Parse(text);
        foreach (var line in _lines.Entries)
        {
            if (MasterLine.Parse(line) is { } service)
            {
                _services.Add(service);
            }
        }
    }

    /// <summary>The entries in the order of the file. Of two for the same name and type the master uses the last.</summary>
    public IReadOnlyList<MasterService> Services => _services;

    /// <summary>Reads a file. Any text is accepted.</summary>
    public static MasterCf Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new MasterCf(text);
    }

    /// <summary>The last entry with this name and type as they are spelled, or null.</summary>
    public MasterService? Find(string name, string type) => _services.FindLast(s => s.Name == name && s.Type == type);

    /// <summary>All <c>inet</c> entries on a TCP port, however it is spelled and whatever the address.</summary>
    public IEnumerable<MasterService> OnPort(int port) => _services.Where(s => s.Port == port);

    /// <summary>
    /// Sets <c>-o name=value</c>: in place at the last such option, or as a line of its own below the last <c>-o</c> or the
    /// command. Earlier options of the name are removed. A value with blanks is written as <c>-o { name = value }</c>
    /// (Postfix 3.0 and later).
    /// </summary>
    /// <exception cref="ArgumentException">Name or value cannot be written, or the service is not one of this file.</exception>
    public MasterCf SetOverride(MasterService service, string name, string value)
    {
        Check(service);
        var text = MasterText.Override(name, value);
        var same = service.Parsed.Where(o => o.Name == name).ToList();
        if (same.Count > 1)
        {
            var next = RemoveOptions(service, same[..^1]);
            return next.SetOverride(next._services[_services.IndexOf(service)], name, value);
        }

        if (same.Count == 0)
        {
            return AddOverride(service, text);
        }

        if (NameValue.SameWords(same[0].Value, value))
        {
            return this;
        }

        var glued = !LogicalLines.IsSpace(service.Source.Text[same[0].Value0 - 1]);
        return Replace(service, same[0].Value0, same[0].End, glued ? " " + text : text);
    }

    /// <summary>Removes all <c>-o</c> of a name; a line that holds nothing else goes whole.</summary>
    /// <exception cref="ArgumentException">The service is not one of this file.</exception>
    public MasterCf RemoveOverride(MasterService service, string name)
    {
        Check(service);
        var same = service.Parsed.Where(o => o.Name == name).ToList();
        return same.Count == 0 ? this : RemoveOptions(service, same);
    }

    /// <summary>Adds an entry, with one line for each override.</summary>
    /// <param name="fields">Its fields.</param>
    /// <param name="overrides">Its <c>-o</c>, in this order.</param>
    /// <param name="after">The entry below whose last line it comes; null puts it at the end of the file.</param>
    /// <exception cref="ArgumentException">A field, name or value cannot be written, or the service is not one of this file.</exception>
    public MasterCf AddService(MasterFields fields, IEnumerable<(string Name, string Value)> overrides, MasterService? after)
    {
        ArgumentNullException.ThrowIfNull(fields);
        ArgumentNullException.ThrowIfNull(overrides);
        if (after is not null)
        {
            Check(after);
        }

        var edits = new LineEdits(_lines.Lines);
        var at = after is null ? _lines.Lines.Length : after.Source.Last + 1;
        edits.Insert(at, MasterText.Entry(fields));
        edits.Insert(at, overrides.Select(o => $"  -o {MasterText.Override(o.Name, o.Value)}"));
        return new MasterCf(edits.Build());
    }

    /// <summary>Gives an entry another service name, which for an <c>inet</c> service is its address and port.</summary>
    /// <exception cref="ArgumentException">The name cannot be written, or the service is not one of this file.</exception>
    public MasterCf Rename(MasterService service, string name)
    {
        Check(service);
        MasterText.CheckField(name);
        return Replace(service, service.Tokens[0].Start, service.Tokens[0].End, name);
    }

    /// <summary>Comments out the lines of an entry.</summary>
    /// <exception cref="ArgumentException">The service is not one of this file.</exception>
    public MasterCf DisableService(MasterService service)
    {
        Check(service);
        var edits = new LineEdits(_lines.Lines);
        foreach (var line in service.Source.Physical)
        {
            edits.Replace(line, "#" + _lines.Lines[line]);
        }

        return new MasterCf(edits.Build());
    }

    /// <summary>The file's text.</summary>
    public override string ToString() => _text;

    private void Check(MasterService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        if (!_services.Contains(service))
        {
            throw new ArgumentException($"{service} is not a service of this file", nameof(service));
        }
    }

    private MasterCf AddOverride(MasterService service, string text)
    {
        var source = service.Source;
        var anchor = service.Parsed.Count > 0 ? service.Parsed[^1].End : service.Tokens[FieldCount - 1].End;
        var (line, _) = source.Locate(anchor - 1);
        var behind = service.Tokens.Where(t => t.Start >= anchor && source.Locate(t.Start).Line == line);
        if (!MasterLine.AreComplete(behind))
        {
            // Behind an argument the daemon would take -o for an argument too, behind a bare -o for its value.
            return Replace(service, anchor, anchor, $" -o {text}");
        }

        var indent = "  ";
        if (service.Parsed.Count > 0)
        {
            var above = _lines.Lines[source.Physical[line]];
            var blanks = above.Length - above.TrimStart(' ', '\t').Length;
            indent = blanks > 0 && above.AsSpan(blanks).StartsWith("-o") ? above[..blanks] : indent;
        }

        var edits = new LineEdits(_lines.Lines);
        edits.Insert(source.Physical[line] + 1, $"{indent}-o {text}");
        return new MasterCf(edits.Build());
    }

    private MasterCf RemoveOptions(MasterService service, List<ParsedOverride> options)
    {
        const int few = 16;
        if (options.Count > few)
        {
            return RemoveMany(service, options);
        }

        // From the last on, so that the places of the others stay.
        var (file, at) = (this, _services.IndexOf(service));
        for (var i = options.Count - 1; i >= 0; i--)
        {
            file = file.RemoveOption(file._services[at], options[i]);
        }

        return file;
    }

    /// <summary>In one pass, so that the time stays linear; the lines from the first option to the last become one.</summary>
    private MasterCf RemoveMany(MasterService service, List<ParsedOverride> options)
    {
        var text = service.Source.Text;
        var kept = new StringBuilder();
        var at = options[0].Start;
        foreach (var option in options)
        {
            kept.Append(text, at, option.Start - at);
            at = option.End;
        }

        return Replace(service, options[0].Start, at, LogicalLines.Trim(kept.ToString()).ToString());
    }

    private MasterCf RemoveOption(MasterService service, ParsedOverride option)
    {
        var start = option.Start;
        var text = service.Source.Text;
        if (text[start] == '-')
        {
            // Blanks before the option go with it, those at the start of its line stay.
            var lineStart = service.Source.Starts[service.Source.Locate(start).Line];
            while (start > lineStart && text[start - 1] is ' ' or '\t')
            {
                start--;
            }

            start = start == lineStart && lineStart > 0 ? option.Start : start;
        }

        return Replace(service, start, option.End, "");
    }

    /// <summary>Puts text in the place of a part of the logical line; lines that it spans become one.</summary>
    private MasterCf Replace(MasterService service, int start, int end, string text)
    {
        var source = service.Source;
        var lines = _lines.Lines;
        var (first, from) = source.Locate(start);
        var (last, to) = end > start ? source.Locate(end - 1) : (first, from - 1);
        to++;
        var edits = new LineEdits(lines);
        var head = lines[source.Physical[first]][..from];
        var tail = lines[source.Physical[last]][to..];
        if (text.Length == 0 && head.AsSpan().Trim(" \t").IsEmpty)
        {
            tail = tail.TrimStart(' ', '\t');
        }

        for (var i = first; i <= last; i++)
        {
            edits.Remove(source.Physical[i]);
        }

        var joined = LogicalLines.Trim(head + text + tail).ToString();
        if (joined.StartsWith('#') && first > 0)
        {
            // An argument that begins with # must not come to stand first on a line, where it would be a comment.
            var above = source.Physical[first - 1];
            var terminator = TextLines.TerminatorOf(lines[above]);
            edits.Replace(above, $"{lines[above][..^terminator.Length]} {joined}{TextLines.TerminatorOf(tail)}");
        }
        else if (joined.Length > 0)
        {
            edits.Replace(source.Physical[first], head + text + tail);
        }

        return new MasterCf(edits.Build());
    }
}
