namespace MailTlsState.HostTests.Lab;

/// <summary>How a command in a throwaway host ended.</summary>
/// <param name="Command">What was run.</param>
/// <param name="ExitCode">Its exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>Fails with everything the command said unless it ended with <paramref name="exitCode"/>.</summary>
    public CommandResult Expect(int exitCode) =>
        ExitCode == exitCode
            ? this
            : throw new Xunit.Sdk.XunitException($"exit {ExitCode} instead of {exitCode}{Environment.NewLine}{this}");

    /// <inheritdoc/>
    public override string ToString() => $"$ {Command}\n{Output}{Error}[exit {ExitCode}]";
}
