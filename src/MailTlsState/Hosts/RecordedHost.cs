using MailTlsState.Diagnostics;
using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Manifests;
using MailTlsState.Probing;
using MailTlsState.Probing.Scan;

namespace MailTlsState.Hosts;

/// <summary>
/// Answers from a recording, on any machine. Its clock stands still at the time of the recording. A question that
/// was not recorded ends the command with MTS0214.
/// </summary>
public sealed class RecordedHost(Recording recording) : IHost
{
    /// <inheritdoc/>
    public TimeProvider Clock { get; } = new StoppedClock(recording.Time);

    /// <inheritdoc/>
    public Task<HostFacts> ObserveHostAsync(CancellationToken cancellation) =>
        Answer(recording.Host, "facts about the host");

    /// <inheritdoc/>
    public Task<FileObservation> ObserveFileAsync(string path, CancellationToken cancellation) =>
        Answer(recording.Files.GetValueOrDefault(path), $"what is {path}");

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ListDirectoryAsync(string path, CancellationToken cancellation) =>
        Answer(recording.Directories.GetValueOrDefault(path), $"the names in {path}");

    /// <inheritdoc/>
    public Task<ProcessResult> RunAsync(ProcessCall call, CancellationToken cancellation) =>
        Answer(recording.Runs.GetValueOrDefault(Recording.KeyOf(call))?.Result, call.ToString());

    /// <inheritdoc/>
    public Task<IReadOnlyList<Listener>> ObserveListenersAsync(CancellationToken cancellation) =>
        Answer(recording.Listeners, "the sockets that listen");

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServingProcess>> ObserveServingAsync(CancellationToken cancellation) =>
        Task.FromResult(recording.Serving ?? []);

    /// <inheritdoc/>
    public Task<ProbeResult> ProbeAsync(ProbeRequest request, CancellationToken cancellation) =>
        Answer(recording.Probes.GetValueOrDefault(Recording.KeyOf(request)), $"a probe of {request.Address} port {request.Port} for {request.ServerName}");

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellation) =>
        Answer<IReadOnlyList<string>>(null, $"the addresses of {name}");

    /// <inheritdoc/>
    public async Task<TlsScan?> ScanAsync(ProbeRequest request, ProbeResult probe, CancellationToken deadline) =>
        await Answer<TlsScan>(null, $"a scan of {request.Address} port {request.Port}").ConfigureAwait(false);

    /// <inheritdoc/>
    public bool IsOwnAddress(string address) => System.Net.IPAddress.IsLoopback(System.Net.IPAddress.Parse(address));

    /// <inheritdoc/>
    public Task<SecretObservation> ObserveSecretAsync(SecretReference reference, CancellationToken cancellation) =>
        Answer(recording.Secrets.GetValueOrDefault(reference.ToString()), $"whether {reference} can be had");

    /// <inheritdoc/>
    public Task<TlsaObservation> ObserveTlsaAsync(string name, CancellationToken cancellation) =>
        Task.FromResult(recording.Tlsa.GetValueOrDefault(name) ?? new TlsaObservation(name, [], "the observation does not have them"));

    /// <inheritdoc/>
    public Task<LabelObservation> ObserveLabelAsync(LabelQuestion question, CancellationToken cancellation) =>
        Answer(recording.Labels.GetValueOrDefault(question.Path), $"the label of {question.Path}");

    /// <inheritdoc/>
    public Task<PortObservation> ObservePortLabelAsync(int port, string domain, CancellationToken cancellation) =>
        Task.FromResult(recording.PortLabels.GetValueOrDefault(Recording.KeyOf(port, domain)) ?? new PortObservation(port, domain, null, null));

    private static Task<T> Answer<T>(T? answer, string question)
        where T : class =>
        answer is null
            ? Task.FromException<T>(new MailTlsException(HostDiagnostics.NotRecorded(question)))
            : Task.FromResult(answer);

    private sealed class StoppedClock(DateTimeOffset time) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => time;
    }
}
