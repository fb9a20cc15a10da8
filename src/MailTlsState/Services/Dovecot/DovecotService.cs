using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Planning.Review;
using MailTlsState.Policies;
using MailTlsState.Services.Dovecot.Editing;

namespace MailTlsState.Services.Dovecot;

/// <summary>Dovecot: asked by <c>doveconf</c>, configured in a file of our own that its configuration includes.</summary>
public sealed class DovecotService : IMailService
{
    /// <summary>Directory of the configuration.</summary>
    public const string ConfigDirectory = "/etc/dovecot";

    /// <summary>The file that Dovecot reads first.</summary>
    public const string MainFile = ConfigDirectory + "/dovecot.conf";

    private const string Doveconf = "/usr/bin/doveconf";
    private const string OpenSsl = "/usr/bin/openssl";
    private const string Daemon = "/usr/sbin/dovecot";
    private const string Master = "dovecot";
    private const string BaseDirectory = "/run/dovecot";

    /// <inheritdoc/>
    public ServiceKind Kind => ServiceKind.Dovecot;

    /// <inheritdoc/>
    public string MasterProgram => Master;

    /// <inheritdoc/>
    public string? AgedFile => null;

    /// <inheritdoc/>
    public string ConfigurationPath => MainFile;

    /// <inheritdoc/>
    public string ConfigurationDirectory => ConfigDirectory;

    /// <inheritdoc/>
    public string SeLinuxMaster => "dovecot_t";

    /// <inheritdoc/>
    public IReadOnlyList<string> SeLinuxDomains { get; } = ["dovecot_t"];

    /// <inheritdoc/>
    public IReadOnlyList<string> AppArmorNames { get; } = ["dovecot-config", "dovecot.config", "dovecot/config"];

    /// <inheritdoc/>
    public Task<bool> AsksAsync(ServiceKind other, IHost host, CancellationToken cancellation) => Task.FromResult(false);

    /// <inheritdoc/>
    public async Task<ServiceObservation> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation)
    {
        var tree = DovecotFiles.LoadAsync(host, files, MainFile, cancellation);
        var told = await host.RunAsync(new ProcessCall(Daemon, ["--version"]), cancellation).ConfigureAwait(false);
        var version = told.Output.Split([' ', '-'], 2)[0].Trim();

        // What is asked depends on the version: doveconf answers nothing when one of the names is unknown to it.
        var dialect = ServiceVersions.Nearest(DovecotDialect.All, version);
        var calls = new Dictionary<string, ProcessCall> { [DovecotAnswers.Explicit] = new(Doveconf, ["-c", MainFile, "-n"]) };
        foreach (var (question, protocol, name) in DovecotAnswers.Filters(manifest))
        {
            calls[question] = new ProcessCall(Doveconf, ["-c", MainFile, .. dialect.Filter(protocol, name), .. dialect.Asked]);
        }

        if (dialect.MayKnowHybrids && PolicyCatalogue.Resolve(manifest.Policy).HasHybrids)
        {
            calls[DovecotAnswers.OpenSsl] = new(OpenSsl, ["version"]);
        }

        var runs = calls.ToDictionary(c => c.Key, c => host.RunAsync(c.Value, cancellation));
        var directory = BaseDirectoryAsync(host, cancellation);
        await Task.WhenAll([tree, directory, .. runs.Values]).ConfigureAwait(false);

        var results = runs.ToDictionary(r => r.Key, r => r.Value.Result);
        results[DovecotAnswers.Version] = told;
        if (results.Any(r => r.Key != DovecotAnswers.OpenSsl && r.Value.ExitCode == 127))
        {
            return new ServiceObservation(Kind, Installed: false, "", Running: false, null, [], new Dictionary<string, string>());
        }

        // A question about one connection may fail by itself: 2.3 ends with "Conflict in setting" then.
        var answers = results.ToDictionary(r => r.Key, r => r.Value.Output);
        foreach (var (question, result) in results.Where(r => r.Value.ExitCode != 0 && r.Key is not (DovecotAnswers.Explicit or DovecotAnswers.OpenSsl)))
        {
            answers[DovecotAnswers.Failure(question)] = result.Error.Trim();
        }

        var failed = results[DovecotAnswers.Explicit] is { ExitCode: not 0 } broken ? broken.Error.Trim() : told.ExitCode != 0 ? told.Error.Trim() : null;

        // Last: a Dovecot that is starting binds its ports first.
        var master = await MasterAsync(host, await directory.ConfigureAwait(false), cancellation).ConfigureAwait(false);
        return new ServiceObservation(
            Kind,
            Installed: true,
            version,
            master is not null,
            failed,
            await tree.ConfigureAwait(false),
            answers)
        {
            MasterProcess = master,
        };
    }

    /// <inheritdoc/>
    public async Task<bool> IsRunningAsync(IHost host, CancellationToken cancellation) =>
        await MasterAsync(host, await BaseDirectoryAsync(host, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false) is not null;

    private static async Task<int?> MasterAsync(IHost host, string baseDirectory, CancellationToken cancellation)
    {
        var pid = (await host.ObserveFileAsync(baseDirectory + "/master.pid", cancellation).ConfigureAwait(false)).Text?.Trim();
        if (!int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var process))
        {
            return null;
        }

        // The file stays after a crash, and its number may be another program's by now.
        return (await host.ObserveFileAsync($"/proc/{pid}/comm", cancellation).ConfigureAwait(false)).Text?.Trim() == Master ? process : null;
    }

    private static async Task<string> BaseDirectoryAsync(IHost host, CancellationToken cancellation)
    {
        try
        {
            return (await host.RunAsync(new ProcessCall(Doveconf, ["-c", MainFile, "-h", "base_dir"]), cancellation).ConfigureAwait(false)).Output.Trim() is ['/', ..] told ? told : BaseDirectory;
        }
        catch (MailTlsException)
        {
            // It was not recorded, or nothing can be started: a roll-back goes on all the same.
            return BaseDirectory;
        }
    }

    /// <inheritdoc/>
    public async Task<string?> LogFileAsync(IHost host, CancellationToken cancellation)
    {
        // Errors go to log_path, which is "syslog" or a file.
        var asked = await host.RunAsync(new ProcessCall(Doveconf, ["-c", MainFile, "-h", "log_path"]), cancellation).ConfigureAwait(false);
        var file = asked.Output.Trim();
        return asked.ExitCode == 0 && file.StartsWith('/') ? file : null;
    }

    /// <inheritdoc/>
    public ServiceChanges Plan(ServicePlanRequest request) => new DovecotPlanner(request).Plan();

    /// <inheritdoc/>
    public IEnumerable<Diagnostic> Review(HostObservation observed) => DovecotReview.Of(observed);

    /// <inheritdoc/>
    public IEnumerable<NamedPair> NamedPairs(ServiceObservation observed) => DovecotAnswers.NamedPairs(observed.Answers);

    /// <inheritdoc/>
    public IEnumerable<ConfiguredListener> Listeners(ServiceObservation observed) => DovecotSockets.Of(observed.Answers);

    /// <inheritdoc/>
    public ProcessCall Activate(Activation activation, bool systemd) => systemd
        ? new ProcessCall("/usr/bin/systemctl", [activation.ToString().ToLowerInvariant(), "dovecot.service"])
        : activation == Activation.Reload ? new ProcessCall("/usr/bin/doveadm", ["-c", MainFile, "reload"]) : new ProcessCall(Daemon, ["-c", MainFile]);

    /// <inheritdoc/>
    public ProcessCall Stop(bool systemd) => systemd
        ? new ProcessCall("/usr/bin/systemctl", ["stop", "dovecot.service"])
        : new ProcessCall("/usr/bin/doveadm", ["-c", MainFile, "stop"]);
}
