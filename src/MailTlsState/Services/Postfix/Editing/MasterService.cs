using System.Globalization;

namespace MailTlsState.Services.Postfix.Editing;

/// <summary>One <c>-o name=value</c> of a service.</summary>
/// <param name="Name">Parameter name.</param>
/// <param name="Value">Its value for this service; empty is a value.</param>
/// <param name="Line">1-based line on which the value begins.</param>
public sealed record MasterOverride(string Name, string Value, int Line);

/// <summary>The fields of a master.cf entry (master(5)) as they are spelled there, <c>-</c> for the default.</summary>
/// <param name="Name">Service name; for an <c>inet</c> service a port, or host and port.</param>
/// <param name="Type"><c>inet</c>, <c>unix</c>, <c>unix-dgram</c>, <c>fifo</c> or <c>pass</c>.</param>
/// <param name="Private"><c>y</c>, <c>n</c> or <c>-</c> (y).</param>
/// <param name="Unprivileged"><c>y</c>, <c>n</c> or <c>-</c> (y).</param>
/// <param name="Chroot"><c>y</c>, <c>n</c> or <c>-</c> (n since Postfix 3.0).</param>
/// <param name="WakeUp">Seconds, perhaps with <c>?</c>, or <c>-</c> (never).</param>
/// <param name="MaxProcesses">Process limit, or <c>-</c> (default_process_limit).</param>
/// <param name="Command">Program, relative to the daemon directory.</param>
public sealed record MasterFields(
    string Name, string Type, string Private, string Unprivileged, string Chroot, string WakeUp, string MaxProcesses, string Command);

/// <summary>One entry of master.cf.</summary>
public sealed class MasterService
{
    internal MasterService(LogicalLine source, MasterFields fields, IReadOnlyList<MasterToken> tokens, IReadOnlyList<ParsedOverride> parsed)
    {
        Source = source;
        Fields = fields;
        Tokens = tokens;
        Parsed = parsed;
        Overrides = [.. parsed.Select(o => new MasterOverride(o.Name, o.Value, source.Physical[source.Locate(o.Value0).Line] + 1))];
        (Address, Port) = fields.Type == "inet" ? ServiceEndpoint.Parse(fields.Name) : (null, null);
    }

    /// <summary>The eight fields.</summary>
    public MasterFields Fields { get; }

    /// <summary>Service name as it is spelled.</summary>
    public string Name => Fields.Name;

    /// <summary>Service type.</summary>
    public string Type => Fields.Type;

    /// <summary>Program, relative to the daemon directory.</summary>
    public string Command => Fields.Command;

    /// <summary><c>name/type</c>, the way <c>postconf -M</c> and <c>-P</c> name it.</summary>
    public string Key => $"{Name}/{Type}";

    /// <summary>TCP port of an <c>inet</c> service; null for other types and for names that are not known.</summary>
    public int? Port { get; }

    /// <summary>Host or address of an <c>inet</c> service, without brackets; null when it listens on inet_interfaces.</summary>
    public string? Address { get; }

    /// <summary>1-based number of the entry's first line.</summary>
    public int Line => Source.First + 1;

    /// <summary>1-based number of the entry's last line.</summary>
    public int LastLine => Source.Last + 1;

    /// <summary>All <c>-o</c> in the order of the file; of several with one name the last counts.</summary>
    public IReadOnlyList<MasterOverride> Overrides { get; }

    /// <summary>Options and arguments behind the command as the daemon gets them, braces removed.</summary>
    public IReadOnlyList<string> Arguments => [.. Tokens.Skip(MasterCf.FieldCount).Select(t => t.Text)];

    internal LogicalLine Source { get; }

    internal IReadOnlyList<MasterToken> Tokens { get; }

    internal IReadOnlyList<ParsedOverride> Parsed { get; }

    /// <summary>The value of the override that counts, or null when the service has none of this name.</summary>
    public string? Override(string name) => Overrides.LastOrDefault(o => o.Name == name)?.Value;

    /// <inheritdoc/>
    public override string ToString() => $"{Key} (line {Line.ToString(CultureInfo.InvariantCulture)})";
}

/// <summary>A word of a logical line: <c>Text[Start..End]</c>, without enclosing braces in <see cref="Text"/>.</summary>
internal sealed record MasterToken(string Text, int Start, int End, bool Braced);

/// <summary>An override and where it stands: the option from <c>Start</c> (its dash), the value in <c>Value0..End</c>.</summary>
/// <param name="Name">Parameter name.</param>
/// <param name="Value">Parameter value.</param>
/// <param name="Start">Where the option begins; in <c>-vo</c> at the <c>o</c>.</param>
/// <param name="Value0">Where <c>name=value</c> or its brace begins.</param>
/// <param name="End">Behind it.</param>
internal sealed record ParsedOverride(string Name, string Value, int Start, int Value0, int End);
