using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>When a trust store is made anew.</summary>
public enum TrustRefresh
{
    /// <summary>When the files before it are in their new state.</summary>
    AfterFiles,

    /// <summary>On the way back, when the files after it are in their old state.</summary>
    AfterUndo,

    /// <summary>When a file that is not needed any more is gone.</summary>
    AfterRemoval,
}

/// <summary>Runs the program that makes the host's programs see which roots they trust. It may run any number of times.</summary>
/// <param name="Path">The program.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="When">At which of its turns it does something.</param>
public sealed record RefreshTrustStep(string Path, IReadOnlyList<string> Arguments, TrustRefresh When) : Step(Path)
{
    private const int TimedOut = 124;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public override TimeSpan Patience => Limit;

    /// <inheritdoc/>
    public override bool FollowsProof => When == TrustRefresh.AfterRemoval;

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => false;

    /// <inheritdoc/>
    public override void Do(IHostWriter host)
    {
        if (When != TrustRefresh.AfterUndo)
        {
            Run(host);
        }
    }

    /// <inheritdoc/>
    public override void Undo(IHostWriter host)
    {
        if (When == TrustRefresh.AfterUndo)
        {
            Run(host);
        }
    }

    private void Run(IHostWriter host)
    {
        var call = new ProcessCall(Path, Arguments, Limit);
        var result = host.RunAsync(call, CancellationToken.None).GetAwaiter().GetResult();
        if (result.ExitCode != 0)
        {
            var words = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it says nothing";
            throw new HostWriteException("run", call.ToString(), 0, result.ExitCode == TimedOut ? "it does not end" : $"exit status {result.ExitCode}: {words}");
        }
    }
}
