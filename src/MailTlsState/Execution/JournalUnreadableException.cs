using MailTlsState.Diagnostics;

namespace MailTlsState.Execution;

/// <summary>An earlier run left a journal that cannot be followed: damaged, or written by a newer version. It stays where it is.</summary>
public sealed class JournalUnreadableException(Diagnostic diagnostic) : Exception(diagnostic.Fact)
{
    /// <summary>What is wrong with it and what to do.</summary>
    public Diagnostic Diagnostic { get; } = diagnostic;
}
