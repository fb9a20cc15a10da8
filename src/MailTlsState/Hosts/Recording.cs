using System.Collections.Immutable;
using MailTlsState.Hosts.Dns;
using MailTlsState.Hosts.SeLinux;
using MailTlsState.Probing;

namespace MailTlsState.Hosts;

/// <summary>
/// The answers that a host gave: enough to make the same plan on another machine. Redacted at the source like every
/// observation, so it holds no secret; it does hold the text of configuration files and certificates.
/// </summary>
/// <param name="Time">The host's clock when it was recorded.</param>
public sealed record Recording(DateTimeOffset Time)
{
    /// <summary>Facts about the host, or null when nobody asked.</summary>
    public HostFacts? Host { get; init; }

    /// <summary>Files by path.</summary>
    public ImmutableSortedDictionary<string, FileObservation> Files { get; init; } =
        ImmutableSortedDictionary.Create<string, FileObservation>(StringComparer.Ordinal);

    /// <summary>Names in directories by path.</summary>
    public ImmutableSortedDictionary<string, IReadOnlyList<string>> Directories { get; init; } =
        ImmutableSortedDictionary.Create<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>Runs of programs by <see cref="KeyOf(ProcessCall)"/>.</summary>
    public ImmutableSortedDictionary<string, RecordedRun> Runs { get; init; } =
        ImmutableSortedDictionary.Create<string, RecordedRun>(StringComparer.Ordinal);

    /// <summary>Listening sockets, or null when nobody asked.</summary>
    public IReadOnlyList<Listener>? Listeners { get; init; }

    /// <summary>Processes that serve ports, or null when nobody asked.</summary>
    public IReadOnlyList<ServingProcess>? Serving { get; init; }

    /// <summary>Probes by <see cref="KeyOf(ProbeRequest)"/>.</summary>
    public ImmutableSortedDictionary<string, ProbeResult> Probes { get; init; } =
        ImmutableSortedDictionary.Create<string, ProbeResult>(StringComparer.Ordinal);

    /// <summary>Secrets (whether they can be had) by their reference's text.</summary>
    public ImmutableSortedDictionary<string, SecretObservation> Secrets { get; init; } =
        ImmutableSortedDictionary.Create<string, SecretObservation>(StringComparer.Ordinal);

    /// <summary>TLSA records by the name that was asked for.</summary>
    public ImmutableSortedDictionary<string, TlsaObservation> Tlsa { get; init; } =
        ImmutableSortedDictionary.Create<string, TlsaObservation>(StringComparer.Ordinal);

    /// <summary>SELinux labels by path.</summary>
    public ImmutableSortedDictionary<string, LabelObservation> Labels { get; init; } =
        ImmutableSortedDictionary.Create<string, LabelObservation>(StringComparer.Ordinal);

    /// <summary>SELinux's answers about ports by <see cref="KeyOf(int, string)"/>.</summary>
    public ImmutableSortedDictionary<string, PortObservation> PortLabels { get; init; } =
        ImmutableSortedDictionary.Create<string, PortObservation>(StringComparer.Ordinal);

    /// <summary>Port and domain.</summary>
    public static string KeyOf(int port, string domain) => $"{port} {domain}";

    /// <summary>Program and arguments; a time limit is no part of the question.</summary>
    public static string KeyOf(ProcessCall call) => string.Join('\0', [call.Program, .. call.Arguments]);

    /// <summary>Every field of the request.</summary>
    public static string KeyOf(ProbeRequest request) => string.Join(
        ' ',
        [
            request.Protocol.ToString(), request.Implicit ? "implicit" : "starttls", request.Address, $"{request.Port}", request.ServerName,
            request.SourceAddress ?? "-", .. request.Offers.Select(o => o.ToString()),
        ]);
}

/// <summary>One run and how it ended.</summary>
public sealed record RecordedRun(ProcessCall Call, ProcessResult Result);
