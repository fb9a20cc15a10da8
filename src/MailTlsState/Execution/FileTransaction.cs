using MailTlsState.Diagnostics;
using MailTlsState.Hosts;

namespace MailTlsState.Execution;

/// <summary>
/// The files' part of an apply, without any daemon: begin, stage, before-images, intent, commit, then finish or undo. What is
/// to be done is decided from journal and disk alone, so that another process can go on where this one ended, at any point.
/// </summary>
public sealed class FileTransaction
{
    private readonly IHostWriter _host;

    // By path: the file that is replaced, as it was when its attributes were taken for the new one.
    private readonly Dictionary<string, FileIdentity> _old = [];

    private FileTransaction(IHostWriter host, Journal journal) => (_host, Journal) = (host, journal);

    /// <summary>Its journal.</summary>
    public Journal Journal { get; }

    /// <summary>Its intent.</summary>
    public JournalEntry Entry => Journal.Entry;

    /// <summary>How far it got for certain.</summary>
    public JournalState State => Journal.State;

    /// <summary>Writes the journal; from here on <see cref="Open"/> finds it.</summary>
    /// <exception cref="HostWriteException">It could not be written, and nothing of it is left.</exception>
    public static FileTransaction Begin(IHostWriter host, string journalDirectory, JournalEntry entry) => new(host, Journal.Begin(host, journalDirectory, entry));

    /// <summary>What an earlier process began and did not end, or null.</summary>
    /// <exception cref="JournalUnreadableException">There is a journal, and it cannot be followed.</exception>
    public static FileTransaction? Open(IHostWriter host, string journalDirectory)
    {
        if (Journal.Open(host, journalDirectory) is { } journal)
        {
            return new FileTransaction(host, journal);
        }

        Journal.RemoveUnbegun(host, journalDirectory);
        return null;
    }

    /// <summary>Writes every new file beside its place, whole, with its final owner and mode, and makes it last.</summary>
    /// <param name="files">One for each <see cref="ReplaceFileStep"/>.</param>
    /// <param name="now">The time; a file that is back-dated gets one a minute earlier.</param>
    public void Stage(IReadOnlyList<NewFile> files, DateTimeOffset now)
    {
        var steps = Entry.Steps.OfType<ReplaceFileStep>().ToList();
        foreach (var step in steps)
        {
            var file = files.Single(f => f.Path == step.Path);
            if ((file.Old ?? _host.Stat(step.Path)) is { } old)
            {
                _old[step.Path] = old;
            }

            _host.CreateFile(step.Staged, file.Content, file.Attributes.Owner, file.Attributes.Group, file.Attributes.Mode, like: step.BeforeImage is null ? null : step.Path, file.Label);
            if (file.BackDated)
            {
                _host.SetModificationTime(step.Staged, now - TimeSpan.FromMinutes(1));
            }
        }

        foreach (var directory in steps.Select(s => Step.Parent(s.Staged)).Distinct())
        {
            _host.SyncDirectory(directory);
        }
    }

    /// <summary>Gives every old file its second name, and sees that it is the file that the plan was made from.</summary>
    /// <exception cref="PlanStaleException">A file changed since it was observed.</exception>
    public void KeepBeforeImages()
    {
        foreach (var step in Entry.Steps.OfType<ReplaceFileStep>())
        {
            RequireOld(step);
            step.KeepBeforeImage(_host);
            RequireSame(step.Path, linked: true);
        }
    }

    /// <summary>Writes that files may change from here on.</summary>
    public void Intent() => Journal.Reach(JournalState.Intent);

    /// <summary>Brings every file to its new state. Files that go are removed by <see cref="Finish"/>, when the new state was seen.</summary>
    /// <exception cref="PlanStaleException">A file changed since it was observed; those before it are new already.</exception>
    public void Commit()
    {
        // All of them before the first rename, so that as a rule nothing has to be undone; each again right before its own.
        foreach (var step in Entry.Steps.OfType<ReplaceFileStep>())
        {
            RequireOld(step);
        }

        foreach (var step in Entry.Steps.Where(s => !s.FollowsProof))
        {
            if (step is ReplaceFileStep replace)
            {
                RequireOld(replace);
            }

            step.Do(_host);

            // An earlier step of this run may set owner, mode or label of a file that a later one replaces.
            if (step is not ReplaceFileStep && _old.ContainsKey(step.Path) && _host.Stat(step.Path) is { } set)
            {
                _old[step.Path] = set;
            }

            // A writer that had it open all the time wrote into what is the before-image now.
            if (step is ReplaceFileStep { BeforeImage: { } kept } done && Step.DigestOf(_host, kept) is { } digest && digest != done.OldDigest)
            {
                throw new PlanStaleException([$"{step.Path} was written to while it was replaced"]);
            }
        }

        Journal.Reach(JournalState.Committed);
    }

    /// <summary>Writes that the services were told.</summary>
    public void Activated() => Journal.Reach(JournalState.Activated);

    /// <summary>Writes that the new state was seen. From here on it only goes forward.</summary>
    /// <returns>False when it was written but may not last: then the before-images have to stay, and <see cref="Finish"/> is the next run's.</returns>
    /// <exception cref="HostWriteException">It was not written, so the only way is back.</exception>
    public bool Verified()
    {
        try
        {
            Journal.Reach(JournalState.Verified);
            return true;
        }
        catch (HostWriteException) when (Journal.IsWritten(JournalState.Verified))
        {
            // Undoing now could die half way, and the next run would find this line and go forward over a mixture.
            return false;
        }
    }

    /// <summary>After <see cref="Verified"/>: removes what the new state does not name, temporary files, and ends the journal.</summary>
    public void Finish()
    {
        foreach (var step in Entry.Steps.Where(s => s.FollowsProof))
        {
            step.Do(_host);
        }

        RemoveTemporaries();
        Journal.Close();
    }

    /// <summary>True after an <see cref="Undo"/> that put every file back, also where a program or the journal's line failed: the services can be told.</summary>
    public bool FilesAreBack { get; private set; }

    /// <summary>
    /// Puts every file back, newest change first, and writes that the services have still to be seen. May be repeated. Where one file cannot be
    /// put back none is, since files of both states need not go together; an error on the way ends it there, since in this order each state in between serves.
    /// </summary>
    /// <returns>What could not be put back; empty when all is as before.</returns>
    public IReadOnlyList<string> Undo()
    {
        // It was all done before that line was written; what somebody changed since is nobody's to take back.
        if (State == JournalState.VerifyLater)
        {
            FilesAreBack = true;
            return [];
        }

        var failed = new List<string>();
        try
        {
            if (Entry.Steps.Select(s => s.Hindrance(_host)).OfType<string>().ToList() is { Count: > 0 } hindrances)
            {
                return [$"{string.Join("; ", hindrances)}; so every file was left as it is: those of both states need not go together"];
            }

            foreach (var step in Entry.Steps.Reverse())
            {
                try
                {
                    step.Undo(_host);
                }
                catch (Exception e) when (step is not ReplaceFileStep && e is HostWriteException or MailTlsException)
                {
                    // A program that cannot be started, too, is no reason to leave the other files as they are.
                    failed.Add(Words(e));
                }
            }

            FilesAreBack = true;
            if (failed.Count == 0)
            {
                Journal.Reach(JournalState.VerifyLater);
            }
        }
        catch (Exception e) when (e is HostWriteException or StepNotUndoneException or MailTlsException)
        {
            failed.Add(Words(e));
        }

        return failed;
    }

    /// <summary>After <see cref="Undo"/>, when nothing more can be done: removes temporary files, and ends the journal.</summary>
    public void FinishUndone()
    {
        Journal.Reach(JournalState.RolledBack);
        RemoveTemporaries();
        Journal.Close();
    }

    /// <summary>Before <see cref="Intent"/>: removes what was staged, and the journal.</summary>
    public void Abandon()
    {
        RemoveTemporaries();
        Journal.Discard();
    }

    /// <summary>
    /// The files' part of a recovery: before the intent nothing but temporary files goes; after verification the rest is tidied
    /// up; in between every file is put back, and <see cref="FinishUndone"/> is still to come.
    /// </summary>
    /// <returns>What could not be done; empty when all is done.</returns>
    public IReadOnlyList<string> Recover()
    {
        try
        {
            switch (State)
            {
                // A line that was cut off may have been the intent: undoing what was not done does nothing.
                case JournalState.Staging when !Journal.WasCutOff:
                    Abandon();
                    return [];
                case JournalState.Verified:
                    Finish();
                    return [];
                case JournalState.RolledBack:
                    RemoveTemporaries();
                    Journal.Close();
                    return [];
                default:
                    return Undo();
            }
        }
        catch (Exception e) when (e is HostWriteException or MailTlsException or IOException)
        {
            return [Words(e)];
        }
    }

    private static string Words(Exception e) => e is MailTlsException refused ? string.Join("; ", refused.Diagnostics.Select(d => d.Fact)) : e.Message;

    private void RemoveTemporaries()
    {
        foreach (var name in Entry.Steps.SelectMany(s => s.TemporaryNames))
        {
            _host.Unlink(name);
        }

        foreach (var directory in Entry.Steps.SelectMany(s => s.TemporaryNames).Select(Step.Parent).Distinct().Where(d => _host.Stat(d) is not null))
        {
            _host.SyncDirectory(directory);
        }
    }

    private void RequireOld(ReplaceFileStep step)
    {
        if (_host.Resolve(step.Path) != step.Path)
        {
            throw HostWriteException.Swapped(step.Path);
        }

        if (Step.DigestOf(_host, step.Path) != step.OldDigest)
        {
            throw new PlanStaleException([$"{step.Path} changed after it was observed"]);
        }

        RequireSame(step.Path);
    }

    // Owner, mode, label and ACL of the new file are those that the old one had when it was looked at. What else of them changes
    // shows in the time of change alone, which a second name sets, too.
    private void RequireSame(string path, bool linked = false)
    {
        if (!_old.TryGetValue(path, out var old))
        {
            return;
        }

        var now = _host.Stat(path);
        if (now?.Inode != old.Inode)
        {
            throw new PlanStaleException([$"{path} was replaced by another file after it was observed"]);
        }

        if ((now.Owner, now.Group, now.Mode) != (old.Owner, old.Group, old.Mode) || (now.Changed != old.Changed && !linked))
        {
            throw new PlanStaleException([$"owner, mode or another attribute of {path} changed after it was observed"]);
        }

        _old[path] = now;
    }
}
