using System.Globalization;
using System.Text;
using MailTlsState.Hosts;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Services;

namespace MailTlsState.Execution;

/// <summary>What SELinux refused the mail daemons from a moment on: from the audit log, the kernel's log file or the journal. Only for reports.</summary>
public sealed class DenialLog(IHost host, IHostWriter writer, HostFacts facts)
{
    private const int MostBytes = 1024 * 1024;
    private const int MostDenials = 5;
    private const string Journalctl = "/usr/bin/journalctl";

    // Where auditd writes, else where syslog puts the kernel's words; the first that exists.
    private static readonly string[] Files = ["/var/log/audit/audit.log", "/var/log/kern.log", "/var/log/messages"];

    private string? _file;
    private long _size;
    private DateTimeOffset _since;

    /// <summary>Notes how far it is.</summary>
    public void Mark()
    {
        _since = host.Clock.GetUtcNow();
        _file = facts.SeLinux ? Files.FirstOrDefault(f => SizeOf(f) is not null) : null;
        _size = _file is null ? 0 : SizeOf(_file) ?? 0;
    }

    /// <summary>The refusals since the mark, each kind once.</summary>
    public async Task<IReadOnlyList<Denial>> SinceAsync()
    {
        if (!facts.SeLinux)
        {
            return [];
        }

        try
        {
            // A file that is shorter than it was has been rotated.
            IReadOnlyList<Denial> found = _file is null ? [] : Of(Encoding.Latin1.GetString(writer.ReadFrom(_file, SizeOf(_file) < _size ? 0 : _size, MostBytes)).Split('\n'));

            // A file may be left of a syslog that does not run any more.
            return found.Count == 0 && facts.Systemd ? Of((await JournalAsync().ConfigureAwait(false)).Split('\n')) : found;
        }
        catch (Exception e) when (e is HostWriteException or Diagnostics.MailTlsException)
        {
            // A report that lacks the log is still a report.
            return [];
        }
    }

    private async Task<string> JournalAsync()
    {
        var since = "@" + (_since.ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
        return (await host.RunAsync(new ProcessCall(Journalctl, ["--quiet", "--no-pager", "--output=short-iso", "--since", since, "_TRANSPORT=audit", "+", "_TRANSPORT=kernel"]), CancellationToken.None).ConfigureAwait(false)).Output;
    }

    /// <summary>The refusals of the mail daemons among lines of a log: each kind once, the first of them.</summary>
    public static IReadOnlyList<Denial> Of(IEnumerable<string> lines) =>
    [
        .. lines.Select(Denial.Parse).OfType<Denial>()
            .Where(d => Enum.GetValues<ServiceKind>().SelectMany(k => MailServices.Of(k).SeLinuxDomains).Any(domain => Family(domain) == Family(d.Domain)))
            .DistinctBy(d => (d.Domain, d.Permission, d.Type, d.Class, d.Name)).Take(MostDenials),
    ];

    // postfix_smtpd_t and postfix_master_t are of one family.
    private static string Family(string domain) => domain.Split('_')[0];

    private long? SizeOf(string file)
    {
        try
        {
            return writer.Stat(file) is { Kind: FileKind.Regular } found ? found.Size : null;
        }
        catch (HostWriteException)
        {
            return null;
        }
    }
}
