using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Planning;

namespace MailTlsState.Execution;

/// <summary>
/// The write-ahead record of one apply: a first line with the whole intent, then a line for each state reached. Each line ends
/// with its own SHA-256, so that a half-written last line is seen and left out.
/// </summary>
public sealed class Journal
{
    /// <summary>Where journals live; 0700, owned by root.</summary>
    public const string DefaultDirectory = "/var/lib/mailtlsstate";

    private readonly IHostWriter _host;
    private readonly string _directory;

    private Journal(IHostWriter host, string directory, JournalEntry entry, JournalState state)
    {
        _host = host;
        _directory = directory;
        Entry = entry;
        State = state;
    }

    /// <summary>The intent.</summary>
    public JournalEntry Entry { get; }

    /// <summary>The last state that was reached for certain.</summary>
    public JournalState State { get; private set; }

    /// <summary>Writes a new journal in state <see cref="JournalState.Staging"/> and makes it last.</summary>
    public static Journal Begin(IHostWriter host, string directory, JournalEntry entry)
    {
        foreach (var (path, mode) in new[] { (directory, 0x1C0), (Archive(directory), 0x1C0) })
        {
            if (host.Stat(path) is null)
            {
                host.CreateDirectory(path, 0, 0, mode);
                host.SyncDirectory(Step.Parent(path));
            }
        }

        // A first line that was cut off says nothing that recovery could use: it was written before anything was staged.
        host.Unlink(Current(directory));
        host.CreateFile(Current(directory), Line(JournalText.Write(entry)), 0, 0, 0x180);
        host.SyncDirectory(directory);
        return new Journal(host, directory, entry, JournalState.Staging);
    }

    /// <summary>The journal that an earlier run left behind, or null.</summary>
    public static Journal? Open(IHostWriter host, string directory)
    {
        if (host.ReadBytes(Current(directory)) is not { } bytes)
        {
            return null;
        }

        var lines = Encoding.UTF8.GetString(bytes).Split('\n').Select(Verified).TakeWhile(l => l is not null).ToList();
        if (lines.Count == 0)
        {
            return null;
        }

        var entry = JournalText.Read(lines[0]!);
        var state = lines.Skip(1).Select(l => Enum.Parse<JournalState>(l!)).LastOrDefault(JournalState.Staging);
        return new Journal(host, directory, entry, state);
    }

    /// <summary>Writes that <paramref name="state"/> was reached and makes that last.</summary>
    public void Reach(JournalState state)
    {
        _host.AppendFile(Current(_directory), Line(state.ToString()));
        State = state;
    }

    /// <summary>Puts the journal into the archive: the run is over.</summary>
    public void Close()
    {
        _host.Rename(Current(_directory), $"{Archive(_directory)}/{Entry.Id}", replace: true);
        _host.SyncDirectory(Archive(_directory));
        _host.SyncDirectory(_directory);
    }

    /// <summary>Removes the journal of a run that changed nothing.</summary>
    public void Discard()
    {
        _host.Unlink(Current(_directory));
        _host.SyncDirectory(_directory);
    }

    private static string Current(string directory) => directory + "/journal";

    private static string Archive(string directory) => directory + "/applied";

    private static byte[] Line(string text) => Encoding.UTF8.GetBytes($"{text} {Fingerprint.Digest(text)}\n");

    private static string? Verified(string line)
    {
        var cut = line.LastIndexOf(' ');
        return cut > 0 && Fingerprint.Digest(line[..cut]) == line[(cut + 1)..] ? line[..cut] : null;
    }
}
