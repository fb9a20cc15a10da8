using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Execution.History;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Execution;

/// <summary>
/// The write-ahead record of one apply: a first line with the whole intent, then a line for each state reached. Each line ends
/// with its own SHA-256, so that a half-written last line is seen and left out. The first line is put in place whole, by a
/// rename, before anything is staged: a journal whose first line is not whole was damaged, not interrupted.
/// </summary>
public sealed class Journal
{
    /// <summary>Where journals live; 0700, owned by root.</summary>
    public const string DefaultDirectory = "/var/lib/mailtlsstate";

    private const int PrivateDirectory = 0x1C0; // 0700
    private const int PrivateFile = 0x180; // 0600

    private readonly IHostWriter _host;
    private readonly string _directory;
    private readonly List<JournalState> _reached;
    private bool _ragged;

    private Journal(IHostWriter host, string directory, JournalEntry entry, IEnumerable<JournalState> reached, bool ragged)
    {
        _host = host;
        _directory = directory;
        _reached = [.. reached];
        _ragged = ragged;
        Entry = entry;
        WasCutOff = ragged;
    }

    /// <summary>The intent.</summary>
    public JournalEntry Entry { get; }

    /// <summary>The last state that was reached for certain.</summary>
    public JournalState State => _reached.Count == 0 ? JournalState.Staging : _reached[^1];

    /// <summary>True when <paramref name="state"/> was reached for certain, whatever came after it.</summary>
    public bool HasReached(JournalState state) => _reached.Contains(state);

    /// <summary>True when the last line was not whole: the state after <see cref="State"/> may have been reached as well.</summary>
    public bool WasCutOff { get; }

    /// <summary>Path of the journal of the run at work.</summary>
    public static string PathIn(string directory) => directory + "/journal";

    /// <summary>Writes a new journal in state <see cref="JournalState.Staging"/> and makes it last.</summary>
    /// <exception cref="HostWriteException">It could not be written; nothing of it is left.</exception>
    /// <exception cref="MailTlsException">Somebody other than root may write to the directory.</exception>
    public static Journal Begin(IHostWriter host, string directory, JournalEntry entry)
    {
        directory = host.Resolve(directory);
        foreach (var path in new[] { directory, Archive.PathIn(directory) })
        {
            if (host.Stat(path) is null)
            {
                host.CreateDirectory(path, 0, 0, PrivateDirectory);
                host.SyncDirectory(Step.Parent(path));
            }

            if (Distrusted(host, path) is { } why)
            {
                throw new MailTlsException(why);
            }
        }

        var placed = false;
        try
        {
            WriteNew(host, directory, Line(JournalText.Write(entry)));
            host.Rename(New(directory), PathIn(directory), replace: false);
            placed = true;
            host.SyncDirectory(directory);
            return new Journal(host, directory, entry, [], ragged: false);
        }
        catch (HostWriteException)
        {
            // Nothing was staged yet, so a journal that cannot be relied on must not stay.
            TryUnlink(host, placed ? PathIn(directory) : New(directory));
            throw;
        }
    }

    /// <summary>The journal that an earlier run left behind, or null.</summary>
    /// <exception cref="JournalUnreadableException">There is one, and it cannot be followed.</exception>
    /// <exception cref="HostWriteException">It cannot be read.</exception>
    public static Journal? Open(IHostWriter host, string directory)
    {
        directory = host.Resolve(directory);
        return Read(host, directory, PathIn(directory));
    }

    /// <summary>As <see cref="Open"/>, from any path: also out of the archive.</summary>
    internal static Journal? Read(IHostWriter host, string directory, string path)
    {
        if (host.ReadBytes(path) is not { } bytes)
        {
            return null;
        }

        if ((Distrusted(host, directory) ?? Distrusted(host, Step.Parent(path)) ?? Distrusted(host, path)) is { } why)
        {
            throw new JournalUnreadableException(why);
        }

        var text = Encoding.UTF8.GetString(bytes);
        var terminated = text.EndsWith('\n');
        var lines = (terminated ? text[..^1] : text).Split('\n');
        var whole = lines.Select(Verified).ToList();
        var bad = whole.IndexOf(null);
        if (bad == 0 || (bad > 0 && bad < whole.Count - 1))
        {
            throw new JournalUnreadableException(JournalDamage.Describe(host, path, bad + 1, text));
        }

        var (entry, reached) = JournalText.Parse(whole[0]!, whole.Skip(1).OfType<string>(), path);
        return new Journal(host, directory, entry, reached, ragged: bad > 0 || !terminated);
    }

    /// <summary>Removes what a run left that died before its journal was in place: it had not begun anything else.</summary>
    public static void RemoveUnbegun(IHostWriter host, string directory)
    {
        directory = host.Resolve(directory);
        if (host.Stat(New(directory)) is not null)
        {
            host.Unlink(New(directory));
            host.SyncDirectory(directory);
        }
    }

    /// <summary>Writes that <paramref name="state"/> was reached and makes that last.</summary>
    public void Reach(JournalState state)
    {
        if (_ragged)
        {
            // What follows half a line would not be read as a line, so the whole ones are put into a new file first.
            WriteNew(_host, _directory, [.. Line(JournalText.Write(Entry)), .. _reached.SelectMany(s => Line(s.ToString()))]);
            _host.Rename(New(_directory), PathIn(_directory), replace: true);
            _host.SyncDirectory(_directory);
            _ragged = false;
        }

        // Until it is known to be whole, the line counts as half.
        _ragged = true;
        _host.AppendFile(PathIn(_directory), Line(state.ToString()));
        _ragged = false;
        _reached.Add(state);
    }

    /// <summary>True when the journal's last whole line is <paramref name="state"/>, whether or not it would survive a power cut.</summary>
    public bool IsWritten(JournalState state)
    {
        try
        {
            return Open(_host, _directory)?.State == state;
        }
        catch (Exception e) when (e is HostWriteException or JournalUnreadableException)
        {
            return false;
        }
    }

    /// <summary>Puts the journal into the archive: the run is over.</summary>
    public void Close()
    {
        // A run must be able to end, also where somebody removed the history.
        var archive = Archive.PathIn(_directory);
        if (_host.Stat(archive) is null)
        {
            _host.CreateDirectory(archive, 0, 0, PrivateDirectory);
            _host.SyncDirectory(_directory);
        }

        _host.Rename(PathIn(_directory), $"{archive}/{Entry.Id}", replace: true);
        Archive.Prune(_host, _directory);
        _host.SyncDirectory(archive);
        _host.SyncDirectory(_directory);
    }

    /// <summary>Removes the journal of a run that changed nothing.</summary>
    public void Discard()
    {
        _host.Unlink(PathIn(_directory));
        _host.SyncDirectory(_directory);
    }

    // Root does what a journal says.
    private static Diagnostic? Distrusted(IHostWriter host, string path) =>
        host.Stat(path) is { } at && (at.Owner != 0 || FileModes.OthersMayWrite(at.Mode)) ? ExecutionDiagnostics.JournalNotTrusted(path, at.Owner, at.Mode) : null;

    private static string New(string directory) => directory + "/journal.new";

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes($"{text} {Fingerprint.Digest(text)}\n");

    private static string? Verified(string line)
    {
        var cut = line.LastIndexOf(' ');
        return cut > 0 && Fingerprint.Digest(line[..cut]) == line[(cut + 1)..] ? line[..cut] : null;
    }

    // What an earlier run left under this name was never a journal.
    private static void WriteNew(IHostWriter host, string directory, byte[] content)
    {
        host.Unlink(New(directory));
        host.CreateFile(New(directory), content, 0, 0, PrivateFile);
    }

    private static void TryUnlink(IHostWriter host, string path)
    {
        try
        {
            host.Unlink(path);
        }
        catch (HostWriteException)
        {
            // The failure that led here is the one to report; the next run finds a file that changed nothing.
        }
    }
}
