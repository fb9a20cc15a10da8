using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace MailTlsState.HostTests.Lab;

/// <summary>Settings of a throwaway host.</summary>
internal sealed record ThrowawayHostOptions
{
    /// <summary>Bind the native binary in as /usr/local/bin/mailtls.</summary>
    public bool WithBinary { get; init; } = true;

    /// <summary>Debian's code name, or <see cref="LabEnvironment.Acme"/>; null for Debian 12.</summary>
    public string? Release { get; init; }

    /// <summary>Bind the repository in read-only at this path; null for not at all.</summary>
    public string? RepositoryAt { get; init; }

    /// <summary>Further files and folders to bind in read-only: path outside to absolute path inside.</summary>
    public IReadOnlyDictionary<string, string> Binds { get; init; } = new Dictionary<string, string>();
}

/// <summary>
/// A stock Debian mail host, mail.mydomain.com, in namespaces of its own. It ends with this object, or with this process:
/// its first command reads from a pipe that the kernel closes. Hosts share nothing, so tests may run side by side.
/// </summary>
internal sealed class ThrowawayHost : IAsyncDisposable
{
    private readonly Process launcher;
    private readonly string folder;

    private ThrowawayHost(Process launcher, string folder, int pid)
    {
        this.launcher = launcher;
        this.folder = folder;
        ProcessId = pid;
    }

    /// <summary>The host's process 1, as seen from outside.</summary>
    public int ProcessId { get; }

    /// <summary>Starts a host; no daemon runs in it yet.</summary>
    /// <exception cref="InvalidOperationException">The environment lacks the root or the binary, or the host did not start.</exception>
    public static async Task<ThrowawayHost> StartAsync(ThrowawayHostOptions? options = null)
    {
        options ??= new ThrowawayHostOptions();
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            throw new InvalidOperationException("host tests need root on Linux: run them by tests/run.sh");
        }

        var binds = new List<string>();
        if (options.WithBinary)
        {
            binds.Add($"{LabEnvironment.Binary}:usr/local/bin/mailtls");
        }

        if (options.RepositoryAt is { } at)
        {
            binds.Add($"{LabEnvironment.Repository}:{at.TrimStart('/')}");
        }

        binds.AddRange(options.Binds.Select(b => $"{b.Key}:{b.Value.TrimStart('/')}"));
        var start = Redirected("sh", LabEnvironment.RunInRoot, LabEnvironment.RootOf(options.Release), "sh", "-c", "echo ready; cat >/dev/null");
        var folder = Directory.CreateTempSubdirectory("mailtls-host-").FullName;
        var pidFile = Path.Combine(folder, "pid");
        start.Environment["PIDFILE"] = pidFile;
        start.Environment["BIND"] = string.Join(':', binds);
        var launcher = Process.Start(start) ?? throw new InvalidOperationException("sh could not be started");
        var line = await launcher.StandardOutput.ReadLineAsync();
        if (line != "ready")
        {
            var error = await launcher.StandardError.ReadToEndAsync();
            launcher.Dispose();
            Directory.Delete(folder, recursive: true);
            throw new InvalidOperationException($"the throwaway host did not start: {error.Trim()}");
        }

        var pid = int.Parse((await File.ReadAllTextAsync(pidFile)).Trim(), CultureInfo.InvariantCulture);
        return new ThrowawayHost(launcher, folder, pid);
    }

    /// <summary>Starts a host with the stock daemons up and every stock port (25, 110, 143, 993, 995) listening.</summary>
    public static async Task<ThrowawayHost> StartMailHostAsync(ThrowawayHostOptions? options = null)
    {
        var host = await StartAsync(options);
        try
        {
            await host.StartMailAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a shell command as the host's root.</summary>
    /// <param name="command">For sh -c.</param>
    /// <param name="input">Standard input; null for none.</param>
    /// <param name="timeLimit">After it the command is killed and the test fails; null means 60 seconds.</param>
    /// <param name="environment">Added to PATH, HOME and LC_ALL=C.</param>
    public async Task<CommandResult> RunAsync(
        string command,
        string? input = null,
        TimeSpan? timeLimit = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = Redirected("nsenter", "-t", ProcessId.ToString(CultureInfo.InvariantCulture), "-a", "-r", "-w", "/bin/sh", "-c", command);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["HOME"] = "/root";
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("nsenter could not be started");
        using var limit = new CancellationTokenSource(timeLimit ?? TimeSpan.FromSeconds(60));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await WriteInputAsync(process, input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new CommandResult(command, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new Xunit.Sdk.XunitException($"the command did not end in time, or left a process that holds its output: {command}");
        }
    }

    /// <summary>Runs a shell command as another machine would, from 10.77.0.2; the host is 10.77.0.1 there.</summary>
    public Task<CommandResult> RunRemoteAsync(string command, string? input = null, TimeSpan? timeLimit = null) =>
        RunAsync($"exec /run/lab/remote.sh sh -c {Quote(command)}", input, timeLimit);

    /// <summary>Writes a file; its folders are made.</summary>
    /// <param name="path">Absolute, without a quote in it.</param>
    /// <param name="content">Text, written as UTF-8.</param>
    /// <param name="mode">Octal permission bits.</param>
    public async Task WriteFileAsync(string path, string content, string mode = "644") =>
        (await RunAsync($"umask 077 && mkdir -p \"$(dirname {Quote(path)})\" && cat >{Quote(path)} && chmod {mode} {Quote(path)}", content)).Expect(0);

    /// <summary>The text of a file.</summary>
    public async Task<string> ReadFileAsync(string path) => (await RunAsync($"cat {Quote(path)}")).Expect(0).Output;

    /// <summary>Starts syslog, Postfix and Dovecot as they are configured and waits until the ports listen.</summary>
    /// <param name="ports">Empty for the stock ones.</param>
    public async Task StartMailAsync(params int[] ports) =>
        (await RunAsync($"/run/lab/start-mail.sh {string.Join(' ', ports)}")).Expect(0);

    /// <summary>Stops Postfix and Dovecot.</summary>
    public async Task StopMailAsync() =>
        (await RunAsync("if pgrep -x master >/dev/null; then postfix stop; fi >/dev/null 2>&1; if pgrep -x dovecot >/dev/null; then doveadm stop; fi; while pgrep -x 'master|dovecot' >/dev/null; do sleep 0.05; done")).Expect(0);

    /// <summary>Makes a user who can log in (see tests/lab/enable-sasl.sh) and lets Postfix use Dovecot's passwords.</summary>
    public async Task EnableSaslAsync(string user = "anna", string password = "apple-cider") =>
        (await RunAsync($"/run/lab/enable-sasl.sh {Quote(user)} {Quote(password)}")).Expect(0);

    /// <summary>Everything below a folder, to compare with a later state.</summary>
    public Task<TreeSnapshot> SnapshotAsync(string folder = "/etc") => TreeSnapshot.TakeAsync(this, folder);

    /// <summary>Subject, issuer and fingerprint of what a port serves to a local client, one line each.</summary>
    /// <param name="port">TCP port.</param>
    /// <param name="startTls">Protocol name for s_client's -starttls, or null for implicit TLS.</param>
    public async Task<string> ServedCertificateAsync(int port, string? startTls = null)
    {
        var how = startTls is null ? "" : $"-starttls {startTls} ";
        var command = $"{ShownBy($"{how}-connect 10.77.0.1:{port} -servername mail.mydomain.com")} | openssl x509 -noout -subject -issuer -fingerprint -sha256";
        return (await RunAsync(command)).Expect(0).Output;
    }

    /// <summary>
    /// A command line that prints what openssl s_client shows. A busy Dovecot may leave a connection in its queue until the next one comes (seen with 2.3.19 on a loaded machine:
    /// no answer in a minute), so silence is asked about once more.
    /// </summary>
    public static string ShownBy(string options) =>
        $"c() {{ timeout 20 openssl s_client {options} </dev/null 2>/dev/null; [ $? != 124 ]; }}; {{ c || c; }}";

    /// <summary>Runs one of this machine's own programs in the host's network, where 10.77.0.1 is the host.</summary>
    public async Task<string> RunInNetworkAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(Redirected("nsenter", ["-t", ProcessId.ToString(CultureInfo.InvariantCulture), "-n", program, .. arguments]))
            ?? throw new InvalidOperationException("nsenter could not be started");
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new Xunit.Sdk.XunitException($"{program} ended with {process.ExitCode}: {await error}");
    }

    /// <summary>Ends the host: the kernel ends its processes and drops its mounts.</summary>
    public async ValueTask DisposeAsync()
    {
        launcher.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await launcher.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            launcher.Kill();
            await launcher.WaitForExitAsync(CancellationToken.None);
        }

        launcher.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>One word for sh.</summary>
    internal static string Quote(string word) => "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    private static async Task WriteInputAsync(Process process, string? input, CancellationToken cancellation)
    {
        try
        {
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            }

            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A command may end without reading its input; its exit status is what counts.
        }
    }

    private static ProcessStartInfo Redirected(string program, params string[] arguments) => new(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        StandardOutputEncoding = Encoding.UTF8,
        StandardErrorEncoding = Encoding.UTF8,
    };
}
