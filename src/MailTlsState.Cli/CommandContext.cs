using System.CommandLine;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
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

    /// <summary>A manifest's text.</summary>
    /// <exception cref="MailTlsException">It has errors: all of them.</exception>
    public Manifest ParseManifest(string path, byte[] bytes)
    {
        var read = ManifestReader.Read(path, bytes);
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

    public static string FullPath(string path) => Path.GetFullPath(path);
}
