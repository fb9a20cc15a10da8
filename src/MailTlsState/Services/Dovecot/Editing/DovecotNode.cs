namespace MailTlsState.Services.Dovecot.Editing;

/// <summary>One statement of a Dovecot configuration file.</summary>
/// <param name="Line">1-based number of its first line.</param>
/// <param name="EndLine">1-based number of its last line.</param>
public abstract record DovecotNode(int Line, int EndLine);

/// <summary>How a value is written.</summary>
public enum DovecotValueKind
{
    /// <summary>The value itself, quotes and their escapes removed.</summary>
    Text,

    /// <summary><c>&lt;path</c>: the content of a file.</summary>
    File,

    /// <summary>Unquoted text with <c>$</c>: other settings are put in.</summary>
    Expression,

    /// <summary><c>doveconf</c> did not show it (<c># hidden, use -P to show it</c>).</summary>
    Hidden,
}

/// <summary><c>name = value</c>.</summary>
/// <param name="Name">Setting name as it is spelled.</param>
/// <param name="Value">Value as <c>doveconf</c> shows it, for a file <c>&lt;</c> and the path as it is spelled.</param>
/// <param name="Kind">How the value is written.</param>
/// <param name="Line">1-based number of its first line.</param>
/// <param name="EndLine">1-based number of its last line.</param>
public sealed record DovecotSetting(string Name, string Value, DovecotValueKind Kind, int Line, int EndLine) : DovecotNode(Line, EndLine)
{
    /// <summary>Path of a value that is the content of a file, else null.</summary>
    public string? FilePath => Kind == DovecotValueKind.File ? Value[1..] : null;
}

/// <summary><c>kind argument { … }</c>.</summary>
/// <param name="Header">Kind and argument.</param>
/// <param name="Children">Statements in it, in their order.</param>
/// <param name="Line">1-based number of the line that opens it.</param>
/// <param name="EndLine">1-based number of the line that closes it; the file's last line when none does.</param>
/// <param name="Closed">False when no line of this file closes it.</param>
public sealed record DovecotBlock(DovecotHeader Header, IReadOnlyList<DovecotNode> Children, int Line, int EndLine, bool Closed)
    : DovecotNode(Line, EndLine);

/// <summary><c>!include pattern</c> or <c>!include_try pattern</c>.</summary>
/// <param name="Pattern">Path or glob pattern as it is spelled.</param>
/// <param name="Optional">True for <c>!include_try</c>: nothing that matches is no error.</param>
/// <param name="Line">1-based number of its first line.</param>
/// <param name="EndLine">1-based number of its last line.</param>
public sealed record DovecotInclude(string Pattern, bool Optional, int Line, int EndLine) : DovecotNode(Line, EndLine);

/// <summary>A comment line.</summary>
/// <param name="Text">From <c>#</c> on.</param>
/// <param name="Line">1-based line number.</param>
public sealed record DovecotComment(string Text, int Line) : DovecotNode(Line, Line);

/// <summary>A statement that Dovecot refuses.</summary>
/// <param name="Problem">Why.</param>
/// <param name="Line">1-based number of its first line.</param>
/// <param name="EndLine">1-based number of its last line.</param>
public sealed record DovecotFault(string Problem, int Line, int EndLine) : DovecotNode(Line, EndLine);

/// <summary>What opens a block: <c>local_name mail.example.org</c>, <c>service imap-login</c>, <c>passdb</c>.</summary>
/// <param name="Kind">First word.</param>
/// <param name="Argument">Second word, quotes removed; empty when there is none.</param>
public sealed record DovecotHeader(string Kind, string Argument)
{
    /// <summary>The address that Dovecot was told for a host name in its place, or null.</summary>
    public string? Address { get; init; }

    /// <summary>The address or network that a <c>local</c> or <c>remote</c> block is about.</summary>
    public string Network => Address ?? Argument;

    /// <summary>True for blocks that only limit to which connections their settings apply.</summary>
    public bool IsFilter => Kind is "protocol" or "local" or "local_name" or "remote";

    /// <summary>True for a filter, and for 2.4's named filter of the TLS server, whose settings are the connection's, too.</summary>
    public bool IsTransparent => IsFilter || (Kind == "ssl_server" && Argument.Length == 0);

    /// <summary>Name of the group that the block defines (2.4: <c>group @LABEL NAME { }</c>) as <c>@LABEL/NAME</c>, or null.</summary>
    public string? Group => Kind.StartsWith("group @", StringComparison.Ordinal) ? $"{Kind["group ".Length..]}/{Argument}" : null;

    /// <inheritdoc/>
    public override string ToString() => Argument.Length == 0 ? Kind : $"{Kind} {Argument}";
}

/// <summary>Opens or closes a block, between settings: what is left of a file when its blocks are not put together.</summary>
internal sealed record DovecotOpen(DovecotHeader Header, int Line, int EndLine) : DovecotNode(Line, EndLine);

/// <summary>The line <c>}</c>.</summary>
internal sealed record DovecotClose(int Line, int EndLine) : DovecotNode(Line, EndLine);
