using MailTlsState.Certificates.HostTrust;
using MailTlsState.Diagnostics;
using MailTlsState.Planning;
using MailTlsState.Resources;

namespace MailTlsState.Execution.Reversal;

/// <summary>Takes a root out of the host's trust store again, where the apply that is taken back had put it there. Pure.</summary>
internal static class HostTrustReversal
{
    public const string Kind = "trustAnchor";

    public static IEnumerable<Change> Plan(ReversalRequest request, List<Diagnostic> diagnostics)
    {
        foreach (var change in request.Record.Changes.Where(c => c.Kind == Kind))
        {
            var step = request.Entry.Steps.OfType<ReplaceFileStep>().FirstOrDefault(s => s.Path == change.Name);
            var store = TrustStore.All.FirstOrDefault(s => change.Name.StartsWith(s.Directory + "/", StringComparison.Ordinal));
            if (change.Action == ChangeAction.Create && store is not null && step is not null && request.Observed.File(change.Name).Digest == step.NewDigest)
            {
                yield return new Change(Kind, change.Name, ChangeAction.Delete, request.Reason, [], null, [store.Program]) { Work = new RemoveAnchor(change.Name, store) };
            }
            else
            {
                diagnostics.Add(HistoryDiagnostics.Stays($"{change.Name} stays as it is now", "the next apply of the manifest brings it in line"));
            }
        }
    }
}
