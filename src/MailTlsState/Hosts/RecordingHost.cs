using System.Collections.Concurrent;
using System.Collections.Immutable;
using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts;

/// <summary>
/// Passes questions on and keeps the answers. A question that was answered is not asked again, so all that is decided from one
/// recording rests on one state of the host. Safe for questions side by side.
/// </summary>
public sealed class RecordingHost(IHost inner) : IHost
{
    private readonly DateTimeOffset _time = inner.Clock.GetUtcNow();
    private readonly Answers<HostFacts> _host = new();
    private readonly Answers<FileObservation> _files = new();
    private readonly Answers<IReadOnlyList<string>> _directories = new();
    private readonly Answers<RecordedRun> _runs = new();
    private readonly Answers<IReadOnlyList<Listener>> _listeners = new();
    private readonly Answers<IReadOnlyList<ServingProcess>> _serving = new();
    private readonly Answers<ProbeResult> _probes = new();
    private readonly Answers<SecretObservation> _secrets = new();
    private readonly Answers<TlsaObservation> _tlsa = new();
    private readonly Answers<LabelObservation> _labels = new();
    private readonly Answers<PortObservation> _portLabels = new();

    /// <inheritdoc/>
    public TimeProvider Clock => inner.Clock;

    /// <summary>The answers so far. Questions that failed or are still under way are not among them.</summary>
    public Recording Recording => new(_time)
    {
        Host = _host.Given.Values.FirstOrDefault(),
        Files = _files.Given,
        Directories = _directories.Given,
        Runs = _runs.Given,
        Listeners = _listeners.Given.Values.FirstOrDefault(),
        Serving = _serving.Given.Values.FirstOrDefault(),
        Probes = _probes.Given,
        Secrets = _secrets.Given,
        Tlsa = _tlsa.Given,
        Labels = _labels.Given,
        PortLabels = _portLabels.Given,
    };

    /// <inheritdoc/>
    public Task<HostFacts> ObserveHostAsync(CancellationToken cancellation) =>
        _host.AskAsync("", () => inner.ObserveHostAsync(cancellation));

    /// <inheritdoc/>
    public Task<FileObservation> ObserveFileAsync(string path, CancellationToken cancellation) =>
        _files.AskAsync(path, () => inner.ObserveFileAsync(path, cancellation));

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListDirectoryAsync(string path, CancellationToken cancellation) =>
        _directories.AskAsync(path, () => inner.ListDirectoryAsync(path, cancellation));

    /// <inheritdoc/>
    public async Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation)
    {
        var run = await _runs.AskAsync(
            Recording.KeyOf(call),
            async () => new RecordedRun(call with { TimeLimit = null }, await inner.RunAsync(call, cancellation).ConfigureAwait(false))).ConfigureAwait(false);
        return run.Result;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Listener>> ObserveListenersAsync(CancellationToken cancellation) =>
        _listeners.AskAsync("", () => inner.ObserveListenersAsync(cancellation));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServingProcess>> ObserveServingAsync(CancellationToken cancellation) =>
        _serving.AskAsync("", () => inner.ObserveServingAsync(cancellation));

    /// <inheritdoc/>
    public Task<ProbeResult> ProbeAsync(ProbeRequest request, CancellationToken cancellation) =>
        _probes.AskAsync(Recording.KeyOf(request), () => inner.ProbeAsync(request, cancellation));

    /// <summary>Passed on and not recorded: no plan asks it.</summary>
    public Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellation) => inner.ResolveAsync(name, cancellation);

    /// <summary>Passed on and not recorded: no plan asks it.</summary>
    public Task<TlsScan?> ScanAsync(ProbeRequest request, ProbeResult probe, CancellationToken deadline) => inner.ScanAsync(request, probe, deadline);

    /// <inheritdoc/>
    public bool IsOwnAddress(string address) => inner.IsOwnAddress(address);

    /// <inheritdoc/>
    public Task<SecretObservation> ObserveSecretAsync(SecretReference reference, CancellationToken cancellation) =>
        _secrets.AskAsync(reference.ToString(), () => inner.ObserveSecretAsync(reference, cancellation));

    /// <inheritdoc/>
    public Task<TlsaObservation> ObserveTlsaAsync(string name, CancellationToken cancellation) =>
        _tlsa.AskAsync(name, () => inner.ObserveTlsaAsync(name, cancellation));

    /// <inheritdoc/>
    public Task<LabelObservation> ObserveLabelAsync(LabelQuestion question, CancellationToken cancellation) =>
        _labels.AskAsync(question.Path, () => inner.ObserveLabelAsync(question, cancellation));

    /// <inheritdoc/>
    public Task<PortObservation> ObservePortLabelAsync(int port, string domain, CancellationToken cancellation) =>
        _portLabels.AskAsync(Recording.KeyOf(port, domain), () => inner.ObservePortLabelAsync(port, domain, cancellation));

    private sealed class Answers<T>
    {
        private readonly ConcurrentDictionary<string, Lazy<Task<T>>> _asked = new(StringComparer.Ordinal);

        internal ImmutableSortedDictionary<string, T> Given => _asked
            .Where(a => a.Value.IsValueCreated && a.Value.Value.IsCompletedSuccessfully)
            .ToImmutableSortedDictionary(a => a.Key, a => a.Value.Value.Result, StringComparer.Ordinal);

        internal Task<T> AskAsync(string question, Func<Task<T>> ask) =>
            _asked.GetOrAdd(question, _ => new Lazy<Task<T>>(ask)).Value;
    }
}
