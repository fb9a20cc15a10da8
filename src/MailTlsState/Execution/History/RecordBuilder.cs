using MailTlsState.Certificates;
using MailTlsState.Hosts;
using MailTlsState.Planning;
using MailTlsState.Resources;
using MailTlsState.Services;

namespace MailTlsState.Execution.History;

/// <summary>Makes the record of an apply from its plan and the observation that the plan rests on. Pure.</summary>
internal static class RecordBuilder
{
    /// <summary>All but what only the plan's source knows.</summary>
    public static ApplyRecord Build(SourcedPlan made, Invocation invocation, IReadOnlyList<RecordedPair> pairs)
    {
        var plan = made.Planning.Plan!;
        return new ApplyRecord(
            invocation.UserId,
            invocation.Login,
            plan.Summary,
            [.. plan.Changes.Select(c => c with { Diff = null, Work = null })],
            [.. plan.Changes.Select(c => Edit(made.Observed, c.Work)).OfType<RecordedEdit>()],
            pairs);
    }

    /// <summary>The files among <paramref name="paths"/> that there are, with what each holds.</summary>
    public static IReadOnlyList<RecordedPairFile> PairFiles(HostObservation observed, IEnumerable<string> paths)
    {
        var files = new List<RecordedPairFile>();
        foreach (var file in paths.Distinct().Select(observed.File).Where(f => f is { Kind: FileKind.Regular, Text: not null }))
        {
            var pem = PemFile.Parse(file.Text!);
            files.Add(new RecordedPairFile(file.Path, !pem.Keys.Any() ? PairPart.Chain : pem.Certificates.Any() ? PairPart.Bundle : PairPart.Key));
        }

        return files;
    }

    private static RecordedEdit? Edit(HostObservation observed, Work? work)
    {
        var (path, after, backDated) = work switch
        {
            EditText e => (e.Path, e.Edit(observed.File(e.Path).Text ?? ""), e.KeepModificationTime),
            RemoveText r => (r.Path, "", false),
            _ => ("", "", false),
        };
        if (path.Length == 0)
        {
            return null;
        }

        var before = observed.File(path);
        return new RecordedEdit(path, before.Kind == FileKind.Absent, work is RemoveText, UnifiedDiff.Create(before.Text ?? "", after, path, path), backDated);
    }
}
