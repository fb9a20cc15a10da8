using MailTlsState.Execution;

namespace MailTlsState.Cli;

/// <summary>Says on standard error what an apply or a recovery is doing.</summary>
internal sealed class TerminalProgress(Terminal terminal) : IApplyProgress
{
    public void Begin(string step) => terminal.Progress(step);
}
