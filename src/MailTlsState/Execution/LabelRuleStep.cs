using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;

namespace MailTlsState.Execution;

/// <summary>Adds or removes a local rule of which label a path gets, through semanage(8), which alone keeps it for the next time that the policy is built.</summary>
/// <param name="Path">The rule's pattern.</param>
/// <param name="Type">The type that it gives.</param>
/// <param name="Rules">Where semanage writes the local rules (file_contexts.local).</param>
/// <param name="Adds">True when it is added, false when it is removed.</param>
public sealed record LabelRuleStep(string Path, string Type, string Rules, bool Adds) : Step(Path)
{
    // Building a policy takes seconds, on a small machine many.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <inheritdoc/>
    public override bool IsDone(IHostWriter host) => IsThere(host) == Adds;

    /// <inheritdoc/>
    public override void Do(IHostWriter host) => Bring(host, Adds);

    /// <inheritdoc/>
    public override void Undo(IHostWriter host) => Bring(host, !Adds);

    private bool IsThere(IHostWriter host) => host.ReadBytes(Rules) is { } bytes
        && Encoding.Latin1.GetString(bytes).Split('\n').Any(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [var pattern, .., var context] && pattern == Path && SecurityContext.TypeOf(context) == Type);

    private void Bring(IHostWriter host, bool there)
    {
        if (IsThere(host) == there)
        {
            return;
        }

        var call = new ProcessCall(SecurityContext.SeManage, there ? ["fcontext", "-a", "-t", Type, Path] : ["fcontext", "-d", Path], Patience);
        var result = host.RunAsync(call, CancellationToken.None).GetAwaiter().GetResult();
        if (result.ExitCode != 0 || IsThere(host) != there)
        {
            var words = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it says nothing";
            throw new HostWriteException("run", call.ToString(), 0, $"exit status {result.ExitCode}: {words}");
        }
    }
}
