using MailTlsState.Diagnostics;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>
/// Takes overriding lines away from the manifest's names and leaves them to the others of their block: from <c>local_name "a b" { }</c>
/// our name goes, and a block that uses a group (2.4) uses it no longer. Where a block says more than what the manifest decides, or is about
/// a name with a star, the lines themselves go, and it is said who loses them.
/// </summary>
/// <param name="names">The manifest's names.</param>
/// <param name="managed">The settings that the manifest decides.</param>
/// <param name="diagnostics">Takes what others lose.</param>
internal sealed class DovecotSharing(IReadOnlyList<string> names, HashSet<string> managed, List<Diagnostic> diagnostics)
{
    private readonly HashSet<(string, int)> _told = [];

    /// <summary>What is done about each of these lines.</summary>
    public IReadOnlyList<DovecotLineEdit> Edits(DovecotTree tree, IReadOnlyList<DovecotAssignment> found)
    {
        var more = tree.Assignments.Where(a => !managed.Contains(a.Name)).ToList();
        var mixed = more.SelectMany(a => a.Around).Select(Place).ToHashSet();
        var mixedGroups = more.Where(a => a.Path.Count > 0).Select(a => a.Path[0].Group).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return [.. found.Select(Edit)];

        DovecotLineEdit Edit(DovecotAssignment line)
        {
            if (line.Use is { } use)
            {
                var group = $"{use.Name}/{use.Value}";
                if (!mixedGroups.Contains(group))
                {
                    Tell(use, Shared(use)?.Others ?? []);
                    return DovecotLineEdit.Remove(use);
                }

                Tell(line, [.. tree.GroupUses.Where(u => $"{u.Name}/{u.Value}" == group).SelectMany(u => Shared(u)?.Others ?? [])]);
                return DovecotLineEdit.Remove(line with { Path = [new DovecotHeader($"group {use.Name}", use.Value)] });
            }

            if (Shared(line) is not { } shared)
            {
                return DovecotLineEdit.Remove(line);
            }

            var (block, ours, others) = shared;
            if (ours && others.Count > 0 && !mixed.Contains(Place(block)) && !others.Any(o => names.Any(n => DovecotFilter.MatchesName(n, o))))
            {
                return DovecotLineEdit.Narrow(block, block.Path[^1] with { Argument = string.Join(' ', others) });
            }

            Tell(line, others);
            return DovecotLineEdit.Remove(line);
        }
    }

    private static (string File, int Line) Place(DovecotOpened block) => (block.File, block.Line);

    /// <summary>The block that says for which names a line is, whether one of ours is written there, and the other names; null where it is for all.</summary>
    private (DovecotOpened Block, bool Ours, IReadOnlyList<string> Others)? Shared(DovecotAssignment line)
    {
        if (line.Around.LastOrDefault(b => b.Path[^1].Kind == "local_name") is not { } block)
        {
            return null;
        }

        var all = block.Path[^1].Argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var others = all.Except(names, StringComparer.OrdinalIgnoreCase).ToList();
        return (block, others.Count < all.Length, others);
    }

    // Once for each block: its lines go together.
    private void Tell(DovecotAssignment line, IReadOnlyList<string> others)
    {
        if (others.Count > 0 && _told.Add(line.Around.Count > 0 ? Place(line.Around[^1]) : (line.File, line.Line)))
        {
            diagnostics.Add(DovecotDiagnostics.SharedBlock(new SourceLocation(line.File, line.Line, 1), $"{line.Name} = {line.Value}", string.Join(", ", others.Distinct())));
        }
    }
}
