using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Services.Dovecot;

/// <summary>Dovecot: asked by <c>doveconf</c>, configured in a file of our own that its configuration includes.</summary>
public sealed class DovecotService : IMailService
{
    /// <summary>Directory of the configuration.</summary>
    public const string ConfigDirectory = "/etc/dovecot";

    /// <summary>The file that Dovecot reads first.</summary>
    public const string MainFile = ConfigDirectory + "/dovecot.conf";

    private const string Doveconf = "/usr/bin/doveconf";
    private const string Daemon = "/usr/sbin/dovecot";
    private const string PidFile = "/run/dovecot/master.pid";

    /// <inheritdoc/>
    public ServiceKind Kind => ServiceKind.Dovecot;

    /// <inheritdoc/>
    public string ConfigurationPath => MainFile;

    /// <inheritdoc/>
    public async Task<ServiceObservation> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation)
    {
        var calls = new Dictionary<string, ProcessCall>
        {
            [DovecotAnswers.Version] = new(Daemon, ["--version"]),
            [DovecotAnswers.Explicit] = new(Doveconf, ["-c", MainFile, "-n"]),
        };
        foreach (var (key, filter) in DovecotAnswers.Filters(manifest))
        {
            calls[key] = new ProcessCall(Doveconf, ["-c", MainFile, .. filter, .. DovecotDialect.Asked]);
        }

        var tree = DovecotFiles.LoadAsync(host, files, MainFile, cancellation);
        var runs = calls.ToDictionary(c => c.Key, c => host.RunAsync(c.Value, cancellation));
        var running = IsRunningAsync(host, cancellation);
        await Task.WhenAll([tree, running, .. runs.Values]).ConfigureAwait(false);

        var results = runs.ToDictionary(r => r.Key, r => r.Value.Result);
        if (results.Values.Any(r => r.ExitCode == 127))
        {
            return new ServiceObservation(Kind, Installed: false, "", Running: false, null, [], new Dictionary<string, string>());
        }

        var failed = results.Values.FirstOrDefault(r => r.ExitCode != 0);
        return new ServiceObservation(
            Kind,
            Installed: true,
            results[DovecotAnswers.Version].Output.Split(' ', 2)[0].Trim(),
            await running.ConfigureAwait(false),
            failed?.Error.Trim(),
            await tree.ConfigureAwait(false),
            results.ToDictionary(r => r.Key, r => r.Value.Output));
    }

    /// <inheritdoc/>
    public async Task<bool> IsRunningAsync(IHost host, CancellationToken cancellation)
    {
        var pid = (await host.ObserveFileAsync(PidFile, cancellation).ConfigureAwait(false)).Text?.Trim();
        if (string.IsNullOrEmpty(pid) || !pid.All(char.IsAsciiDigit))
        {
            return false;
        }

        // The file stays after a crash, and its number may be another program's by now.
        return (await host.ObserveFileAsync($"/proc/{pid}/comm", cancellation).ConfigureAwait(false)).Text?.Trim() == "dovecot";
    }

    /// <inheritdoc/>
    public ServiceChanges Plan(ServicePlanRequest request) => new DovecotPlanner(request).Plan();

    /// <inheritdoc/>
    public ProcessCall Activate(Activation activation, bool systemd) => systemd
        ? new ProcessCall("/usr/bin/systemctl", [activation.ToString().ToLowerInvariant(), "dovecot.service"])
        : activation == Activation.Reload ? new ProcessCall("/usr/bin/doveadm", ["-c", MainFile, "reload"]) : new ProcessCall(Daemon, ["-c", MainFile]);

    /// <inheritdoc/>
    public ProcessCall Stop(bool systemd) => systemd
        ? new ProcessCall("/usr/bin/systemctl", ["stop", "dovecot.service"])
        : new ProcessCall("/usr/bin/doveadm", ["-c", MainFile, "stop"]);
}
