using MailTlsState.Manifests;
using MailTlsState.Planning;

namespace MailTlsState.Execution;

/// <summary>How far an apply got. The order is the order of time.</summary>
public enum JournalState
{
    /// <summary>Temporary files are being written; nothing that a daemon reads has changed.</summary>
    Staging,

    /// <summary>The rehearsal was passed and before-images exist; from here on files may have changed.</summary>
    Intent,

    /// <summary>Every file is in its new state.</summary>
    Committed,

    /// <summary>Every service was told to use them.</summary>
    Activated,

    /// <summary>The new state was seen by handshake.</summary>
    Verified,

    /// <summary>The old files are back, and every service serves them again, as far as it can.</summary>
    RolledBack,

    /// <summary>The old files are back; that the services serve them is still to be seen. Comes before <see cref="RolledBack"/> in time.</summary>
    VerifyLater,
}

/// <summary>One activation of a service, as written down.</summary>
/// <param name="Service">Which.</param>
/// <param name="Activation">How.</param>
public sealed record JournalActivation(ServiceKind Service, Activation Activation);

/// <summary>What one endpoint served before, so that a roll-back can be proven.</summary>
/// <param name="Service">The service.</param>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Address">IP address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Outcome">How far a probe got.</param>
/// <param name="Leaf">Digest of the leaf that it served, or null; where both kinds of key were asked for, of each: see <see cref="ServedLeaves"/>.</param>
public sealed record JournalEndpoint(ServiceKind Service, EndpointKind Endpoint, string Address, int Port, Probing.ProbeOutcome Outcome, string? Leaf)
{
    /// <summary>True when TLS was spoken from the first byte.</summary>
    public bool Implicit { get; init; } = Endpoint.IsImplicit();

    /// <summary>The version and suite of the handshake; null without one.</summary>
    public string? Session { get; init; }

    /// <summary>What became of the old versions that were offered, such as <c>Tls10 Refused, Tls11 Refused</c>; empty when none was.</summary>
    public string Offers { get; init; } = "";

    /// <summary>The versions of <see cref="Offers"/>.</summary>
    public IReadOnlyList<Policies.TlsVersion> Offered =>
        [.. Offers.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(o => Enum.Parse<Policies.TlsVersion>(o[..o.IndexOf(' ')]))];

    /// <summary>What was seen of a listener.</summary>
    public static JournalEndpoint Of(ServedEndpoint served) => new(
        served.Service,
        served.Endpoint,
        served.Probe.Request.Address,
        served.Probe.Request.Port,
        served.Probe.Outcome,
        ServedLeaves.Of(served.Probe))
    {
        Implicit = served.Probe.Request.Implicit,
        Session = served.Probe.Version is { } version ? $"{version} {served.Probe.Suite}" : null,
        Offers = string.Join(", ", served.Probe.Offers.Where(o => o.Value != Probing.OfferOutcome.NotTested).OrderBy(o => o.Key).Select(o => $"{o.Key} {o.Value}")),
    };

    /// <summary>A place where the service did not listen.</summary>
    public static JournalEndpoint Silent(EndpointTarget target) =>
        new(target.Service, target.Endpoint, target.Address, target.Port, Probing.ProbeOutcome.NotConnected, null);

    /// <summary>In words: how far a probe got, and with which leaf.</summary>
    public string Describe() => Leaf is null ? Outcome.ToString() : $"{Outcome} with leaf {Leaf}";

    /// <summary>In words: what the policy shows.</summary>
    public string DescribePolicy() => Offers.Length == 0 ? Session ?? "no session" : $"{Session ?? "no session"} ({Offers})";
}

/// <summary>Everything that a later run needs to finish or undo an apply.</summary>
/// <param name="Id">Identifies the run; part of every temporary name.</param>
/// <param name="Started">When it began.</param>
/// <param name="Command">The command line.</param>
/// <param name="Host">The manifest's host: the SNI name of the probes.</param>
/// <param name="ManifestDigest">Digest of the manifest.</param>
/// <param name="Steps">In the order of the commit.</param>
/// <param name="Activations">In the order in which they follow.</param>
/// <param name="Before">What every endpoint served before.</param>
public sealed record JournalEntry(
    string Id,
    DateTimeOffset Started,
    string Command,
    string Host,
    string ManifestDigest,
    IReadOnlyList<Step> Steps,
    IReadOnlyList<JournalActivation> Activations,
    IReadOnlyList<JournalEndpoint> Before)
{
    /// <summary>Identifies the boot in which it ran (<c>/proc/sys/kernel/random/boot_id</c>), or empty: daemons of another boot read their files since.</summary>
    public string Boot { get; init; } = "";

    /// <summary>Digests of the leaves on disk before, which a daemon that had not loaded them serves after a roll-back.</summary>
    public IReadOnlyList<string> LeavesOnDisk { get; init; } = [];

    /// <summary>
    /// Files of certificates that the configuration named before and this run does not write: what their keeper puts there meanwhile is what is served after a
    /// roll-back. Empty in the journal of an early version.
    /// </summary>
    public IReadOnlyList<string> CertificateFiles { get; init; } = [];

    /// <summary>What history and roll-back need, or null in the journal of an early version.</summary>
    public History.ApplyRecord? Record { get; init; }
}
