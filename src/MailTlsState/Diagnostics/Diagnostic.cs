namespace MailTlsState.Diagnostics;

/// <summary>How much a diagnostic weighs.</summary>
public enum Severity
{
    /// <summary>The command cannot go on; nothing was changed.</summary>
    Error,

    /// <summary>The command goes on; the administrator should act.</summary>
    Warning,

    /// <summary>A fact worth knowing.</summary>
    Note,
}

/// <summary>A place in a text file.</summary>
/// <param name="File">Path as the user gave it.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Column">1-based column, counted in characters.</param>
public sealed record SourceLocation(string File, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}:{Column}";
}

/// <summary>One kind of diagnostic: what <c>mailtls explain</c> prints. Codes are never reused.</summary>
/// <param name="Id">Stable identifier, <c>MTS</c> and four digits.</param>
/// <param name="Title">The fact in a few words, lower case, no full stop.</param>
/// <param name="Explanation">Why it is so, what it costs, and what to do: a paragraph or two, plain text.</param>
public sealed record DiagnosticCode(string Id, string Title, string Explanation);

/// <summary>One fact that the user should know, with its remedy.</summary>
/// <param name="Code">The kind.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Fact">What is the case; lower case start, no full stop.</param>
/// <param name="Remedy">What to do about it; lower case start, no full stop.</param>
/// <param name="Location">Where, if it is about a place in a file.</param>
public sealed record Diagnostic(DiagnosticCode Code, Severity Severity, string Fact, string Remedy, SourceLocation? Location = null)
{
    /// <summary>The form on a terminal: <c>file:line:col: error MTS0123: fact. hint: remedy</c>.</summary>
    public override string ToString()
    {
        var place = Location is null ? "" : $"{Location}: ";
        var hint = Remedy.Length == 0 ? "" : $" hint: {Remedy}";
        return $"{place}{Severity.ToString().ToLowerInvariant()} {Code.Id}: {Fact}.{hint}";
    }
}

/// <summary>Ends a command with every diagnostic that was found; nothing was changed.</summary>
public sealed class MailTlsException : Exception
{
    /// <summary>Creates the exception for one diagnostic.</summary>
    public MailTlsException(Diagnostic diagnostic)
        : this([diagnostic])
    {
    }

    /// <summary>Creates the exception for all diagnostics that were found.</summary>
    public MailTlsException(IReadOnlyList<Diagnostic> diagnostics)
        : base(string.Join(Environment.NewLine, diagnostics)) => Diagnostics = diagnostics;

    /// <summary>All that was found, in the order in which it was found.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }
}
