using System.CommandLine;
using System.Text;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Policies;

namespace MailTlsState.Cli;

/// <summary>What a command works with.</summary>
/// <param name="Host">The host that is read.</param>
/// <param name="Writer">The host that apply changes.</param>
/// <param name="Terminal">Where output goes.</param>
/// <param name="Format">How results are written.</param>
/// <param name="CommandLine">The command as typed.</param>
internal sealed record CommandContext(IHost Host, IHostWriter Writer, Terminal Terminal, OutputFormat Format, string CommandLine)
{
    private const int PrivateFile = 0x180; // 0600
    private const int SharedFile = 0x1A4; // 0644
    private const int Caller = -1; // chown(2): leave it as it is

    /// <summary>The bytes of a file that the user named.</summary>
    /// <exception cref="MailTlsException">It cannot be read.</exception>
    public byte[] ReadFile(string path)
    {
        try
        {
            return Writer.ReadBytes(FullPath(path)) ?? throw new MailTlsException(CommandDiagnostics.FileMissing(path));
        }
        catch (HostWriteException e)
        {
            throw new MailTlsException(CommandDiagnostics.FileUnreadable(path, e.Message));
        }
    }

    /// <summary>The manifest, its warnings reported.</summary>
    /// <exception cref="MailTlsException">It has errors: all of them.</exception>
    public Manifest ReadManifest(string path) => ParseManifest(path, ReadFile(path));

    /// <summary>A manifest's text; the policy file that it names is read beside it.</summary>
    /// <exception cref="MailTlsException">It has errors: all of them.</exception>
    public Manifest ParseManifest(string path, byte[] bytes) => Demand(ManifestReader.Read(path, bytes, NamedFiles(path)));

    /// <summary>The manifest that a saved plan carries, with its policy file: nothing is read from the disk.</summary>
    /// <exception cref="MailTlsException">It has errors: all of them.</exception>
    public static Manifest ManifestOf(Plan plan)
    {
        var policy = plan.PolicyFile;
        return Demand(ManifestReader.Read(
            plan.ManifestFile,
            Encoding.UTF8.GetBytes(plan.ManifestText),
            path => policy is not null && policy.Path == path ? new NamedFile(Encoding.UTF8.GetBytes(policy.Text), null, path) : new NamedFile(null, "is not in the plan", path)));
    }

    /// <summary>Opens what a manifest names, relative to its directory.</summary>
    public Func<string, NamedFile> NamedFiles(string manifest) => path =>
    {
        var directory = Path.GetDirectoryName(manifest) ?? "";
        var shown = Path.IsPathRooted(path) || directory.Length == 0 ? path : Path.Combine(directory, path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path);
        try
        {
            return Writer.ReadBytes(FullPath(shown)) is { } bytes ? new NamedFile(bytes, null, shown) : new NamedFile(null, "does not exist", shown);
        }
        catch (HostWriteException e)
        {
            return new NamedFile(null, $"cannot be read: {e.Message}", shown);
        }
    };

    private static Manifest Demand(ManifestReadResult read)
    {
        if (read.Manifest is null || read.Diagnostics.Any(d => d.Severity == Severity.Error))
        {
            throw new MailTlsException(read.Diagnostics);
        }

        return read.Manifest;
    }

    /// <summary>Ends a command that changes the host, unless root runs it.</summary>
    /// <exception cref="MailTlsException">Another user runs it.</exception>
    public async Task RequireRootAsync(CancellationToken cancellation)
    {
        if ((await Host.ObserveHostAsync(cancellation).ConfigureAwait(false)).UserId is not 0 and var user)
        {
            throw new MailTlsException(ExecutionDiagnostics.NotRoot(user));
        }
    }

    /// <summary>Writes a new file that only its owner reads; one that exists is never overwritten.</summary>
    /// <exception cref="MailTlsException">It cannot be written.</exception>
    public void SaveFile(string path, byte[] content)
    {
        try
        {
            Writer.CreateFile(FullPath(path), content, Caller, Caller, PrivateFile);
        }
        catch (HostWriteException e)
        {
            throw new MailTlsException(CommandDiagnostics.OutputFailed(path, e.Message));
        }
    }

    /// <summary>Writes a file that others may read, whole or not at all: a reader never sees half of it.</summary>
    /// <exception cref="MailTlsException">It cannot be written.</exception>
    public void ReplaceFile(string path, byte[] content)
    {
        var full = FullPath(path);
        var staged = Path.Combine(Path.GetDirectoryName(full)!, TemporaryNames.Staged(Path.GetFileName(full), Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), 1));
        try
        {
            Writer.CreateFile(staged, content, Caller, Caller, SharedFile);
            try
            {
                Writer.Rename(staged, full, replace: true);
            }
            catch (HostWriteException)
            {
                Writer.Unlink(staged);
                throw;
            }
        }
        catch (HostWriteException e)
        {
            throw new MailTlsException(CommandDiagnostics.OutputFailed(path, e.Message));
        }
    }

    /// <summary>ASCII text to standard output, or whatever it is into a new file.</summary>
    /// <exception cref="MailTlsException">The file cannot be written.</exception>
    public void SaveOrPrint(string? path, byte[] content)
    {
        if (path is not null)
        {
            SaveFile(path, content);
        }
        else
        {
            Terminal.Output.Write(Encoding.ASCII.GetString(content));
        }
    }

    /// <exception cref="MailTlsException">The path is none, or it is relative and the working directory is gone.</exception>
    public static string FullPath(string path)
    {
        try
        {
            return Path.GetFullPath(path);
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            throw new MailTlsException(CommandDiagnostics.FileUnreadable(path.Length == 0 ? "a file without a name" : path, e is IOException ? "the working directory does not exist any more" : "that is no path"));
        }
    }
}
