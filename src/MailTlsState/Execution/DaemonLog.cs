using System.Globalization;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Execution;

/// <summary>
/// What the daemons log from a moment on: their own file, the system's mail log, or the journal. Only for reports; nothing is
/// decided by it.
/// </summary>
internal sealed class DaemonLog
{
    private const int MostBytes = 256 * 1024;
    private const int MostLines = 20;
    private const string Journalctl = "/usr/bin/journalctl";

    // Where syslog puts the mail facility on the distributions that there are; the first that exists.
    private static readonly string[] MailLogs = ["/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/log/syslog", "/var/log/messages"];

    private readonly IHost _host;
    private readonly IHostWriter _writer;
    private readonly IReadOnlyList<string> _files;
    private readonly bool _journal;
    private DateTimeOffset _since;
    private IReadOnlyDictionary<string, long> _sizes = new Dictionary<string, long>();

    private DaemonLog(IHost host, IHostWriter writer, IReadOnlyList<string> files, bool journal) =>
        (_host, _writer, _files, _journal) = (host, writer, files, journal);

    /// <summary>Finds where <paramref name="services"/> log to.</summary>
    public static async Task<DaemonLog> FindAsync(IHost host, IHostWriter writer, IEnumerable<ServiceKind> services)
    {
        var own = await Task.WhenAll(services.Distinct().Select(s => FileOfAsync(host, s))).ConfigureAwait(false);
        var files = own.OfType<string>().ToHashSet();
        var journal = false;
        if (own.Contains(null))
        {
            var mailLog = MailLogs.FirstOrDefault(f => SizeOf(writer, f) is not null);
            _ = mailLog is null ? journal = true : files.Add(mailLog);
        }

        return new DaemonLog(host, writer, [.. files], journal);
    }

    /// <summary>Notes how far they are.</summary>
    public void Mark()
    {
        _since = _host.Clock.GetUtcNow();
        _sizes = _files.ToDictionary(f => f, f => SizeOf(_writer, f) ?? 0);
    }

    /// <summary>What was logged since the mark, as far as it is <see cref="Telling"/>.</summary>
    public async Task<IReadOnlyList<string>> SinceAsync()
    {
        var lines = _sizes.SelectMany(f => Lines(f.Key, f.Value)).ToList();
        if (_journal)
        {
            var since = "@" + (_since.ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
            lines.AddRange((await AskAsync(_host, new ProcessCall(Journalctl, ["--quiet", "--no-pager", "--output=short-iso", "--since", since, "SYSLOG_FACILITY=2"])).ConfigureAwait(false)).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }

        return Telling(lines);
    }

    /// <summary>Warnings and errors, or all when there are none; each once, the first of them.</summary>
    public static IReadOnlyList<string> Telling(IReadOnlyCollection<string> lines)
    {
        var telling = lines.Where(IsTelling).ToList();
        return [.. (telling.Count > 0 ? telling : lines).DistinctBy(Message).Take(MostLines)];
    }

    // A report that lacks the log is still a report.
    private static async Task<string?> FileOfAsync(IHost host, ServiceKind kind)
    {
        try
        {
            return await MailServices.Of(kind).LogFileAsync(host, CancellationToken.None).ConfigureAwait(false);
        }
        catch (MailTlsException)
        {
            return null;
        }
    }

    private static async Task<string> AskAsync(IHost host, ProcessCall call)
    {
        try
        {
            return (await host.RunAsync(call, CancellationToken.None).ConfigureAwait(false)).Output;
        }
        catch (MailTlsException e)
        {
            return e.Message;
        }
    }

    private IEnumerable<string> Lines(string file, long from)
    {
        try
        {
            // A file that is shorter than it was has been rotated.
            var bytes = _writer.ReadFrom(file, SizeOf(_writer, file) < from ? 0 : from, MostBytes);
            return Encoding.Latin1.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (HostWriteException e)
        {
            return [$"(the log cannot be read: {e.Message})"];
        }
    }

    private static long? SizeOf(IHostWriter writer, string file)
    {
        try
        {
            return writer.Stat(file) is { Kind: FileKind.Regular } found ? found.Size : null;
        }
        catch (HostWriteException)
        {
            // A log that cannot be looked at says nothing.
            return null;
        }
    }

    // Dovecot names OpenSSL's error where a client went away, and Postfix where one offered nothing but old versions, as our own probes do on
    // purpose. Where Dovecot logs to its stderr, as in the rehearsal, the level stands before the words.
    private static bool IsTelling(string line) =>
        !line.Contains("-login: Disconnected: ", StringComparison.Ordinal)
        && !line.Contains(": Info: ", StringComparison.Ordinal) && !line.Contains(": Debug: ", StringComparison.Ordinal)
        && !(line.Contains("TLS library problem", StringComparison.Ordinal) && line.Contains("unsupported protocol", StringComparison.Ordinal))
        && new[] { "warning:", "error:", "fatal:", "panic:" }.Any(w => line.Contains(w, StringComparison.OrdinalIgnoreCase));

    // Without time, host and process id: a daemon says the same to every probe.
    private static string Message(string line)
    {
        var cut = line.IndexOf("]: ", StringComparison.Ordinal);
        return cut < 0 ? line : line[cut..];
    }
}
