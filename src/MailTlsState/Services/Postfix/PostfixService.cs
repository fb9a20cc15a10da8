using System.Globalization;
using MailTlsState.Diagnostics;
using MailTlsState.Hosts;
using MailTlsState.Manifests;
using MailTlsState.Planning;
using MailTlsState.Planning.Review;

namespace MailTlsState.Services.Postfix;

/// <summary>Postfix: asked by <c>postconf</c>, configured in main.cf and master.cf.</summary>
public sealed class PostfixService : IMailService
{
    /// <summary>The primary instance's configuration directory.</summary>
    public const string ConfigDirectory = "/etc/postfix";

    /// <summary>Parameters of every smtpd.</summary>
    public const string MainCf = ConfigDirectory + "/main.cf";

    /// <summary>The services that the master runs.</summary>
    public const string MasterCf = ConfigDirectory + "/master.cf";

    /// <summary>Tells its settings.</summary>
    public const string Postconf = "/usr/sbin/postconf";

    private const string Postmap = "/usr/sbin/postmap";
    private const string Master = "master";

    /// <inheritdoc/>
    public ServiceKind Kind => ServiceKind.Postfix;

    /// <inheritdoc/>
    public string MasterProgram => Master;

    /// <inheritdoc/>
    public string? AgedFile => MainCf;

    /// <inheritdoc/>
    public string ConfigurationPath => ConfigDirectory;

    /// <inheritdoc/>
    public string ConfigurationDirectory => ConfigDirectory;

    /// <inheritdoc/>
    public string SeLinuxMaster => "postfix_master_t";

    /// <inheritdoc/>
    public IReadOnlyList<string> SeLinuxDomains { get; } = ["postfix_smtpd_t"];

    /// <inheritdoc/>
    public IReadOnlyList<string> AppArmorNames { get; } = ["postfix-smtpd", "postfix.smtpd", "postfix.sbin.smtpd", "postfix/smtpd", "postfix/sbin/smtpd", "postfix/bin/smtpd"];

    /// <inheritdoc/>
    public async Task<ServiceObservation> ObserveAsync(IHost host, ObservedFiles files, Manifest manifest, CancellationToken cancellation)
    {
        var calls = new Dictionary<string, ProcessCall>
        {
            [PostfixAnswers.Parameters] = Ask(["-x", .. PostfixSettings.Asked]),
            [PostfixAnswers.Explicit] = Ask(["-n"]),
            [PostfixAnswers.MasterServices] = Ask(["-M"]),
            [PostfixAnswers.MasterOverrides] = Ask(["-Px"]),
        };
        var texts = Task.WhenAll(files.LookAsync(ConfigDirectory, cancellation), files.LookAsync(MainCf, cancellation), files.LookAsync(MasterCf, cancellation));
        var runs = calls.ToDictionary(c => c.Key, c => host.RunAsync(c.Value, cancellation));
        await Task.WhenAll(runs.Values).ConfigureAwait(false);
        await texts.ConfigureAwait(false);

        var results = runs.ToDictionary(r => r.Key, r => r.Value.Result);
        if (results.Values.Any(r => r.ExitCode == 127))
        {
            return new ServiceObservation(Kind, Installed: false, "", Running: false, null, [], new Dictionary<string, string>());
        }

        var failed = results.Values.FirstOrDefault(r => r.ExitCode != 0);
        var answers = new PostfixAnswers(results.ToDictionary(r => r.Key, r => r.Value.Output));
        var warnings = string.Join('\n', results.Values.SelectMany(r => r.Error.Split('\n')).Where(l => l.Length > 0).Distinct().Order(StringComparer.Ordinal));
        var process = failed is null ? await MasterAsync(host, answers.Parameter("queue_directory"), cancellation).ConfigureAwait(false) : null;
        if (failed is null && answers.Parameter("smtpd_sasl_path").Length > 0)
        {
            await files.LookAsync(PostfixListeners.SaslSocket(answers), cancellation).ConfigureAwait(false);
        }

        if (failed is null)
        {
            answers = await WithReferencesAsync(host, answers, cancellation).ConfigureAwait(false);
            answers = await WithTablesAsync(host, answers, cancellation).ConfigureAwait(false);
        }

        return new ServiceObservation(
            Kind,
            Installed: true,
            failed is null ? answers.Parameter("mail_version") : "",
            process is not null,
            failed?.Error.Trim(),
            [MainCf, MasterCf],
            new Dictionary<string, string>(answers.Raw) { [PostfixAnswers.Warnings] = warnings })
        {
            MasterProcess = process,
        };
    }

    /// <summary>Adds what is to be known of parameters that refer to others, where there are such.</summary>
    private static async Task<PostfixAnswers> WithReferencesAsync(IHost host, PostfixAnswers answers, CancellationToken cancellation)
    {
        var more = new Dictionary<string, string>(answers.Raw);
        string[] clients = [.. PostfixDestinations.Names.Concat(PostfixFindings.ClientCertificates).Where(answers.Refers).Concat(PostfixClientReferences.Names(answers)).Distinct().Order(StringComparer.Ordinal)];
        if (clients.Length > 0)
        {
            more[PostfixAnswers.ClientParameters] = (await host.RunAsync(Ask(["-x", .. clients]), cancellation).ConfigureAwait(false)).Output;
        }

        if (PostfixOrphans.Candidates(answers).Count > 0)
        {
            more[PostfixAnswers.UserParameters] = (await host.RunAsync(Ask(["-C", "user"]), cancellation).ConfigureAwait(false)).Output;
        }

        return new PostfixAnswers(more);
    }

    /// <summary>Adds what is in the tables of destinations, of those that are set and can be read without asking anybody.</summary>
    private static async Task<PostfixAnswers> WithTablesAsync(IHost host, PostfixAnswers answers, CancellationToken cancellation)
    {
        var more = new Dictionary<string, string>(answers.Raw);
        foreach (var table in PostfixDestinations.Readable(answers).ToList())
        {
            try
            {
                var printed = await host.RunAsync(new ProcessCall(Postmap, ["-c", ConfigDirectory, "-s", table]), cancellation).ConfigureAwait(false);
                if (printed.ExitCode == 0)
                {
                    // Postfix prints a table of its memory in another order each time.
                    more[PostfixAnswers.TableEntries + table] = string.Join('\n', printed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
                }
            }
            catch (MailTlsException)
            {
                // A table that is too large, or was not recorded, is one that cannot be read: no more than a note depends on it.
                continue;
            }
        }

        return new PostfixAnswers(more);
    }

    /// <inheritdoc/>
    public async Task<bool> AsksAsync(ServiceKind other, IHost host, CancellationToken cancellation)
    {
        if (other != ServiceKind.Dovecot)
        {
            return false;
        }

        var said = await Task.WhenAll(
            host.RunAsync(new ProcessCall(Postconf, ["-c", ConfigDirectory, "smtpd_sasl_type"]), cancellation),
            host.RunAsync(new ProcessCall(Postconf, ["-c", ConfigDirectory, "-P"]), cancellation)).ConfigureAwait(false);
        return PostconfOutput.ParseSettings(said[0].Output).Concat(PostconfOutput.ParseSettings(said[1].Output))
            .Any(s => s.Key.Split('/')[^1] == "smtpd_sasl_type" && s.Value == "dovecot");
    }

    /// <inheritdoc/>
    public async Task<bool> IsRunningAsync(IHost host, CancellationToken cancellation)
    {
        var queue = await host.RunAsync(Ask(["-h", "queue_directory"]), cancellation).ConfigureAwait(false);
        return queue.ExitCode == 0 && await MasterAsync(host, queue.Output.Trim(), cancellation).ConfigureAwait(false) is not null;
    }

    /// <inheritdoc/>
    public async Task<string?> LogFileAsync(IHost host, CancellationToken cancellation)
    {
        // maillog_file since Postfix 3.4; what stands there is a file or empty for syslog.
        var asked = await host.RunAsync(Ask(["-h", "maillog_file"]), cancellation).ConfigureAwait(false);
        var file = asked.Output.Trim();
        return asked.ExitCode == 0 && file.StartsWith('/') ? file : null;
    }

    /// <inheritdoc/>
    public ServiceChanges Plan(ServicePlanRequest request) => new PostfixPlanner(request).Plan();

    /// <inheritdoc/>
    public IEnumerable<Diagnostic> Review(HostObservation observed) => PostfixReview.Of(observed);

    /// <inheritdoc/>
    public IEnumerable<NamedPair> NamedPairs(ServiceObservation observed) => new PostfixAnswers(observed.Answers).NamedPairs();

    /// <inheritdoc/>
    public IEnumerable<ConfiguredListener> Listeners(ServiceObservation observed) => PostfixSockets.Of(new PostfixAnswers(observed.Answers));

    /// <inheritdoc/>
    public ProcessCall Activate(Activation activation, bool systemd) => systemd
        ? new ProcessCall("/usr/bin/systemctl", [activation.ToString().ToLowerInvariant(), "postfix.service"])
        : new ProcessCall("/usr/sbin/postfix", ["-c", ConfigDirectory, activation == Activation.Reload ? "reload" : "start"]);

    /// <inheritdoc/>
    public ProcessCall Stop(bool systemd) => systemd
        ? new ProcessCall("/usr/bin/systemctl", ["stop", "postfix.service"])
        : new ProcessCall("/usr/sbin/postfix", ["-c", ConfigDirectory, "stop"]);

    // `postfix status` would do, but it is a shell script of 20 ms; the master's pid file is what it reads.
    private static async Task<int?> MasterAsync(IHost host, string queueDirectory, CancellationToken cancellation)
    {
        var pid = (await host.ObserveFileAsync($"{queueDirectory}/pid/master.pid", cancellation).ConfigureAwait(false)).Text?.Trim();
        if (!int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var process))
        {
            return null;
        }

        // The file stays after a crash, and its number may be another program's by now.
        var name = (await host.ObserveFileAsync($"/proc/{pid}/comm", cancellation).ConfigureAwait(false)).Text?.Trim();
        return name == Master ? process : null;
    }

    private static ProcessCall Ask(IReadOnlyList<string> arguments) => new(Postconf, ["-c", ConfigDirectory, .. arguments]);
}
