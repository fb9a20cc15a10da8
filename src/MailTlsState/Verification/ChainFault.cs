using MailTlsState.Diagnostics;

namespace MailTlsState.Verification;

/// <summary>One thing that is wrong with a chain.</summary>
/// <param name="Code">The kind.</param>
/// <param name="Severity">Failure when clients refuse the chain, else a warning.</param>
/// <param name="Expected">What should be.</param>
/// <param name="Observed">What is.</param>
/// <param name="Rule">Section of an RFC.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ChainFault(DiagnosticCode Code, FindingSeverity Severity, string Expected, string Observed, string Rule, string Remedy);
