using System.Globalization;
using System.Net.Sockets;
using MailTlsState.Hosts.Linux;
using MailTlsState.Manifests;
using MailTlsState.Probing;

namespace MailTlsState.Hosts.Rehearsals;

/// <summary>
/// The mail daemons on a copy-on-write view of this host, in namespaces of their own; <c>rehearsal.sh</c> sets them up and holds them.
/// When this process ends, however it ends, the kernel closes the script's input, and the script and the daemons end.
/// </summary>
internal sealed class LinuxRehearsal : IRehearsal
{
    private const string Unshare = "/usr/bin/unshare";
    private const string Enter = "/usr/bin/nsenter";
    private static readonly TimeSpan SetupLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);
    private static readonly string[] Environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

    private readonly ChildProcess _script;
    private readonly RehearsalOutput _output;
    private readonly Dictionary<ServiceKind, int> _masters = [];
    private readonly List<string> _logFiles = [];
    private RehearsalLog? _log;
    private int _process;

    private LinuxRehearsal(ChildProcess script)
    {
        _script = script;
        _output = new RehearsalOutput(script);
    }

    /// <inheritdoc/>
    public string Log => Redaction.Redact(string.Join(
        '\n',
        new[] { _output.Errors, _log?.Text ?? "" }.Concat(_logFiles.Select(ReadLog)).Select(t => t.TrimEnd('\n')).Where(t => t.Length > 0)));

    internal static Task<IRehearsal> StartAsync(RehearsalRequest request, CancellationToken cancellation) =>
        Task.Factory.StartNew(() => Start(request, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <inheritdoc/>
    public Task<ProbeResult> ProbeAsync(ProbeRequest request, CancellationToken cancellation) =>
        LinuxProbe.RunAsync(request, family => RehearsalNetwork.Inside(_process, () => LinuxConnection.MakeSocket(family)), cancellation);

    /// <inheritdoc/>
    public Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation) => LinuxProcesses.RunAsync(
        call,
        Enter,
        ["-t", _process.ToString(CultureInfo.InvariantCulture), "-m", "-n", "-p", "-i", "-r", "-w", "--", call.Program, .. call.Arguments],
        cancellation);

    /// <inheritdoc/>
    public bool IsAlive(ServiceKind service)
    {
        if (!_masters.TryGetValue(service, out var master))
        {
            return false;
        }

        try
        {
            // Nobody reaps in there: a master that has ended is a zombie.
            var stat = File.ReadAllText($"/proc/{_process}/root/proc/{master}/stat");
            return !stat.AsSpan(stat.LastIndexOf(')')).StartsWith(") Z");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Task.Run(End).ConfigureAwait(false);
        _log?.Dispose();
    }

    private static IRehearsal Start(RehearsalRequest request, CancellationToken cancellation)
    {
        if (!TrustedPrograms.Exists(Unshare) || !TrustedPrograms.Exists(Enter))
        {
            throw new RehearsalUnavailableException($"{Unshare} and {Enter} are needed and not both there (package util-linux)");
        }

        var script = ChildProcess.Start(
            Unshare,
            [
                "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child=KILL", "--propagation", "private",
                "/bin/sh", "-c", RehearsalScript.Text, "rehearsal", .. RehearsalScript.Arguments(request),
            ],
            Environment,
            withInput: true);
        var rehearsal = new LinuxRehearsal(script);
        try
        {
            rehearsal.SetUp(cancellation);
            return rehearsal;
        }
        catch
        {
            rehearsal.End();
            rehearsal._log?.Dispose();
            throw;
        }
    }

    private void SetUp(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(SetupLimit);
        try
        {
            while (_output.ReadLine(limit.Token) is { } line)
            {
                var (word, value) = line.IndexOf(' ') is var space and > 0 ? (line[..space], line[(space + 1)..]) : (line, "");
                switch (word)
                {
                    case "pid":
                        _process = int.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "mounted":
                        RehearsalNetwork.BringUp(_process);
                        _log = new RehearsalLog(_process);
                        _script.Input!.WriteAll("go\n"u8, "the rehearsal");
                        break;
                    case "log":
                        _logFiles.Add(value);
                        break;
                    case "postfix" when value != "failed":
                        _masters[ServiceKind.Postfix] = int.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "dovecot" when value != "failed":
                        _masters[ServiceKind.Dovecot] = int.Parse(value, CultureInfo.InvariantCulture);
                        break;
                    case "ready":
                        return;
                    default:
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new RehearsalUnavailableException($"it was not set up after {SetupLimit.TotalSeconds:0} s: {LastWords()}");
        }
        catch (Exception failure) when (failure is SocketException or HostWriteException or IOException)
        {
            throw new RehearsalUnavailableException(failure.Message);
        }

        throw new RehearsalUnavailableException(LastWords());
    }

    private string LastWords() => Redaction.Redact(_output.Errors).Trim() is { Length: > 0 } words ? words.ReplaceLineEndings("; ") : "the set-up ended without a word";

    // Only of a file that the script made empty, in the rehearsal's own view.
    private string ReadLog(string path)
    {
        try
        {
            return System.Text.Encoding.Latin1.GetString(File.ReadAllBytes($"/proc/{_process}/root{path}"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private void End()
    {
        _script.Input?.Dispose();
        if (!_output.WaitForEnd(EndLimit))
        {
            _script.KillGroup();
            _output.WaitForEnd(EndLimit);
        }

        _script.Dispose();
    }
}
