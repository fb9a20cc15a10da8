using MailTlsState.Diagnostics;
using MailTlsState.Manifests;

namespace MailTlsState.Verification;

/// <summary>What a finding means for an apply.</summary>
public enum FindingClass
{
    /// <summary>An apply that brought it rolls back.</summary>
    Activation,

    /// <summary>It is told, and no more.</summary>
    Report,
}

/// <summary>How much a finding weighs.</summary>
public enum FindingSeverity
{
    /// <summary><c>verify</c> exits with 2.</summary>
    Failure,

    /// <summary>The administrator should act.</summary>
    Warning,

    /// <summary>A fact worth knowing.</summary>
    Information,
}

/// <summary>The listener that a finding is about.</summary>
/// <param name="Service">Its service.</param>
/// <param name="Kind">Which endpoint it is.</param>
/// <param name="Address">IP address that was asked.</param>
/// <param name="Port">TCP port.</param>
public sealed record FindingEndpoint(ServiceKind Service, EndpointKind Kind, string Address, int Port)
{
    /// <summary>For example <c>postfix smtp 127.0.0.1:25</c>.</summary>
    public override string ToString() =>
        $"{Service.Name()} {Kind.Name()} {(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{Port}";
}

/// <summary>One verified fact about an endpoint that is not as it should be.</summary>
/// <param name="Code">The kind.</param>
/// <param name="Class">What it means for an apply.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Endpoint">Where.</param>
/// <param name="Expected">What should be.</param>
/// <param name="Observed">What is.</param>
/// <param name="Rule">The rule that it is measured by: a section of an RFC, or the manifest.</param>
/// <param name="Remedy">What to do.</param>
public sealed record Finding(
    DiagnosticCode Code,
    FindingClass Class,
    FindingSeverity Severity,
    FindingEndpoint Endpoint,
    string Expected,
    string Observed,
    string Rule,
    string Remedy)
{
    /// <summary>In a few words, for a sentence: <c>dovecot imaps 127.0.0.1:993: no answer where a completed TLS handshake was expected</c>.</summary>
    public string Words => $"{Endpoint}: {Observed} where {Expected} was expected";
}
